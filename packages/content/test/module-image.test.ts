import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf, ociManifestType } from "@wherry/distribution";
import { describe, expect, test } from "vitest";
import {
  openContentStore,
  resolveModuleImage,
  wasmConfigV0Type,
  wasmConfigV1Type,
  wasmContentLayerType,
  wasmLayerType,
} from "../src/index.ts";
import { type ImageInput, storeImage, storeIndex, tarLayer, unpacker } from "./stored-images.ts";
import { paxHeader, paxRecord, tarEntry } from "./tar-builder.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { componentWith, moduleOfSize } from "./wasm-binaries.ts";

const module = moduleOfSize(1000);
const component = componentWith([], ["wasi:cli/run@0.2.0"]);
const wasmFile = (path: string, content = module) => ({ path, content, mode: 0o755 });
const wasmPlatform = { os: "wasip1", architecture: "wasm" };

const forms: readonly [string, ImageInput, object][] = [
  [
    "the CNCF artifact",
    {
      layers: [
        {
          mediaType: wasmLayerType,
          bytes: component,
          annotations: { "org.opencontainers.image.title": "dir/app.wasm" },
        },
      ],
      configType: wasmConfigV0Type,
      config: { architecture: "wasm", os: "wasip2", layerDigests: [digestOf(component)] },
    },
    { form: "wasm-artifact", module: { kind: "component", name: "app.wasm", digest: digestOf(component) } },
  ],
  [
    "an artifact with an empty configuration and an artifact type",
    {
      layers: [{ mediaType: wasmLayerType, bytes: module }],
      configType: "application/vnd.oci.empty.v1+json",
      artifactType: wasmConfigV0Type,
    },
    { form: "wasm-artifact", module: { kind: "module", name: "module.wasm" } },
  ],
  [
    "an unknown configuration over a Wasm layer",
    { layers: [{ mediaType: wasmLayerType, bytes: module }], configType: "application/vnd.example.thing" },
    { form: "wasm-artifact", module: { kind: "module" } },
  ],
  [
    "Krustlet's artifact",
    { layers: [{ mediaType: wasmContentLayerType, bytes: module }], configType: wasmConfigV1Type },
    { form: "krustlet-artifact", module: { kind: "module", sizeBytes: module.length } },
  ],
  [
    "runwasi's image with a Wasm layer",
    {
      layers: [{ mediaType: "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm", bytes: component }],
      config: { ...wasmPlatform, config: { Entrypoint: ["hello.wasm"], Env: ["A=b"] } },
    },
    { form: "wasm-layer", module: { kind: "component", name: "hello.wasm" }, config: { env: { A: "b" } } },
  ],
  [
    "an image for wasip1/wasm",
    { layers: [tarLayer([wasmFile("app.wasm")])], config: { ...wasmPlatform, config: { Entrypoint: ["/app.wasm"] } } },
    { form: "file-system", module: { kind: "module", name: "/app.wasm", digest: digestOf(module) } },
  ],
  [
    "an image for Linux whose entry point is a module",
    {
      layers: [tarLayer([wasmFile("app/app.wasm")], "zstd")],
      config: { os: "linux", architecture: "amd64", config: { Entrypoint: ["app.wasm", "serve"], WorkingDir: "/app" } },
    },
    { form: "file-system", module: { name: "app.wasm" }, config: { entrypoint: ["app.wasm", "serve"] } },
  ],
  [
    "an image with only a command, found on the PATH, through a link",
    {
      layers: [tarLayer([wasmFile("opt/v2/tool"), { path: "usr/bin/tool", type: "2", link: "/opt/v2/tool" }], "")],
      config: { ...wasmPlatform, config: { Cmd: ["tool"], Env: ["PATH=/bin:/usr/bin"] } },
    },
    { form: "file-system", module: { name: "tool" } },
  ],
  [
    "a proxy's image without an entry point",
    {
      layers: [tarLayer([wasmFile("plugin.wasm"), { path: "runtime-config.json", content: Buffer.from("{}") }])],
      annotations: { "module.wasm.image/variant": "compat" },
    },
    { form: "file-system", module: { name: "/plugin.wasm" } },
  ],
];

