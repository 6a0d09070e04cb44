// Compares every package's declared dependencies, tsconfig references and actual imports with the layer table.
import { globSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { layers } from "./layers.ts";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const root = join(import.meta.dirname, "..");
const problems: string[] = [];
const read = <T>(path: string): T => JSON.parse(readFileSync(join(root, path), "utf8")) as T;
const version = read<Manifest>("package.json").version;

for (const directory of globSync("packages/*", { cwd: root })) {
  const name = directory.slice("packages/".length);
  const allowed = layers[name];
  if (allowed === undefined) {
    problems.push(`Package "${name}" is not in the layer table of scripts/layers.ts`);
    continue;
  }
  const manifest = read<Manifest>(`${directory}/package.json`);
  if (manifest.version !== version)
    problems.push(`${directory}: version is "${manifest.version}", expected the lockstep version "${version}"`);
  checkDependencies(name, manifest, allowed);
  checkReferences(name, manifest);
  checkImports(name, directory, manifest);
}

function checkDependencies(name: string, manifest: Manifest, allowed: readonly string[]): void {
  for (const [dependency, range] of Object.entries(manifest.dependencies ?? {})) {
    if (!/^\d+\.\d+\.\d+$/.test(range))
      problems.push(`packages/${name}: "${dependency}" is "${range}", expected an exact version`);
    const sibling = siblingName(dependency);
    if (sibling !== undefined && !allowed.includes(sibling))
      problems.push(`packages/${name} may not depend on "${sibling}" (scripts/layers.ts)`);
  }
}

function checkReferences(name: string, manifest: Manifest): void {
  const references = read<{ references: { path: string }[] }>(`packages/${name}/tsconfig.json`)
    .references.map((entry) => entry.path.slice(3))
    .sort();
  const declared = Object.keys(manifest.dependencies ?? {})
    .flatMap((dependency) => siblingName(dependency) ?? [])
    .sort();
  if (references.join() !== declared.join())
    problems.push(`packages/${name}: tsconfig references "${references}" differ from dependencies "${declared}"`);
}

function checkImports(name: string, directory: string, manifest: Manifest): void {
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies };
  for (const file of globSync(`${directory}/src/**/*.ts`, { cwd: root, exclude: ["**/gen/**"] })) {
    const text = readFileSync(join(root, file), "utf8");
    for (const [, specifier = ""] of text.matchAll(/(?:from|import)\s*\(?\s*"([@a-z][\w@/.:-]*)"/g)) {
      if (specifier.startsWith("node:") || builtinModules.includes(specifier) || specifier.startsWith("#")) continue;
      const dependency = specifier
        .split("/")
        .slice(0, specifier.startsWith("@") ? 2 : 1)
        .join("/");
      if (declared[dependency] === undefined && dependency !== manifest.name)
        problems.push(`${file} imports "${dependency}", which packages/${name} does not declare`);
    }
  }
}

function siblingName(dependency: string): string | undefined {
  return dependency.startsWith("@wherry/") ? dependency.slice("@wherry/".length) : undefined;
}

for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? "layers: as planned" : `layers: ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
