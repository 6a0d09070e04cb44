import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openContentStore } from "@wherry/content";
import { createDistributionClient } from "@wherry/distribution";
import { expect, test } from "vitest";
import { FakeRegistry } from "../../testkit/src/registries/fake-registry.ts";
import { contentImages } from "../src/index.ts";

const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

async function setUp(): Promise<
  AsyncDisposable & { images: ReturnType<typeof contentImages>; registry: FakeRegistry }
> {
  const owned = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "wherry-images-"));
  owned.defer(() => rm(directory, { recursive: true, force: true }));
  const registry = owned.use(await FakeRegistry.start());
  const store = owned.use(await openContentStore({ directory }));
  const images = contentImages({ store, client: createDistributionClient({}) });
  return { images, registry, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

test("contentImages() tells artifacts apart that share one empty configuration", async () => {
  await using context = await setUp();
  const { images, registry } = context;
  const types = { layer: "application/wasm", config: "application/vnd.oci.empty.v1+json" };
  registry.addImage("one", "v1", Buffer.from(header), types);
  registry.addImage("two", "v1", Buffer.from([...header, 0, 2, 1, 0x61]), types);
  const [one, two] = [`${registry.host}/one:v1`, `${registry.host}/two:v1`];
  for (const image of [one, two]) await images.pullImage({ image });
  expect(await images.listImages()).toHaveLength(2);
  expect((await images.imageStatus({ image: two }))?.repoTags).toEqual([two]);
  await images.removeImage({ image: one });
  expect(await images.imageStatus({ image: one })).toBeUndefined();
  expect(await images.runnable(two, [])).toMatchObject({ ref: expect.stringContaining("/two@sha256:") });
});

test("contentImages() shows two tags of one manifest as one image", async () => {
  await using context = await setUp();
  const { images, registry } = context;
  registry.addImage("app", "v1", Buffer.from(header));
  registry.addImage("app", "v2", Buffer.from(header));
  const [first, second] = [`${registry.host}/app:v1`, `${registry.host}/app:v2`];
  for (const image of [first, second]) await images.pullImage({ image });
  const [listed, ...more] = await images.listImages();
  expect(more).toEqual([]);
  expect(listed?.repoTags).toEqual([first, second]);
  expect(listed?.repoDigests).toEqual([expect.stringContaining("/app@sha256:")]);
  expect((await images.imageStatus({ image: listed?.id ?? "" }))?.id).toBe(listed?.id);
});

test("contentImages() finds the image of a container by the container's reference, also after its tag moved on", async () => {
  await using context = await setUp();
  const { images, registry } = context;
  const image = `${registry.host}/app:v1`;
  registry.addImage("app", "v1", Buffer.from(header));
  await images.pullImage({ image });
  const { ref } = await images.runnable(image, []);
  const [before] = await images.listImages();
  registry.addImage("app", "v1", Buffer.from([...header, 0, 2, 1, 0x61]));
  await images.pullImage({ image });
  expect((await images.imageStatus({ image: ref }))?.id).toBe(before?.id);
  expect((await images.imageStatus({ image }))?.id).not.toBe(before?.id);
  // Known by its digest only, it can still be removed for room.
  await images.removeImage({ image: before?.id ?? "" });
  expect((await images.listImages()).map(({ repoTags }) => repoTags)).toEqual([[image]]);
});
