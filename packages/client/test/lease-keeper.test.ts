import { createLogger, FakeClock, type LogEntry } from "@wherry/base";
import type { Lease, OwnerReference } from "@wherry/kubernetes";
import { afterEach, describe, expect, test } from "vitest";

import {
  createClient,
  formatMicroTime,
  LeaseKeeper,
  type LeaseKeeperOptions,
  type Transport,
  type TransportRequest,
} from "../src/index.ts";
import { answer, lostConnection, status } from "./fake-api-server.ts";

const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

/** One lease as the API server keeps it. */
class LeaseServer implements Transport {
  lease: Lease | undefined;
  readonly calls: string[] = [];
  readonly times: number[] = [];
  failing = false;
  #version = 0;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  write(lease: Lease): Lease {
    this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(++this.#version) } };
    return this.lease;
  }

  async request({ method, body }: TransportRequest) {
    this.calls.push(method);
    this.times.push(this.#clock.now());
    if (this.failing) throw lostConnection();
    const sent = body === undefined ? undefined : (JSON.parse(String(body)) as Lease);
    if (method === "POST" && sent !== undefined)
      return this.lease === undefined ? answer(201, this.write(sent)) : answer(409, status(409, "AlreadyExists"));
    if (this.lease === undefined) return answer(404, status(404, "NotFound"));
    if (method === "GET" || sent === undefined) return answer(200, this.lease);
    if (sent.metadata?.resourceVersion !== this.lease.metadata?.resourceVersion)
      return answer(409, status(409, "Conflict", "was modified"));
    return answer(200, this.write(sent));
  }

  useIdentity(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function start(options: Partial<LeaseKeeperOptions> = {}): {
  clock: FakeClock;
  server: LeaseServer;
  keeper: LeaseKeeper;
  log: LogEntry[];
} {
  const clock = new FakeClock(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
  const server = new LeaseServer(clock);
  const log: LogEntry[] = [];
  const client = createClient({ server: "https://fake" }, { qps: 0, clock, createTransport: () => server });
  const keeper = new LeaseKeeper({
    client,
    name: "n",
    holderIdentity: "n",
    clock,
    random: () => 0.5,
    logger: createLogger((entry) => void log.push(entry), "debug"),
    ...options,
  });
  const controller = new AbortController();
  const ended = keeper.run(controller.signal);
  running.push(async () => {
    controller.abort();
    await ended;
  });
  return { clock, server, keeper, log };
}

const owner: OwnerReference = { apiVersion: "v1", kind: "Node", name: "n", uid: "u" };

describe("LeaseKeeper", () => {
  test("creates the lease and renews it every ten seconds without reading it", async () => {
    const { clock, server, keeper } = start({ ownerReferences: () => Promise.resolve([owner]) });
    await clock.advance(0);
    expect(server.calls).toEqual(["GET", "POST"]);
    expect(server.lease).toMatchObject({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: "n", namespace: "kube-node-lease", ownerReferences: [owner] },
      spec: { holderIdentity: "n", leaseDurationSeconds: 40, renewTime: "2026-01-02T03:04:05.678000Z" },
    });
    await clock.advance(31_000);
    expect(server.calls).toEqual(["GET", "POST", "PUT", "PUT", "PUT"]);
    // 10 s and half of the 4 % jitter.
    expect(server.lease?.spec?.renewTime).toBe("2026-01-02T03:04:36.278000Z");
    expect(keeper.renewedAtMs).toBe(server.times.at(-1));
  });

  test("does not create the lease before its owner is known", async () => {
    let known = false;
    const { clock, server } = start({ ownerReferences: () => Promise.resolve(known ? [owner] : undefined) });
    await clock.advance(1000);
    expect(new Set(server.calls)).toEqual(new Set(["GET"]));
    known = true;
    await clock.advance(1000);
    expect(server.lease?.metadata?.ownerReferences).toEqual([owner]);
  });

  test("reads the lease again after somebody changed it, keeping what they wrote", async () => {
    const { clock, server } = start();
    await clock.advance(0);
    server.write({ ...server.lease, metadata: { ...server.lease?.metadata, labels: { kept: "yes" } } });
    server.calls.length = 0;
    await clock.advance(11_000);
    expect(server.calls).toEqual(["PUT", "GET", "PUT"]);
    expect(server.lease?.metadata?.labels).toEqual({ kept: "yes" });
  });

  test("creates the lease again after it was deleted", async () => {
    const { clock, server } = start();
    await clock.advance(0);
    server.lease = undefined;
    server.calls.length = 0;
    await clock.advance(11_000);
    expect(server.calls).toEqual(["PUT", "GET", "POST"]);
  });

  test("tries five renewals, then reads with back-off up to seven seconds until the server is back", async () => {
    let repeated = 0;
    const { clock, server } = start({ onRepeatedFailure: () => repeated++ });
    await clock.advance(0);
    server.calls.length = 0;
    server.times.length = 0;
    server.failing = true;
    await clock.advance(40_000);
    expect(server.calls.filter((method) => method === "PUT")).toHaveLength(5);
    expect(repeated).toBe(4);
    // Each read is repeated three times by the client itself.
    const reads = [...new Set(server.times)].slice(0, 9);
    const pauses = reads.slice(1).map((time, index) => time - (reads[index] ?? 0));
    expect(pauses).toEqual([200, 400, 800, 1600, 3200, 6400, 7000, 7000]);
    server.failing = false;
    await clock.advance(7000);
    expect(server.calls.at(-1)).toBe("PUT");
  });
});

test("formatMicroTime() writes six digits", () => {
  expect(formatMicroTime(0)).toBe("1970-01-01T00:00:00.000000Z");
  expect(formatMicroTime(1.25)).toBe("1970-01-01T00:00:00.001250Z");
});
