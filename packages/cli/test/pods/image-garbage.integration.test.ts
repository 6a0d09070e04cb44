import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock, silentLogger } from "@wherry/base";
import { openContentStore } from "@wherry/content";
import { createDistributionClient } from "@wherry/distribution";
import { createEngine } from "@wherry/engine";
import { contentImages, openWasmRuntime } from "@wherry/runtime";
import { containerConfig, eventually, FakeRegistry, podSandboxConfig, workloadKit } from "@wherry/testkit";
import { expect, test } from "vitest";
import { createImageAccess, type ImageAccess } from "../../../kubelet/src/images/image-access.ts";
import { ImageGarbageCollector } from "../../../kubelet/src/images/image-garbage-collector.ts";
import { openPullRecords } from "../../../kubelet/src/images/pull-records.ts";
import { MetricsRegistry } from "../../../kubelet/src/server/metrics/metrics-registry.ts";

/** A collector for which the image file system is always full, and time passes at once. */
class HungryCollector implements AsyncDisposable {
  readonly #clock = new FakeClock();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #looks = 0;

  constructor(
    runtime: Pick<Awaited<ReturnType<typeof openWasmRuntime>>, "images" | "listContainers" | "containerStatus">,
    access: ImageAccess,
  ) {
    const collector = new ImageGarbageCollector({
      runtime,
      policy: { highThresholdPercent: 1, lowThresholdPercent: 0, minimumAgeMs: 0, maximumAgeMs: 0 },
      access,
      nodeName: "node",
      events: { event: () => undefined },
      clock: this.#clock,
      logger: silentLogger,
      filesystemSpace: async () => {
        this.#looks++;
        return { capacityBytes: 2 ** 40, availableBytes: 0 };
      },
    });
    this.#running = collector.run(this.#stop.signal);
  }

  /** Resolves when a whole round has been made from now on. */
  async round(): Promise<void> {
    const wanted = this.#looks + 2;
    await eventually("A round of collection", async () => {
      await this.#clock.advance(5 * 60_000);
      return this.#looks >= wanted;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

test("an image that a container mounts is not collected, whatever becomes of its tag, until the container is gone", async () => {
  await using owned = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "wherry-garbage-"));
  owned.defer(() => rm(directory, { recursive: true, force: true }));
  const registry = owned.use(await FakeRegistry.start());
  registry.addImage("kit", "v1", await readFile(await workloadKit()));
  registry.addFiles("data", "v1", { file: "kept\n" });
  registry.addFiles("unused", "v1", { file: "not kept\n" });
  const store = owned.use(await openContentStore({ directory: join(directory, "content") }));
  const images = contentImages({ store, client: owned.use(createDistributionClient()) });
  const [kit = "", data = ""] = await Promise.all(
    ["kit", "data", "unused"].map((name) => images.pullImage({ image: `${registry.host}/${name}:v1` })),
  );
  const engine = createEngine({
    stateDirectory: join(directory, "engine"),
    nodeExecutable: process.execPath,
    nodeArguments: ["--conditions=@wherry/source"],
    poolSize: 1,
  });
  const runtime = owned.use(
    await openWasmRuntime({ stateDirectory: join(directory, "runtime"), engine, images, version: "1.0.0" }),
  );
  const stop = new AbortController();
  const running = engine.run(stop.signal);
  owned.defer(async () => {
    stop.abort();
    await running;
  });
  const sandbox = await runtime.runPodSandbox(
    podSandboxConfig({
      metadata: { name: "pod", namespace: "default", uid: "uid", attempt: 0 },
      hostname: "pod",
      logDirectory: join(directory, "logs"),
    }),
  );
  owned.defer(() => runtime.removePodSandbox(sandbox));
  const state = join(directory, "state");
  await mkdir(state);
  const mount = { readOnly: true, propagation: "private" } as const;
  const container = await runtime.createContainer(
    sandbox,
    containerConfig({
      image: { image: kit },
      args: ["await", "/state/go", "cat", "/data/file"],
      mounts: [
        { ...mount, containerPath: "/state", hostPath: state },
        { ...mount, containerPath: "/data", hostPath: "", image: { image: data } },
      ],
    }),
  );
  await runtime.startContainer(container);
  // The tag moves on to other content, and that is collected.
  registry.addFiles("data", "v1", { file: "moved\n" });
  await images.pullImage({ image: `${registry.host}/data:v1` });
  const logger = silentLogger;
  const access = createImageAccess({
    records: await openPullRecords(directory, logger),
    policy: { policy: "AlwaysVerify", allowlist: [] },
    metrics: new MetricsRegistry(),
    clock: new FakeClock(),
    logger,
  });
  for (const image of [kit, data]) {
    const imageId = (await images.imageStatus({ image }))?.id;
    await access.recordPull(image, async () => ({ imageId, credential: undefined }));
  }
  const recorded = async () => (await readdir(join(directory, "image_manager/pulled"))).length;
  await using collector = new HungryCollector(runtime, access);
  await collector.round();
  const digests = async () => (await images.listImages()).flatMap(({ repoDigests }) => repoDigests).sort();
  expect(await digests()).toEqual([data, kit].sort());
  expect(await recorded()).toBe(2);
  await writeFile(join(state, "go"), "");
  let status = await runtime.containerStatus(container);
  await eventually("The end of the container", async () => {
    status = await runtime.containerStatus(container);
    return status.state === "exited";
  });
  expect(await readFile(status.logPath, "utf8")).toMatch(/ stdout F kept\n$/);
  await collector.round();
  expect(await digests()).toEqual([data, kit].sort());
  await runtime.removeContainer(container);
  await collector.round();
  expect(await digests()).toEqual([]);
  await eventually("The end of the records", async () => (await recorded()) === 0);
  expect(await readdir(join(directory, "content/snapshots"))).toEqual([]);
});
