import { systemClock } from "@wherry/base";
import { createDistributionClient, digestOf, ociIndexType, ociManifestType } from "@wherry/distribution";
import { describe, expect, test } from "vitest";
import { FakeRegistry } from "../../testkit/src/registries/fake-registry.ts";
import { openContentStore, pullImage, resolveModuleImage, type TransferProgress } from "../src/index.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { moduleOfSize } from "./wasm-binaries.ts";

const module = moduleOfSize(2_000_000, 7);

function clientOf() {
  return createDistributionClient({ clock: { ...systemClock, sleep: async () => undefined }, random: () => 0 });
}

function blobRequests(registry: FakeRegistry, digest: string): readonly (string | undefined)[] {
  return registry.requests.filter(({ url }) => url.pathname.endsWith(digest)).map(({ range }) => range ?? "whole");
}

describe("pullImage()", () => {
  test("stores an image under its name and digest, and asks only for the digest when it is there", async () => {
    await using registry = await FakeRegistry.start();
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path });
    await using client = clientOf();
    const { manifest, config } = registry.addImage("team/app", "1", module);
    const progress: TransferProgress[] = [];
    const name = `${registry.host}/team/app:1`;
    const pulled = await pullImage(store, client, name, {
      onProgress: (step) => progress.push(step),
      labels: { a: "b" },
    });
    expect(pulled).toMatchObject({
      name,
      ref: `${registry.host}/team/app@${manifest.digest}`,
      digest: manifest.digest,
      configDigest: config.digest,
      sizeBytes: manifest.size + config.size + module.length,
    });
    expect(
      store.images
        .list()
        .map((image) => image.name)
        .toSorted(),
    ).toEqual([pulled.ref, name].toSorted());
    expect(store.images.get(name)?.labels).toEqual({ a: "b" });
    expect(progress.filter(({ doneBytes, totalBytes }) => doneBytes === totalBytes)).toHaveLength(3);
    expect((await resolveModuleImage(store, pulled.digest)).module.digest).toBe(digestOf(module));
    registry.requests.length = 0;
    await pullImage(store, client, name);
    expect(registry.requests.map(({ method }) => method)).toEqual(["HEAD"]);
    expect((await store.collectGarbage()).blobs).toEqual([]);
    expect(store.leases.list()).toEqual([]);
  });

  test("pulls of the same image at the same time fetch it once", async () => {
    await using registry = await FakeRegistry.start();
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path });
    await using client = clientOf();
    const { layer } = registry.addImage("team/app", "1", module);
    await Promise.all(Array.from({ length: 5 }, () => pullImage(store, client, `${registry.host}/team/app:1`)));
    expect(blobRequests(registry, layer.digest)).toHaveLength(1);
  });

  test("a tag that moved leaves the old content to garbage collection", async () => {
    await using registry = await FakeRegistry.start();
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path });
    await using client = clientOf();
    const name = `${registry.host}/team/app:1`;
    registry.addImage("team/app", "1", module);
    const old = await pullImage(store, client, name);
    registry.addImage("team/app", "1", moduleOfSize(10));
    const pulled = await pullImage(store, client, name);
    expect(store.images.get(name)?.digest).toBe(pulled.digest);
    await store.images.delete(old.ref);
    expect((await store.collectGarbage()).blobs).toContain(old.digest);
    expect(store.blobs.has(pulled.digest)).toBe(true);
  });

  test("an aborted pull stops and the next one goes on from there", async () => {
    await using registry = await FakeRegistry.start();
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path });
    await using client = clientOf();
    const { layer } = registry.addImage("team/app", "1", module);
    const name = `${registry.host}/team/app:1`;
    const abort = new AbortController();
    registry.intercept = ({ url }, response) => {
      if (!url.pathname.endsWith(layer.digest)) return false;
      response.writeHead(200, { "content-length": module.length });
      // The rest never comes.
      response.write(module.subarray(0, 1_500_000));
      return true;
    };
    const pulling = pullImage(store, client, name, {
      signal: abort.signal,
      onProgress: ({ digest, doneBytes }) => {
        if (digest === layer.digest && doneBytes >= 1_500_000) abort.abort(new Error("pod deleted"));
      },
    });
    await expect(pulling).rejects.toThrow("pod deleted");
    expect(store.leases.list()).toEqual([]);
    expect(store.images.list()).toEqual([]);
    registry.intercept = undefined;
    registry.requests.length = 0;
    await pullImage(store, client, name);
    expect(blobRequests(registry, layer.digest)).toEqual([`bytes=1500000-${module.length - 1}`]);
  });

  test("content of another digest fails the pull and is not kept", async () => {
    await using registry = await FakeRegistry.start();
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path });
    await using client = clientOf();
    const { layer } = registry.addImage("team/app", "1", module);
    registry.blobs.set(layer.digest, Buffer.from(module).fill(1, 500, 501));
    await expect(pullImage(store, client, `${registry.host}/team/app:1`)).rejects.toMatchObject({
      code: "DigestMismatch",
    });
    expect(store.blobs.has(layer.digest)).toBe(false);
    expect(store.images.list()).toEqual([]);
    registry.blobs.set(layer.digest, module);
    registry.requests.length = 0;
    await pullImage(store, client, `${registry.host}/team/app:1`);
    expect(blobRequests(registry, layer.digest)).toEqual(["whole"]);
  });

  test("a missing layer is named", async () => {
    await using registry = await FakeRegistry.start();
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path });
    await using client = clientOf();
    const { layer } = registry.addImage("team/app", "1", module);
    registry.blobs.delete(layer.digest);
    const name = `${registry.host}/team/app:1`;
    await expect(pullImage(store, client, name)).rejects.toMatchObject({
      code: "BlobUnknown",
      message: expect.stringContaining(
        `Cannot pull image "${name}": registry "${registry.host}" answered 404 Not Found`,
      ),
    });
  });

  test("takes WebAssembly from an index and nothing else of it", async () => {
    await using registry = await FakeRegistry.start();
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path });
    await using client = clientOf();
    const linux = registry.addImage("team/app", "linux", Buffer.from("linux"));
    const wasm = registry.addImage("team/app", "wasm", module);
    const index = registry.addManifest("team/app", "1", {
      schemaVersion: 2,
      mediaType: ociIndexType,
      manifests: [
        { ...linux.manifest, platform: { os: "linux", architecture: "amd64" } },
        { ...wasm.manifest, artifactType: "application/vnd.wasm.config.v0+json" },
      ],
    });
    const pulled = await pullImage(store, client, `${registry.host}/team/app:1`);
    expect(pulled).toMatchObject({ digest: index.digest, manifestDigest: wasm.manifest.digest });
    expect(store.blobs.has(linux.layer.digest)).toBe(false);
    expect((await store.collectGarbage()).blobs).toEqual([]);
    const onlyLinux = { os: "linux", architecture: "s390x" };
    await expect(
      pullImage(store, client, `${registry.host}/team/app:1`, { platforms: [onlyLinux] }),
    ).rejects.toMatchObject({ code: "NoMatchingPlatform" });
  });

  test("refuses what is larger than allowed before it is fetched", async () => {
    await using registry = await FakeRegistry.start();
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path });
    await using client = clientOf();
    const { layer } = registry.addImage("team/app", "1", module);
    await expect(
      pullImage(store, client, `${registry.host}/team/app:1`, { maxImageBytes: 1_000_000 }),
    ).rejects.toMatchObject({ code: "TooLarge" });
    const blob = { mediaType: "application/wasm", digest: layer.digest, size: 1 };
    registry.addManifest("team/app", "many", {
      schemaVersion: 2,
      mediaType: ociManifestType,
      config: blob,
      layers: Array.from({ length: 600 }, () => blob),
    });
    await expect(pullImage(store, client, `${registry.host}/team/app:many`)).rejects.toMatchObject({
      code: "TooLarge",
    });
    expect(blobRequests(registry, layer.digest)).toEqual([]);
  });

  test("pulls by digest and keeps one name", async () => {
    await using registry = await FakeRegistry.start();
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path });
    await using client = clientOf();
    const { manifest } = registry.addImage("team/app", "1", module);
    const pulled = await pullImage(store, client, `${registry.host}/team/app:1@${manifest.digest}`);
    expect(pulled.name).toBe(pulled.ref);
    expect(store.images.list()).toHaveLength(1);
  });
});
