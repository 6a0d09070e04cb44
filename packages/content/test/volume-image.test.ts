import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "@wherry/distribution";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ContentStore,
  openContentStore,
  resolveVolumeImage,
  wasmConfigV0Type,
  wasmLayerType,
} from "../src/index.ts";
import { storeImage, tarLayer, unpacker } from "./stored-images.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { moduleOfSize } from "./wasm-binaries.ts";

const module = moduleOfSize(1000);
const platform = { os: "linux", architecture: "amd64" };
const file = (path: string, content: string) => ({ path, content: Buffer.from(content) });
const link = (path: string, target: string) => ({ path, type: "2", link: target });

async function withStore(use: (store: ContentStore, path: string) => Promise<void>): Promise<void> {
  using directory = temporaryDirectory();
  await using store = await openContentStore({ directory: directory.path, unpacker });
  await use(store, directory.path);
}

/** A module as an artifact whose configuration all such artifacts share. */
function artifact(bytes: Buffer, title?: string): Parameters<typeof storeImage>[1] {
  const annotations = title === undefined ? undefined : { "org.opencontainers.image.title": title };
  return {
    layers: [{ mediaType: wasmLayerType, bytes, ...(annotations && { annotations }) }],
    configType: "application/vnd.oci.empty.v1+json",
    artifactType: wasmConfigV0Type,
  };
}

describe("resolveVolumeImage()", () => {
  test("unpacks an image whatever it is for, once for several callers", async () =>
    withStore(async (store) => {
      const digest = await storeImage(store, {
        layers: [tarLayer([file("model.bin", "weights")]), tarLayer([file("etc/motd", "hi")])],
        config: platform,
      });
      const images = await Promise.all([1, 2, 3].map(() => resolveVolumeImage(store, digest)));
      const [directory = "", ...others] = new Set(images.map((image) => image.directory));
      expect(others).toEqual([]);
      expect(readFileSync(join(directory, "model.bin"), "utf8")).toBe("weights");
      expect(readFileSync(join(directory, "etc/motd"), "utf8")).toBe("hi");
    }));

  test.each([
    ["its layer's title", "dir/app.wasm", "app.wasm"],
    ["module.wasm without a title", undefined, "module.wasm"],
  ])("shows a module in a directory under %s", async (_name, title, expected) =>
    withStore(async (store) => {
      const digest = await storeImage(store, artifact(module, title));
      const { directory } = await resolveVolumeImage(store, digest);
      expect(readdirSync(directory)).toEqual([expected]);
      expect(readFileSync(join(directory, expected)).equals(module)).toBe(true);
    }),
  );

  test("keeps modules apart that share a configuration, or only their bytes", async () =>
    withStore(async (store) => {
      const other = moduleOfSize(2000);
      const digests = [artifact(module, "a.wasm"), artifact(module, "b.wasm"), artifact(other, "a.wasm")];
      const directories: string[] = [];
      for (const image of digests)
        directories.push((await resolveVolumeImage(store, await storeImage(store, image))).directory);
      expect(new Set(directories).size).toBe(3);
      await store.collectGarbage();
      expect(directories.map((directory) => readdirSync(directory))).toEqual([["a.wasm"], ["b.wasm"], ["a.wasm"]]);
    }));

  test.each(["..", "/", "a\0b"])("refuses the title %j, which names no file", async (title) =>
    withStore(async (store) => {
      const digest = await storeImage(store, artifact(module, title));
      await expect(resolveVolumeImage(store, digest)).rejects.toMatchObject({ code: "UnsafeArchive" });
      expect(store.snapshots.list()).toEqual([]);
    }),
  );

  test("keeps what it made as long as an image needs it, also after reopening", async () => {
    using temporary = temporaryDirectory();
    const store = await openContentStore({ directory: temporary.path, unpacker });
    const digests = [
      await storeImage(store, artifact(module)),
      await storeImage(store, { layers: [tarLayer([file("a", "b")])], config: platform }),
    ];
    const before = await Promise.all(digests.map((digest) => resolveVolumeImage(store, digest)));
    await store.collectGarbage();
    await store[Symbol.asyncDispose]();
    await using again = await openContentStore({ directory: temporary.path, unpacker });
    await again.collectGarbage();
    expect(before.map(({ directory }) => readdirSync(directory))).toEqual([["module.wasm"], ["a"]]);
    expect(await Promise.all(digests.map((digest) => resolveVolumeImage(again, digest)))).toEqual(before);
    await again.images.delete(...again.images.list().map(({ name }) => name));
    await again.collectGarbage();
    expect(again.snapshots.list()).toEqual([]);
  });

  test("refuses artifacts of other kinds, and what is not all there", async () =>
    withStore(async (store) => {
      const other = await storeImage(store, {
        layers: [{ mediaType: "application/vnd.example.model", bytes: module }],
        configType: "application/vnd.oci.empty.v1+json",
      });
      await expect(resolveVolumeImage(store, other)).rejects.toMatchObject({
        code: "Unsupported",
        message: expect.stringContaining('Layers of type "application/vnd.example.model" cannot be unpacked'),
      });
      await expect(resolveVolumeImage(store, digestOf("missing"))).rejects.toMatchObject({ code: "NotFound" });
    }));
});

describe("resolveVolumeImage() with a sub path", () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let store: ContentStore;
  let digest: Awaited<ReturnType<typeof storeImage>>;

  beforeAll(async () => {
    directory = temporaryDirectory();
    store = await openContentStore({ directory: directory.path, unpacker });
    const tree = [
      file("conf/app/settings", "a=1"),
      file("outside", "in the image"),
      link("current", "conf/app"),
      link("absolute", "/conf"),
      link("conf/climbing", "../../../../../../etc"),
      link("loop", "loop"),
    ];
    digest = await storeImage(store, { layers: [tarLayer(tree)], config: platform });
  });
  afterAll(async () => {
    await store[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  test.each([
    ["conf/app", ["settings"]],
    ["./conf//app/", ["settings"]],
    ["current", ["settings"]],
    ["absolute/app", ["settings"]],
  ])("takes the directory %j", async (subPath, expected) => {
    expect(readdirSync((await resolveVolumeImage(store, digest, { subPath })).directory)).toEqual(expected);
  });

  test.each([
    ["missing", "does not exist in it"],
    ["conf/app/missing", "does not exist in it"],
    ["conf/app/settings", "leads to no directory in it"],
    ["outside/x", "leads to no directory in it"],
    ["loop", "leads to no directory in it"],
    ["conf\0", "leads to no directory in it"],
    // Its link would lead out, so that it was not unpacked.
    ["conf/climbing", "does not exist in it"],
    ["/conf", 'must be relative and without ".."'],
    ["conf/../..", 'must be relative and without ".."'],
  ])("refuses %j: it %s", async (subPath, problem) => {
    const error = await resolveVolumeImage(store, digest, { subPath }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "NoDirectory", message: expect.stringContaining(problem) });
    expect(error).toMatchObject({
      message: expect.stringMatching(/^Cannot mount image "registry\.example\/.*": sub path /),
    });
  });
});
