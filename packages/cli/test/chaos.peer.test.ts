import { createHash } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlreadyExists, isNotFound, resources } from "@wherry/client";
import type { ContainerStatus, Pod, PodSpec } from "@wherry/kubernetes";
import { eventually, TestCluster } from "@wherry/testkit";
import { expect, test } from "vitest";

const seconds = Number(process.env["WHERRY_CHAOS_SECONDS"] ?? 60);
const seed = Number(process.env["WHERRY_CHAOS_SEED"] ?? Date.now() % 1_000_000_000);
/** All pods of an overloaded machine start at the end. */
const settleMs = 300_000;
const maxLivePods = 24;

/** What a pod must come to, whatever happens to the node. */
interface Expectation {
  readonly name: string;
  /** Exit code of a pod that ends; undefined for one that runs for ever. */
  readonly exitCode: number | undefined;
  /** Whether a container that failed is started again. */
  readonly restarts: boolean;
  readonly ticks: boolean;
  /** Whether it ends by itself again and again, so that it is in back-off for much of the time. */
  readonly cycles: boolean;
  deleted: boolean;
  /** Its host was killed by the test, so that 137 may be its end. */
  hostKilled: boolean;
}

type Random = () => number;

test(`a node keeps its promises under random faults (WHERRY_CHAOS_SEED=${seed})`, {
  timeout: (seconds + 900) * 1000,
}, async () => {
  console.log(`chaos: seed ${seed}, ${seconds} s`);
  await using cluster = await TestCluster.start();
  const chaos = new Chaos(cluster);
  try {
    await chaos.prepare();
    await chaos.run(seconds * 1000);
    await chaos.verify();
    await chaos.verifyNothingIsLeft();
  } catch (error) {
    console.log(`chaos: seed ${seed}, state in ${cluster.directory}\n${cluster.describeLogs()}`);
    throw error;
  }
  console.log(`chaos: ${JSON.stringify(chaos.counts)}`);
});

