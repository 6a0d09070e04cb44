// Adds the packages of other platforms that npm left out of package-lock.json. A registry that serves one platform only makes npm
// forget the others, and `npm ci` then refuses the lockfile everywhere. Run it after `npm install` changed the lockfile.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface LockedPackage {
  readonly version?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

const path = join(import.meta.dirname, "../package-lock.json");
const lock = JSON.parse(readFileSync(path, "utf8")) as { packages: Record<string, LockedPackage> };
const systems = ["android", "darwin", "freebsd", "linux", "win32", "openharmony", "sunos", "aix", "netbsd", "openbsd"];
const processors = ["x64", "arm64", "arm", "ia32", "ppc64", "s390x", "riscv64", "loong64", "mips64el", "wasm32"];

let added = 0;
for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] !== undefined) continue;
    // A range cannot be locked without its registry; only exact pins name one version.
    if (!/^\d+\.\d+\.\d+/.test(version))
      throw new Error(`Cannot lock optional package "${name}": its version is "${version}", expected an exact one`);
    lock.packages[key] = { version, ...(isDevelopment(entry) && { dev: true }), optional: true, ...platform(name) };
    added++;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`lockfile: ${added} packages of other platforms added`);

function isDevelopment(entry: LockedPackage): boolean {
  return entry["dev"] === true || entry["devOptional"] === true;
}

/** `os`, `cpu` and `libc` as the package's name spells them, so that npm skips it elsewhere. */
function platform(name: string): Record<string, string[]> {
  const words = name.split("/").at(-1)?.split(/[-_.]/) ?? [];
  const os = systems.filter((system) => words.includes(system));
  const cpu = processors.filter(
    (processor) => words.includes(processor) || (processor === "arm" && words.some((word) => /^arm(v\d|$)/.test(word))),
  );
  const libc = words.includes("musl") ? ["musl"] : words.includes("gnu") ? ["glibc"] : [];
  return { ...(os.length > 0 && { os }), ...(cpu.length > 0 && { cpu }), ...(libc.length > 0 && { libc }) };
}