describe("resolveModuleImage()", () => {
  test.each(forms)("finds the module of %s, also after reopening", async (_name, image, expected) => {
    using directory = temporaryDirectory();
    const store = await openContentStore({ directory: directory.path, unpacker });
    const digest = await storeImage(store, image);
    const first = await resolveModuleImage(store, digest);
    expect(first).toMatchObject(expected);
    const bytes = readFileSync(first.module.path);
    expect([digestOf(bytes), bytes.length]).toEqual([first.module.digest, first.module.sizeBytes]);
    expect(first.rootfs === undefined).toBe(first.form !== "file-system");
    await store.collectGarbage();
    expect(await resolveModuleImage(store, digest)).toEqual(first);
    await store[Symbol.asyncDispose]();
    await using again = await openContentStore({ directory: directory.path, unpacker });
    expect(await resolveModuleImage(again, digest)).toEqual(first);
  });

  test.each<[string, ImageInput, string, string]>([
    [
      "a Linux image",
      {
        layers: [tarLayer([{ path: "bin/sh", content: Buffer.from("\x7fELF") }])],
        config: { os: "linux", architecture: "amd64", config: { Entrypoint: ["/bin/sh"] } },
      },
      "NoModule",
      'it is an image for linux/amd64 whose entry point "/bin/sh" is no .wasm file',
    ],
    [
      "an image without entry point",
      { layers: [tarLayer([])], config: wasmPlatform },
      "NoModule",
      "names no entry point",
    ],
    [
      "a missing entry point",
      { layers: [tarLayer([])], config: { ...wasmPlatform, config: { Entrypoint: ["/app.wasm"] } } },
      "NoModule",
      'its entry point "/app.wasm" is no file in it',
    ],
    [
      "an entry point that climbs",
      { layers: [tarLayer([])], config: { ...wasmPlatform, config: { Entrypoint: ["../../etc/x.wasm"] } } },
      "UnsafeArchive",
      "climbs out",
    ],
    [
      "an entry point that is no WebAssembly",
      {
        layers: [tarLayer([{ path: "app.wasm", content: Buffer.from("#!/bin/sh\n") }])],
        config: { ...wasmPlatform, config: { Entrypoint: ["/app.wasm"] } },
      },
      "NotWasm",
      'its entry point "/app.wasm" is no WebAssembly; it starts with "#!/bin/s" (a script)',
    ],
    [
      "a truncated module",
      { layers: [{ mediaType: wasmLayerType, bytes: module.subarray(0, 50) }], configType: wasmConfigV0Type },
      "TruncatedModule",
      "its layer is no complete WebAssembly",
    ],
    [
      "two Wasm layers",
      {
        layers: [
          { mediaType: wasmLayerType, bytes: module },
          { mediaType: wasmLayerType, bytes: component },
        ],
        configType: wasmConfigV0Type,
      },
      "Unsupported",
      "exactly one layer",
    ],
    [
      "an artifact with another layer",
      { layers: [{ mediaType: "application/octet-stream", bytes: module }], configType: wasmConfigV0Type },
      "Unsupported",
      "application/octet-stream",
    ],
    [
      "a layer nobody can unpack",
      {
        layers: [{ ...tarLayer([]), mediaType: "application/vnd.example.squashfs" }],
        config: { ...wasmPlatform, config: { Entrypoint: ["/app.wasm"] } },
      },
      "Unsupported",
      "application/vnd.example.squashfs",
    ],
    [
      "a layer of other content than named",
      {
        layers: [{ ...tarLayer([wasmFile("app.wasm")]), diffId: digestOf("other") }],
        config: { ...wasmPlatform, config: { Entrypoint: ["/app.wasm"] } },
      },
      "DigestMismatch",
      "configuration names",
    ],
    [
      "a damaged layer",
      {
        layers: [{ ...tarLayer([wasmFile("app.wasm")]), bytes: Buffer.from("no gzip") }],
        config: { ...wasmPlatform, config: { Entrypoint: ["/app.wasm"] } },
      },
      "InvalidArchive",
      "gzip data is damaged",
    ],
    [
      "fewer layers than named",
      {
        layers: [tarLayer([])],
        config: {
          ...wasmPlatform,
          config: { Entrypoint: ["/a.wasm"] },
          rootfs: { diff_ids: [digestOf("a"), digestOf("b")] },
        },
      },
      "InvalidImage",
      "has 1 layers, but its configuration names 2",
    ],
    [
      "a configuration of wrong types",
      { layers: [tarLayer([])], config: { config: { Env: "A=b" } } },
      "InvalidImage",
      "Env",
    ],
  ])("refuses %s", async (_name, image, code, problem) => {
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path, unpacker });
    const digest = await storeImage(store, image);
    await expect(resolveModuleImage(store, digest)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/^Cannot run image "registry\.example\/[0-9a-f]{8}:1": /),
    });
    await expect(resolveModuleImage(store, digest)).rejects.toThrow(problem);
    expect(store.snapshots.list().length + store.usage().snapshotBytes).toBeLessThanOrEqual(10_000);
  });

  test("takes the module that the command names", async () => {
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path, unpacker });
    const digest = await storeImage(store, {
      layers: [tarLayer([wasmFile("a.wasm"), wasmFile("b.wasm", component)])],
      config: { ...wasmPlatform, config: { Entrypoint: ["/a.wasm"] } },
    });
    expect((await resolveModuleImage(store, digest)).module.kind).toBe("module");
    expect((await resolveModuleImage(store, digest, { command: ["/b.wasm", "x"] })).module.kind).toBe("component");
  });

  test("applies layers in order, and shares a file system between images", async () => {
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path, unpacker });
    const layers = [
      tarLayer([wasmFile("app.wasm", component), { path: "data/old", content: Buffer.from("old") }]),
      tarLayer([wasmFile("app.wasm"), { path: "data/.wh.old" }]),
    ];
    const config = { ...wasmPlatform, config: { Entrypoint: ["/app.wasm"] } };
    const one = await resolveModuleImage(store, await storeImage(store, { layers, config }));
    const otherImage = await storeImage(store, { layers, config: { ...config, author: "else" } });
    const two = await resolveModuleImage(store, otherImage);
    expect(one.module.kind).toBe("module");
    expect(two.rootfs).toBe(one.rootfs);
    expect(existsSync(join(one.rootfs ?? "", "data/old"))).toBe(false);
    await store.images.delete(
      ...store.images.list().flatMap((image) => (image.digest === otherImage ? [] : [image.name])),
    );
    await store.collectGarbage();
    expect(existsSync(two.module.path)).toBe(true);
  });

  test("chooses from an index by preference and leaves attestations aside", async () => {
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path, unpacker });
    const wasm = await storeImage(store, {
      layers: [tarLayer([wasmFile("app.wasm")])],
      config: { ...wasmPlatform, config: { Entrypoint: ["/app.wasm"] } },
    });
    const entry = (digest: string, os: string, architecture: string) => ({
      mediaType: ociManifestType,
      digest,
      size: 1,
      platform: { os, architecture },
    });
    const index = await storeIndex(store, [
      entry(digestOf("attestation"), "unknown", "unknown"),
      entry(digestOf("linux"), "linux", "amd64"),
      entry(digestOf("js"), "js", "wasm"),
      entry(wasm, "wasi", "wasm"),
    ]);
    expect((await resolveModuleImage(store, index)).manifestDigest).toBe(wasm);
    const platforms = [{ os: "windows", architecture: "amd64" }];
    await expect(resolveModuleImage(store, index, { platforms })).rejects.toMatchObject({
      code: "NoMatchingPlatform",
      message: expect.stringContaining(
        "it is made for linux/amd64, js/wasm, wasi/wasm; this node can take windows/amd64",
      ),
    });
  });

  test("stops unpacking at the limits and leaves nothing", async () => {
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path, unpacker });
    // A small blob that unpacks to 64 MiB.
    const digest = await storeImage(store, {
      layers: [tarLayer([{ path: "zeros", content: Buffer.alloc(64 * 1024 * 1024) }, wasmFile("app.wasm")])],
      config: { ...wasmPlatform, config: { Entrypoint: ["/app.wasm"] } },
    });
    await expect(resolveModuleImage(store, digest, { limits: { maxBytes: 1_000_000 } })).rejects.toMatchObject({
      code: "TooLarge",
    });
    expect(store.snapshots.list()).toEqual([]);
  });

  test("refuses a pax size that promises more than there is", async () => {
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path, unpacker });
    const archive = Buffer.concat([paxHeader([paxRecord("size", "9007199254740991")]), tarEntry({ path: "huge" })]);
    const digest = await storeImage(store, {
      layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", bytes: archive, diffId: digestOf(archive) }],
      config: { ...wasmPlatform, config: { Entrypoint: ["/app.wasm"] } },
    });
    await expect(resolveModuleImage(store, digest)).rejects.toMatchObject({ code: "InvalidArchive" });
  });

  test("notices an image that is not all there", async () => {
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path, unpacker });
    await expect(resolveModuleImage(store, digestOf("missing"))).rejects.toMatchObject({ code: "NotFound" });
  });
});