class Chaos {
  readonly counts: Record<string, number> = {};
  readonly #cluster: TestCluster;
  readonly #pods: Map<string, Expectation> = new Map();
  readonly #uids: Set<string> = new Set();
  readonly #runsDirectory: string;
  #created = 0;

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
    this.#runsDirectory = join(cluster.directory, "runs");
  }

  /** Makes what the pods refer to. */
  async prepare(): Promise<void> {
    await mkdir(this.#runsDirectory, { recursive: true });
    const metadata = { name: "words", namespace: "default" };
    await this.#cluster.client.create(resources.configMaps, { metadata, data: { text: "from the map" } });
    await this.#cluster.client.create(resources.secrets, { metadata, stringData: { text: "from the secret" } });
  }

  /** Lets pods come and go, and everything else fail, for `durationMs`; at the end all is up again. */
  async run(durationMs: number): Promise<void> {
    const endMs = Date.now() + durationMs;
    const loop = async (name: string, pauseMs: number, act: (random: Random) => Promise<void>) => {
      const random = randomOf(`${seed}/${name}`);
      while (Date.now() < endMs) {
        await sleep(random() * 2 * pauseMs);
        await act(random);
      }
    };
    await Promise.all([
      loop("create", 250, (random) => this.#create(random)),
      loop("delete", 700, (random) => this.#delete(random)),
      loop("kill host", 3000, async (random) => this.#killHost(random)),
      loop("restart node", 4000, (random) => this.#restartNode(random)),
      loop("restart server", 11_000, () => this.#restartServer()),
    ]);
    await this.#cluster.node.restart();
  }

  /** Every pod came to what it was made for, and none went back on what it had said. */
  async verify(): Promise<void> {
    const { observer, node } = this.#cluster;
    // All at once: some run for moments only, which a look at one after the other would miss.
    await Promise.all(
      [...this.#pods.values()].map(({ name, deleted, exitCode, restarts, hostKilled }) => {
        if (deleted) return observer.untilGone(name, settleMs);
        const runsOn = exitCode === undefined && (restarts || !hostKilled);
        return runsOn
          ? observer.until(name, "running", isRunning, settleMs)
          : observer.until(name, "an end", hasEnded, settleMs);
      }),
    );
    for (const pod of this.#pods.values()) this.#verifyHistory(pod);
    // What the last fault did may not have been told yet when the first look is taken, and pods that end again and again need
    // not run at the same moment: each of those must have been met with its host once.
    let seen = "";
    const met = new Set<string>();
    await eventually("a host process for each running pod, and idle ones", () => {
      const live = observer.pods().filter((pod) => !hasEnded(pod));
      const nameOf = ({ metadata }: Pod) => metadata?.name ?? "";
      const noted = new Set(node.hosts().map(({ pid }) => pid));
      const running = new Set(this.#hostProcesses());
      const extra = [...running].filter((pid) => !noted.has(pid));
      const hasHost = (pod: Pod) => running.has(node.findHost(pod)?.pid ?? 0);
      for (const pod of live.filter(hasHost)) met.add(nameOf(pod));
      const mayRest = live.filter((pod) => this.#pods.get(nameOf(pod))?.cycles).length;
      seen = `hosts ${JSON.stringify(node.hosts())}, processes ${[...running]}, live ${live.map(nameOf)}, met ${[...met]}`;
      const found = live.every((pod) => (this.#pods.get(nameOf(pod))?.cycles ? met.has(nameOf(pod)) : hasHost(pod)));
      const isBounded = noted.size <= live.length && noted.size >= live.length - mayRest;
      return Promise.resolve(found && isBounded && extra.length <= 3);
    }).catch((error: unknown) => {
      throw new Error(seen, { cause: error });
    });
  }

  /** After the deletion of everything, nothing of any pod is on the node. */
  async verifyNothingIsLeft(): Promise<void> {
    const { node, observer } = this.#cluster;
    const names = observer.pods().map(({ metadata }) => metadata?.name ?? "");
    await Promise.all(names.map((name) => this.#cluster.deletePod(name)));
    for (const name of names) await observer.untilGone(name);
    const leftOvers = () => [
      ...node.hosts().map(({ containerId }) => `host ${containerId}`),
      ...this.#namesOfPods(join(node.rootDirectory, "pods")),
      ...this.#namesOfPods(join(memoryDirectory(node.rootDirectory), "pods")),
      ...this.#namesOfPods(node.podLogsDirectory),
      ...this.#controlGroups(),
    ];
    await eventually("nothing left of the pods", () => Promise.resolve(leftOvers().length === 0)).catch(
      (error: unknown) => {
        throw new Error(`left: ${leftOvers().join("\n")}`, { cause: error });
      },
    );
    await node.process.stop();
    await eventually("no host process", () => Promise.resolve(this.#hostProcesses().length === 0));
  }

  async #create(random: Random): Promise<void> {
    const live = [...this.#pods.values()].filter(({ deleted }) => !deleted);
    if (live.length >= maxLivePods) {
      const oldest = live.find(({ exitCode }) => exitCode !== undefined) ?? live[0];
      if (oldest !== undefined) await this.#remove(oldest, undefined);
    }
    const name = `pod-${++this.#created}`;
    const { expectation, args, spec } = this.#randomPod(name, random);
    const volumeMounts = [
      { name: "state", mountPath: "/state" },
      { name: "words", mountPath: "/words" },
      { name: "runs", mountPath: "/runs" },
    ];
    const volumes = [
      { name: "state", emptyDir: random() < 0.5 ? {} : { medium: "Memory" } },
      random() < 0.5
        ? { name: "words", configMap: { name: "words" } }
        : { name: "words", secret: { secretName: "words" } },
      { name: "runs", hostPath: { path: this.#runsDirectory, type: "Directory" } },
    ];
    const note = ["append", `/runs/${name}`, "x", "cat", "/words/text"];
    this.#count(expectation.exitCode === undefined ? "idle" : "jobs");
    await persistently(
      () => this.#cluster.createPod(name, { args: [...note, ...args], volumeMounts }, { ...spec, volumes }),
      isAlreadyExists,
    );
    // Known from now on: what does not exist cannot be deleted.
    this.#pods.set(name, expectation);
  }

  #randomPod(name: string, random: Random): { expectation: Expectation; args: string[]; spec: Partial<PodSpec> } {
    const pick = <T>(...values: T[]): T => values[Math.floor(random() * values.length)] as T;
    const delay = random() < 0.6 ? [] : ["sleep", String(Math.floor(random() * 3000))];
    const expectation: Expectation = {
      name,
      exitCode: 0,
      restarts: false,
      ticks: false,
      cycles: false,
      deleted: false,
      hostKilled: false,
    };
    switch (pick("exit", "exit", "trap", "on-failure", "hold", "hold", "tick", "always")) {
      case "exit": {
        const exitCode = pick(0, 0, 1, 7, 255);
        return { expectation: { ...expectation, exitCode }, args: [...delay, "exit", String(exitCode)], spec: {} };
      }
      case "trap":
        return { expectation: { ...expectation, exitCode: 134 }, args: [...delay, "trap"], spec: {} };
      case "on-failure":
        return {
          expectation: { ...expectation, restarts: true },
          args: [...delay, "fail-once", "/state/tried", "5", "exit", "0"],
          spec: { restartPolicy: "OnFailure" },
        };
      case "always":
        return {
          expectation: { ...expectation, exitCode: undefined, restarts: true, cycles: true },
          args: ["sleep", "900", "exit", String(pick(0, 3))],
          spec: { restartPolicy: "Always" },
        };
      case "tick":
        return { expectation: { ...expectation, exitCode: undefined, ticks: true }, args: ["tick", "100"], spec: {} };
      default: {
        const restarts = random() < 0.5;
        return {
          expectation: { ...expectation, exitCode: undefined, restarts },
          args: ["hold"],
          spec: { restartPolicy: restarts ? "Always" : "Never" },
        };
      }
    }
  }

  async #delete(random: Random): Promise<void> {
    const live = [...this.#pods.values()].filter(({ deleted }) => !deleted);
    const pod = live[Math.floor(random() * live.length)];
    if (pod === undefined) return;
    await this.#remove(pod, random() < 0.3 ? 0 : undefined);
  }

  async #remove(pod: Expectation, gracePeriodSeconds: number | undefined): Promise<void> {
    pod.deleted = true;
    this.#count(gracePeriodSeconds === 0 ? "forced" : "deleted");
    await persistently(() => this.#cluster.deletePod(pod.name, gracePeriodSeconds), isNotFound);
  }

  #killHost(random: Random): void {
    const { node, observer } = this.#cluster;
    const hosts = node.hosts().filter(({ pid }) => isHost(pid));
    const host = hosts[Math.floor(random() * hosts.length)];
    if (host === undefined) return;
    const pod = observer.pods().find((seen) => {
      const id = statusOf(seen)?.containerID?.replace(/^\w+:\/\//, "");
      return id === host.containerId;
    });
    // Only one whose pod is known can be told from a failure.
    const expectation = this.#pods.get(pod?.metadata?.name ?? "");
    if (expectation === undefined) return;
    expectation.hostKilled = true;
    this.#count("hostKills");
    try {
      process.kill(host.pid, "SIGKILL");
    } catch {
      // Ended meanwhile.
    }
  }

  async #restartNode(random: Random): Promise<void> {
    const { node } = this.#cluster;
    this.#count("nodeKills");
    await node.process.stop(random() < 0.8 ? "SIGKILL" : "SIGTERM");
    await sleep(random() < 0.5 ? 0 : random() * 2000);
    await node.launch();
  }

  async #restartServer(): Promise<void> {
    this.#count("serverKills");
    await this.#cluster.plane.restart();
  }

  #verifyHistory({ name, exitCode, restarts, ticks, hostKilled, deleted }: Expectation): void {
    const { observer } = this.#cluster;
    const history = observer.history(name).toSorted(byVersion);
    for (const { metadata } of history) this.#uids.add(metadata?.uid ?? "");
    let counts = 0;
    let end: string | undefined;
    const ids = new Map<string, number>();
    for (const pod of history) {
      const status = statusOf(pod);
      expect(status?.restartCount ?? 0, `restart count of ${name}`).toBeGreaterThanOrEqual(counts);
      counts = status?.restartCount ?? 0;
      if (end !== undefined) expect(pod.status?.phase, `phase of ${name} after its end`).toBe(end);
      if (hasEnded(pod)) end = pod.status?.phase;
      const id = status?.containerID;
      if (id !== undefined && status?.state?.waiting === undefined) {
        expect(ids.get(id) ?? counts, `restart count of instance ${id} of ${name}`).toBe(counts);
        ids.set(id, counts);
      }
      if (restarts && !deleted && exitCode === undefined) expect(end, `end of ${name}`).toBeUndefined();
    }
    const runs = readText(join(this.#runsDirectory, name)).length;
    if (!restarts) expect(runs, `times that ${name} was started`).toBeLessThanOrEqual(1);
    if (deleted) return;
    const last = history.at(-1);
    const code = last && statusOf(last)?.state?.terminated?.exitCode;
    if (exitCode !== undefined) {
      const killed = hostKilled && !restarts;
      expect(killed ? [exitCode, 137] : [exitCode], `exit code of ${name}`).toContain(code);
      expect(last?.status?.phase, `phase of ${name}`).toBe(code === 0 ? "Succeeded" : "Failed");
      if (!killed) expect(runs, `times that ${name} was started`).toBeGreaterThanOrEqual(restarts ? 2 : 1);
    }
    if (ticks && last !== undefined) this.#verifyTicks(name, last);
  }

  /** The log of a pod that counts has every number once, whoever was killed meanwhile. */
  #verifyTicks(name: string, pod: Pod): void {
    const directory = join(this.#cluster.node.podLogsDirectory, `default_${name}_${pod.metadata?.uid}`, "main");
    const text = readdirSync(directory)
      .sort()
      .map((file) => readText(join(directory, file)))
      .join("");
    const numbers = [...text.matchAll(/^\S+ stdout F (\d+)$/gm)].map(([, number]) => Number(number));
    const wanted = Array.from(numbers, (_, index) => (numbers[0] ?? 0) + index);
    expect(numbers, `numbers in the log of ${name}`).toEqual(wanted);
  }

  #namesOfPods(directory: string): string[] {
    return list(directory).map((name) => join(directory, name));
  }

  /** Control groups of any pod there has been; their hierarchies differ between versions. */
  #controlGroups(): string[] {
    const root = "/sys/fs/cgroup";
    const roots = ["", ...list(root)].map((hierarchy) => join(root, hierarchy, "wherry"));
    return roots
      .flatMap((directory) => [directory, join(directory, "burstable"), join(directory, "besteffort")])
      .flatMap((directory) => list(directory).map((name) => join(directory, name)))
      .filter((path) => this.#uids.has(basename(path).replace(/^pod/, "")));
  }

  /** The host processes of this node, whether or not anything on disk tells of them. */
  #hostProcesses(): number[] {
    const { podLogsDirectory, process: node } = this.#cluster.node;
    const isOurs = (pid: number) =>
      parentOf(pid) === node.pid || descriptors(pid).some((target) => target.startsWith(`${podLogsDirectory}/`));
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => isHost(pid) && isOurs(pid));
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }
}

/** Repeats an idempotent request until the server has answered it; `done` tells of an answer that means the same. */
async function persistently(request: () => Promise<unknown>, done: (error: unknown) => boolean): Promise<void> {
  for (;;) {
    try {
      await request();
      return;
    } catch (error) {
      if (done(error)) return;
      await sleep(100);
    }
  }
}

function statusOf(pod: Pod): ContainerStatus | undefined {
  return pod.status?.containerStatuses?.[0];
}

function hasEnded(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

function isRunning(pod: Pod): boolean {
  return pod.status?.phase === "Running" && statusOf(pod)?.state?.running !== undefined;
}

function byVersion(left: Pod, right: Pod): number {
  return Number(left.metadata?.resourceVersion) - Number(right.metadata?.resourceVersion);
}

/** Those with a guest say so; others wait for one. */
function isHost(pid: number): boolean {
  return /^wherry-host|engine\/src\/host\/main\.ts/.test(readText(`/proc/${pid}/cmdline`));
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(readText(`/proc/${pid}/status`))?.[1]);
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function descriptors(pid: number): string[] {
  const directory = `/proc/${pid}/fd`;
  try {
    return readdirSync(directory).map((name) => readlinkSync(join(directory, name)));
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function memoryDirectory(rootDirectory: string): string {
  const name = createHash("sha256").update(rootDirectory).digest("hex").slice(0, 12);
  return `/dev/shm/wherry-${process.getuid?.() ?? 0}-${name}`;
}

/** Numbers from 0 to 1 that follow from the text alone. */
function randomOf(text: string): Random {
  let state = createHash("sha256").update(text).digest().readUInt32LE();
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}
