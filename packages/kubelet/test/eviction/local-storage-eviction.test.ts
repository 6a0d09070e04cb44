import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { silentLogger } from "@wherry/base";
import { configSourceAnnotation, type Pod, type PodSpec } from "@wherry/kubernetes";
import { afterEach, expect, test } from "vitest";
import { registerEvictionMetrics } from "../../src/eviction/eviction-metrics.ts";
import { LocalStorageEviction } from "../../src/eviction/local-storage-eviction.ts";
import { type HarnessOptions, KubeletHarness, podOf } from "../support/kubelet-harness.ts";
import { temporaryDirectory } from "../volumes/temporary-directory.ts";

const message = 'Usage of EmptyDir volume "data" exceeds the limit "1k". ';
const withVolume = (name: string, more: Partial<PodSpec> = {}): Pod =>
  podOf(name, { volumes: [{ name: "data", emptyDir: { sizeLimit: "1k" } }], ...more });

/** A kubelet whose pods' volumes hold what the test says. */
class EvictionFixture {
  /** Bytes by `uid/volume`. */
  readonly used: Map<string, number> = new Map();
  readonly measured: string[] = [];
  readonly harness: KubeletHarness;
  readonly eviction: LocalStorageEviction;
  readonly podLogsDirectory: string;
  failing: string | undefined;
  readonly #abort: AbortController = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(podLogsDirectory: string, options: HarnessOptions = {}) {
    this.podLogsDirectory = podLogsDirectory;
    this.harness = new KubeletHarness({ ...options, podLogsDirectory });
    this.harness.start();
    const { harness } = this;
    this.eviction = new LocalStorageEviction({
      pods: harness.controller,
      volumes: {
        volumeUsage: async (uid, names) => {
          this.measured.push(uid);
          if (uid === this.failing) throw new Error("the disk is gone");
          return new Map([...names].map((name) => [name, this.used.get(`${uid}/${name}`) ?? 0]));
        },
      },
      podLogsDirectory,
      events: {
        event: (subject, content) =>
          void harness.events.push({
            pod: subject.kind === "Pod" ? (subject.pod.metadata?.name ?? "") : "",
            ...content,
          }),
      },
      evictions: registerEvictionMetrics(harness.metrics),
      clock: harness.clock,
      logger: silentLogger,
    });
  }

  run(): void {
    this.#running = this.eviction.run(this.#abort.signal);
  }

  async look(): Promise<void> {
    await this.eviction.look(this.#abort.signal);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.harness.stop();
    await this.#running;
  }

  /** Writes so much of a log of a pod's container. */
  async log(pod: string, path: string, bytes: number): Promise<void> {
    const file = join(this.podLogsDirectory, `default_${pod}_uid-${pod}`, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, Buffer.alloc(bytes, 1));
  }

  evictions(): string[] {
    return this.harness.events.filter(({ reason }) => reason === "Evicted").map(({ pod }) => pod);
  }
}

let fixture: EvictionFixture;

async function start(pods: readonly Pod[], options: HarnessOptions = {}): Promise<KubeletHarness> {
  fixture = new EvictionFixture(await temporaryDirectory(), options);
  for (const pod of pods) fixture.harness.api.create(pod);
  await fixture.harness.settle();
  return fixture.harness;
}

afterEach(() => fixture.stop());

test("LocalStorageEviction ends a pod over a limit at the next look, with 1 s of grace", async () => {
  const stubborn = { runtime: { script: () => ({ obeysStop: false }) } };
  const harness = await start([withVolume("ann"), withVolume("bob"), podOf("cat")], stubborn);
  fixture.run();
  fixture.used.set("uid-ann/data", 1001).set("uid-bob/data", 1000);
  await harness.advance(9999);
  expect(fixture.measured).toEqual([]);
  await harness.advance(1);
  expect(fixture.measured).toEqual(["uid-ann", "uid-bob"]);
  expect(harness.events).toContainEqual({ pod: "ann", type: "Warning", reason: "Evicted", message });
  await harness.advance(999);
  expect(harness.status("ann").phase).toBe("Running");
  await harness.advance(1);
  expect(harness.status("ann")).toMatchObject({
    phase: "Failed",
    reason: "Evicted",
    message,
    containerStatuses: [{ state: { terminated: { exitCode: 137 } } }],
  });
  expect(harness.status("ann").conditions?.some(({ type }) => type === "DisruptionTarget")).toBe(false);
  await harness.advance(60_000);
  expect(harness.status("bob").phase).toBe("Running");
  expect(fixture.evictions()).toEqual(["ann"]);
  expect(harness.metrics.render()).toContain('kubelet_evictions{eviction_signal="emptydirfs.limit"} 1\n');
});

