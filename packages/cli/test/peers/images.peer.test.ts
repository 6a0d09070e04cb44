import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  findGuestCompilers,
  findProgram,
  runCrane,
  skipReason,
  startCraneRegistry,
  startDockerRegistry,
  workloadKit,
} from "@wherry/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sharedCluster } from "../pods/shared-cluster.ts";
import { runWherry } from "../run-wherry.ts";

const cluster = sharedCluster();
const crane = findProgram("WHERRY_CRANE", "crane");
const dockerRegistry = findProgram("WHERRY_DOCKER_REGISTRY", "docker-registry");
const noCrane = skipReason("images made by crane", crane === undefined ? "no crane (WHERRY_CRANE or PATH)" : undefined);
const noDockerRegistry = skipReason(
  "docker-registry",
  dockerRegistry === undefined ? "no docker-registry (WHERRY_DOCKER_REGISTRY or PATH)" : undefined,
);

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "wherry-images-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** An OCI image with a file system of the files given, made by crane alone. */
async function craneImage(
  image: string,
  files: Readonly<Record<string, string>>,
  ...mutations: string[]
): Promise<void> {
  const layer = join(mkdtempSync(join(directory, "layer-")), "layer.tar");
  const entries = Object.entries(files).flatMap(([name, source]) => {
    execFileSync("sh", [
      "-c",
      'mkdir -p "$(dirname "$1")" && cp "$2" "$1"',
      "sh",
      join(directory, "root", name),
      source,
    ]);
    return [name];
  });
  execFileSync("tar", ["-cf", layer, "-C", join(directory, "root"), ...entries]);
  await runCrane(crane!, "append", "--oci-empty-base", "-f", layer, "-t", image);
  await runCrane(crane!, "mutate", image, "-t", image, ...mutations);
}

describe.skipIf(noCrane !== undefined)("images that other tools make", () => {
  describe.each([
    ["crane registry serve", undefined, () => startCraneRegistry(crane!)],
    ["docker-registry", noDockerRegistry, () => startDockerRegistry(dockerRegistry!)],
  ] as const)("in %s", (name, missing, start) => {
    test.skipIf(missing !== undefined)(
      "an image with a .wasm entry point runs as a pod, with its own files and settings",
      async () => {
        await using registry = await start();
        const id = name.replaceAll(" ", "-");
        for (const platform of ["wasi/wasm", "wasip1/wasm"]) {
          const podName = `${id}-${platform.replace("/", "-")}`;
          const image = `${registry.host}/team/app:${platform.replace("/", "-")}`;
          const files = { "bin/app.wasm": await workloadKit(), "etc/motd": manifestPath };
          const settings = ["--entrypoint", "/bin/app.wasm", "--cmd", "cat,/etc/motd", "--env", "GREETING=hello"];
          await craneImage(image, files, ...settings, "--set-platform", platform);
          await cluster().createPod(podName, { image });
          await cluster().createPod(`${podName}-args`, { image, args: ["env", "GREETING", "arguments"] });
          const pod = await cluster().observer.untilPhase(podName, "Succeeded");
          expect(await cluster().log(podName)).toBe(await readFile(manifestPath, "utf8"));
          expect(pod.status?.containerStatuses?.[0]?.imageID).toContain(
            (await runCrane(crane!, "digest", image)).trim(),
          );
          await cluster().observer.untilPhase(`${podName}-args`, "Succeeded");
          expect(await cluster().log(`${podName}-args`)).toBe("hello\n/bin/app.wasm\nenv\nGREETING\narguments\n");
        }
      },
    );

    test.skipIf(missing !== undefined)("wherry push and crane agree on an artifact, and it runs", async () => {
      await using registry = await start();
      const image = `${registry.host}/pushed:v1`;
      expect(await runWherry(["push", await workloadKit(), image])).toMatchObject({ code: 0 });
      await runCrane(crane!, "validate", "--remote", image);
      const podName = `pushed-${name.replaceAll(" ", "-")}`;
      await cluster().createPod(podName, { image, args: ["print", "ran"] });
      await cluster().observer.untilPhase(podName, "Succeeded");
      expect(await cluster().log(podName)).toBe("ran\n");
    });
  });
});

const manifestPath = join(import.meta.dirname, "../../../../examples/hello/pod.yaml");

const sources = { c: "posix.c", rust: "std.rs", go: "go" } as const;
const compilers = findGuestCompilers();

describe.each(["c", "rust", "go"] as const)("a guest in %s", (language) => {
  const compiler = compilers[language];
  const missing = skipReason(`pods in ${compiler.language}`, compiler.missing);
  test.skipIf(missing !== undefined)("finds files, clocks, environment and input as a pod", async () => {
    const output = join(directory, `${language}.wasm`);
    compiler.compile(join(import.meta.dirname, "../../../wasi/test/guests", sources[language]), output);
    const image = cluster().addModule(`guest-${language}`, await readFile(output));
    const name = `guest-${language}`;
    await cluster().createPod(
      name,
      {
        image,
        args: ["first"],
        env: [{ name: "GREETING", value: "hello" }],
        volumeMounts: [{ name: "data", mountPath: "/data" }],
      },
      { volumes: [{ name: "data", emptyDir: {} }] },
    );
    const pod = await cluster().observer.untilPhase(name, "Failed");
    const log = await cluster().log(name);
    expect(log).toMatch(/first hello$/m);
    expect(log).toContain("to stderr");
    expect(log).not.toContain("unexpected");
    expect(pod.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 42, reason: "Error" });
  });
});
