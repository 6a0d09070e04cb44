import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { createClient, loadClusterConfig, resources } from "@wherry/client";
import { KubernetesObserver, LoggedProcess, startEmbeddedControlPlane } from "@wherry/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { layers } from "../../../../scripts/layers.ts";

const root = join(import.meta.dirname, "../../../..");
const pinnedNode = dirname(process.execPath);

/** The user's own npm, not the one beside the Node that runs the tests. */
const path = (process.env["PATH"] ?? "").split(delimiter).filter((directory) => directory !== pinnedNode);
const run = (command: string, args: readonly string[], cwd: string) =>
  promisify(execFile)(command, args, { cwd, env: { ...process.env, PATH: path.join(delimiter) } });

interface PackedPackage {
  readonly name: string;
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** The libraries as somebody gets them who writes a provider: packed, and installed into an empty project elsewhere. */
describe("the library packages", () => {
  let directory: string;
  let project: string;
  const packed: PackedPackage[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "wherry-libraries-"));
    project = join(directory, "project");
    const tarballs = join(directory, "tarballs");
    for (const path of [project, tarballs]) await mkdir(path);
    const pack = async (names: readonly string[], ...flags: readonly string[]) => {
      const workspaces = names.map((name) => `--workspace=packages/${name}`);
      const args = ["pack", "--silent", "--json", `--pack-destination=${tarballs}`, ...flags, ...workspaces];
      packed.push(...Object.values(JSON.parse((await run("npm", args, root)).stdout) as Record<string, PackedPackage>));
    };
    // The first has all of them built; the others would only look again.
    await pack(["kubelet"]);
    await pack(
      Object.keys(layers).filter((name) => name !== "kubelet" && name !== "cli"),
      "--ignore-scripts",
    );
    const { devDependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
      devDependencies: Record<string, string>;
    };
    const others = ["@types/node", "vitest"].map((name) => `${name}@${devDependencies[name]}`);
    const packages = [...packed.map(({ filename }) => join(tarballs, filename)), ...others];
    await writeFile(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
    await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", ...packages], project);

    await writeFile(join(project, "tsconfig.json"), await block("docs/write-a-provider.md", "json", "compilerOptions"));
    const suite = join(import.meta.dirname, "library-project/smallest-provider.ts");
    await copyFile(suite, join(project, "smallest-provider.test.ts"));
    const lamps = await block("packages/kubelet/README.md", "ts", "createKubelet");
    await writeFile(join(project, "lamps.ts"), lamps.replaceAll("/tmp/lamps", join(directory, "lamps")));
    for (const name of ["client", "content", "distribution", "machine", "rpc", "runtime", "wasi"])
      await writeFile(join(project, `${name}.ts`), await block(`packages/${name}/README.md`, "ts", "import"));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test("hold what was built of their sources, and nothing else", () => {
    expect(packed).toHaveLength(Object.keys(layers).length - 1);
    for (const { name, files } of packed) {
      const paths = files.map(({ path }) => path);
      expect(paths, name).toEqual(expect.arrayContaining(["dist/index.js", "dist/index.d.ts", "LICENSE"]));
      for (const path of paths) expect(path, name).toMatch(/^(dist\/.+\.(js|d\.ts)|package\.json|LICENSE|README\.md)$/);
    }
  });

  test("their declarations and READMEs pass the compiler's strictest look, with the guide's settings", async () => {
    const settings = await readFile(join(project, "tsconfig.json"), "utf8");
    expect(settings).toContain('"strict": true');
    expect(settings).not.toContain("skipLibCheck");
    await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", project], project);
  });

  test("a node whose pods are lamps runs, from the README of @wherry/kubelet", async () => {
    await using plane = await startEmbeddedControlPlane({ directory, nodeNames: [] });
    const source = await readFile(join(project, "lamps.ts"), "utf8");
    await writeFile(join(project, "lamps.ts"), source.replace("admin.kubeconfig", plane.adminKubeconfig));
    const client = createClient(await loadClusterConfig({ paths: [plane.adminKubeconfig] }));
    const observer = new KubernetesObserver(client, "default");
    const stop = new AbortController();
    const observing = observer.run(stop.signal);
    {
      await using _node = await LoggedProcess.start({
        name: "lamps",
        command: process.execPath,
        args: [join(project, "lamps.ts")],
        logPath: join(directory, "lamps.log"),
      });
      await observer.untilNode("lamps-1", "registered", () => true);
      const containers = [{ name: "main", image: "lamp" }];
      const metadata = { name: "lit", namespace: "default" };
      const spec = { nodeName: "lamps-1", automountServiceAccountToken: false, containers };
      await client.create(resources.pods, { metadata, spec });
      await observer.untilPhase("lit", "Running");
      await client.delete(resources.pods, "lit", { namespace: "default" });
      await observer.untilGone("lit");
    }
    stop.abort();
    await observing;
    await client.close();
  });

  test("the compliance suite runs there, and skips what a provider leaves out", async () => {
    const report = join(directory, "report.json");
    const vitest = join(project, "node_modules/vitest/vitest.mjs");
    const args = [vitest, "run", "--reporter=json", `--outputFile=${report}`, "--testNamePattern=machine|logs"];
    await run(process.execPath, args, project);
    const { testResults } = JSON.parse(await readFile(report, "utf8")) as {
      testResults: { assertionResults: { title: string; status: string; ancestorTitles: string[] }[] }[];
    };
    const results = testResults.flatMap(({ assertionResults }) => assertionResults);
    const titles = (suite: string, status: string) =>
      results.filter((one) => one.ancestorTitles.at(-1) === suite && one.status === status).map(({ title }) => title);
    expect(titles("machine", "passed")).toHaveLength(3);
    expect(titles("logs", "passed")).toEqual(["logs of unknown containers and pods are refused"]);
    expect(results.filter(({ status }) => status === "failed")).toEqual([]);
  });
});

/** The block of a document that is written in a language and contains a word. */
async function block(document: string, language: string, word: string): Promise<string> {
  const text = await readFile(join(root, document), "utf8");
  for (const [, code = ""] of text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms")))
    if (code.includes(word)) return code;
  throw new Error(`Cannot find a block of ${language} with "${word}" in ${document}`);
}