test("LocalStorageEviction tells once of a pod that takes long to end", async () => {
  const harness = await start([withVolume("ann")]);
  harness.runtime.injector.plan = ({ verb }) =>
    verb === "stopContainer" ? { kind: "delay", delayMs: 25_000 } : undefined;
  fixture.used.set("uid-ann/data", 1001);
  fixture.run();
  await harness.advance(30_000);
  expect(harness.status("ann").phase).toBe("Running");
  await harness.advance(30_000);
  expect(harness.status("ann")).toMatchObject({ phase: "Failed", reason: "Evicted" });
  expect(fixture.evictions()).toEqual(["ann"]);
});

test.each([
  ["critical", withVolume("ann", { priority: 2_000_000_000 })],
  [
    "static",
    { ...withVolume("ann"), metadata: { ...podOf("ann").metadata, annotations: { [configSourceAnnotation]: "file" } } },
  ],
])("LocalStorageEviction leaves a %s pod alone", async (_name, pod) => {
  await start([pod]);
  fixture.used.set("uid-ann/data", 1001);
  await fixture.look();
  expect(fixture.evictions()).toEqual([]);
});

test("LocalStorageEviction shortens the time of a pod that is deleted", async () => {
  const stubborn = { runtime: { script: () => ({ obeysStop: false }) } };
  const harness = await start([withVolume("ann", { terminationGracePeriodSeconds: 300 })], stubborn);
  harness.api.delete("ann", 300);
  await harness.advance(5000);
  fixture.used.set("uid-ann/data", 1001);
  await fixture.look();
  await harness.advance(2000);
  expect(harness.api.byName("ann")).toBeUndefined();
});

test("LocalStorageEviction goes on after a pod that cannot be measured", async () => {
  await start([withVolume("ann"), withVolume("bob")]);
  fixture.failing = "uid-ann";
  fixture.used.set("uid-ann/data", 1001).set("uid-bob/data", 1001);
  await fixture.look();
  expect(fixture.evictions()).toEqual(["bob"]);
});

const resources = { limits: { "ephemeral-storage": "1Mi" } };

test("LocalStorageEviction counts logs, config maps and volumes on disk for a pod with a limit", async () => {
  const volumes = [
    { name: "data", emptyDir: {} },
    { name: "fast", emptyDir: { medium: "Memory" } },
    { name: "settings", configMap: { name: "settings" } },
  ];
  const harness = await start([podOf("ann", { volumes }, { resources })]);
  fixture.used.set("uid-ann/data", 400_000).set("uid-ann/fast", 2_000_000).set("uid-ann/settings", 200_000);
  await fixture.log("ann", "main/0.log", 200_000);
  await fixture.look();
  expect(fixture.evictions()).toEqual([]);
  await fixture.log("ann", "main/0.log.20260101-000000.gz", 300_000);
  await fixture.look();
  expect(harness.events.at(-1)).toMatchObject({
    pod: "ann",
    message: "Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ",
  });
});

test("LocalStorageEviction counts the logs of a container for its own limit", async () => {
  const other = { name: "other", image: "app:v1", resources: { limits: { "ephemeral-storage": "10Mi" } } };
  const pod = podOf("ann", {}, { resources });
  const harness = await start([{ ...pod, spec: { ...pod.spec, containers: [...pod.spec!.containers, other] } }]);
  await fixture.log("ann", "other/0.log", 2_000_000);
  await fixture.look();
  expect(fixture.evictions()).toEqual([]);
  await fixture.log("ann", "main/0.log", 600_000);
  await fixture.log("ann", "main/1.log", 600_000);
  await fixture.look();
  expect(harness.events.at(-1)).toMatchObject({
    pod: "ann",
    message: 'Container main exceeded its local ephemeral storage limit "1Mi". ',
  });
});
