import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createDistributionClient } from "@wherry/distribution";
import { describe, expect, test } from "vitest";
import {
  findProgram,
  type RunningRegistry,
  runCrane,
  startCraneRegistry,
  startDockerRegistry,
} from "../../testkit/src/registries/peer-registries.ts";
import { openContentStore, pullImage, pushModule, resolveModuleImage, resolveVolumeImage } from "../src/index.ts";
import { tarOf } from "./tar-builder.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { componentWith, moduleOfSize } from "./wasm-binaries.ts";

const crane = findProgram("WHERRY_CRANE", "crane");
const dockerRegistry = findProgram("WHERRY_DOCKER_REGISTRY", "docker-registry");
if (crane === undefined) console.log("skipped: no crane (WHERRY_CRANE or PATH)");
if (dockerRegistry === undefined) console.log("skipped: no docker-registry (WHERRY_DOCKER_REGISTRY or PATH)");

const registries: readonly [string, (() => Promise<RunningRegistry>) | undefined][] = [
  ["crane registry", crane === undefined ? undefined : () => startCraneRegistry(crane)],
  [
    "docker-registry",
    crane === undefined || dockerRegistry === undefined ? undefined : () => startDockerRegistry(dockerRegistry),
  ],
];

describe.each(registries)("%s", (_name, start) => {
  const peerTest = test.skipIf(start === undefined || crane === undefined);

  peerTest("pullImage() and resolveModuleImage() take an image that crane put together", async () => {
    await using registry = await start!();
    using directory = temporaryDirectory();
    const module = moduleOfSize(100_000, 1);
    const image = `${registry.host}/team/hello:1`;
    await appendImage(directory.path, image, { "app/hello.wasm": module, "etc/motd": Buffer.from("hi\n") }, [
      ["--entrypoint", "/app/hello.wasm"],
      ["--cmd", "one,two"],
      ["--env", "GREETING=hello"],
      ["--workdir", "/app"],
      ["--set-platform", "wasip1/wasm"],
    ]);
    await using client = createDistributionClient();
    await using store = await openContentStore({ directory: join(directory.path, "store") });
    const pulled = await pullImage(store, client, image);
    expect(pulled.digest).toBe((await runCrane(crane!, "digest", image)).trim());
    const resolved = await resolveModuleImage(store, pulled.digest);
    expect(resolved.form).toBe("file-system");
    expect(resolved.config).toMatchObject({ cmd: ["one", "two"], workingDir: "/app", env: { GREETING: "hello" } });
    expect(readFileSync(resolved.module.path)).toEqual(module);
    expect(readFileSync(join(resolved.rootfs ?? "", "etc/motd"), "utf8")).toBe("hi\n");
    expect((await resolveVolumeImage(store, pulled.digest)).directory).toBe(resolved.rootfs);
  });

  peerTest("pullImage() chooses WebAssembly from an index that crane made", async () => {
    await using registry = await start!();
    using directory = temporaryDirectory();
    const linux = `${registry.host}/team/multi:linux`;
    const wasm = `${registry.host}/team/multi:wasm`;
    const index = `${registry.host}/team/multi:1`;
    await appendImage(directory.path, linux, { "bin/sh": Buffer.from("\x7fELF") }, [
      ["--entrypoint", "/bin/sh"],
      ["--set-platform", "linux/amd64"],
    ]);
    await appendImage(directory.path, wasm, { "hello.wasm": moduleOfSize(10) }, [
      ["--entrypoint", "hello.wasm"],
      ["--set-platform", "wasi/wasm"],
    ]);
    await runCrane(crane!, "index", "append", "--manifest", linux, "--manifest", wasm, "-t", index);
    await using client = createDistributionClient();
    await using store = await openContentStore({ directory: join(directory.path, "store") });
    const pulled = await pullImage(store, client, index);
    expect(pulled.manifestDigest).toBe((await runCrane(crane!, "digest", wasm)).trim());
    expect(pulled.digest).not.toBe(pulled.manifestDigest);
    expect((await resolveModuleImage(store, pulled.digest)).module.kind).toBe("module");
  });

  peerTest("pushModule() makes an artifact that crane validates and pulls", async () => {
    await using registry = await start!();
    using directory = temporaryDirectory();
    const image = `${registry.host}/team/component:2`;
    const component = componentWith(["wasi:cli/environment@0.2.0"], ["wasi:cli/run@0.2.0"]);
    const file = join(directory.path, "app.wasm");
    writeFileSync(file, component);
    await using client = createDistributionClient();
    const pushed = await pushModule(client, image, file, { author: "someone" });
    const manifest = JSON.parse(await runCrane(crane!, "manifest", image)) as { config: { mediaType: string } };
    expect(manifest.config.mediaType).toBe("application/vnd.wasm.config.v0+json");
    expect((await runCrane(crane!, "digest", image)).trim()).toBe(pushed.manifest.digest);
    expect(JSON.parse(await runCrane(crane!, "config", image))).toMatchObject({
      architecture: "wasm",
      os: "wasip2",
      layerDigests: [pushed.layer.digest],
      component: { imports: ["wasi:cli/environment@0.2.0"], exports: ["wasi:cli/run@0.2.0"] },
    });
    const blob = await runCrane(crane!, "blob", `${registry.host}/team/component@${pushed.layer.digest}`);
    expect(Buffer.byteLength(blob, "latin1")).toBeGreaterThan(0);
    await runCrane(crane!, "pull", "--format", "oci", image, join(directory.path, "layout"));
    const layerFile = join(directory.path, "layout/blobs/sha256", pushed.layer.digest.slice(7));
    expect(readFileSync(layerFile)).toEqual(component);
    await using store = await openContentStore({ directory: join(directory.path, "store") });
    const pulled = await pullImage(store, client, image);
    const resolved = await resolveModuleImage(store, pulled.digest);
    expect(resolved).toMatchObject({ form: "wasm-artifact", module: { kind: "component", name: "app.wasm" } });
  });

  peerTest("listTags() agrees with crane", async () => {
    await using registry = await start!();
    await using client = createDistributionClient();
    for (const tag of ["a", "b", "c"]) await pushModule(client, `${registry.host}/team/tags:${tag}`, moduleOfSize(3));
    const tags = await client.repository(`${registry.host}/team/tags`).listTags();
    expect(tags).toEqual((await runCrane(crane!, "ls", `${registry.host}/team/tags`)).trim().split("\n"));
  });
});

async function appendImage(
  directory: string,
  image: string,
  files: Readonly<Record<string, Buffer>>,
  mutations: readonly (readonly [string, string])[],
): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const layer = join(directory, "layer.tar");
  writeFileSync(layer, tarOf(Object.entries(files).map(([path, content]) => ({ path, content }))));
  await runCrane(crane!, "append", "--oci-empty-base", "-f", layer, "-t", image);
  await runCrane(crane!, "mutate", image, "-t", image, ...mutations.flat());
}
