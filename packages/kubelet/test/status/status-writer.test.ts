import { FakeClock, silentLogger } from "@wherry/base";
import type { Pod, PodStatus } from "@wherry/kubernetes";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { statusPatch } from "../../src/status/status-patch.ts";
import { StatusWriter } from "../../src/status/status-writer.ts";
import { FakePodApi } from "../support/fake-pod-api.ts";
import { podOf } from "../support/kubelet-harness.ts";

const own = new Set(["Ready", "ContainersReady"]);
const now = "2026-01-01T00:00:00Z";
const ready = { type: "Ready", status: "True", lastTransitionTime: now };

function patchBetween(before: PodStatus, after: PodStatus, observed: PodStatus = before) {
  return statusPatch(after, { sent: before, stored: before, observed }, own);
}

describe("statusPatch()", () => {
  test("statusPatch() of equal statuses is undefined", () => {
    const status: PodStatus = { phase: "Running", conditions: [ready], podIPs: [{ ip: "10.0.0.1" }] };
    expect(patchBetween(status, structuredClone(status))).toBeUndefined();
  });

  test("statusPatch() holds only what changed, and null for what went", () => {
    expect(patchBetween({ phase: "Pending", reason: "x", hostIP: "h" }, { phase: "Running", hostIP: "h" })).toEqual({
      phase: "Running",
      reason: null,
    });
  });

  test("statusPatch() replaces address lists, which would merge otherwise", () => {
    expect(patchBetween({ podIPs: [{ ip: "a" }] }, { podIPs: [{ ip: "b" }] })).toEqual({
      podIPs: [{ $patch: "replace" }, { ip: "b" }],
    });
  });

  test("statusPatch() clears reason and message of a condition, and never touches others'", () => {
    const before = {
      conditions: [
        { ...ready, status: "False", reason: "R", message: "m" },
        { type: "example.com/x", status: "True" },
      ],
    };
    expect(patchBetween(before, { conditions: [ready] })).toEqual({
      conditions: [{ reason: null, message: null, ...ready }],
    });
  });

  test("statusPatch() ignores what the server completed, and repairs what somebody else changed", () => {
    const sent: PodStatus = { phase: "Running", containerStatuses: [] };
    const stored: PodStatus = { phase: "Running", containerStatuses: [], resize: "defaulted" };
    const knowledge = { sent, stored, observed: stored };
    expect(statusPatch(sent, knowledge, own)).toBeUndefined();
    expect(statusPatch(sent, { ...knowledge, observed: { ...stored, phase: "Failed" } }, own)).toEqual({
      phase: "Running",
    });
    expect(
      statusPatch(sent, { ...knowledge, observed: { ...stored, reason: "ByOther", message: "of it" } }, own),
    ).toEqual({
      reason: null,
      message: null,
    });
  });
});

describe("StatusWriter", () => {
  let clock: FakeClock;
  let api: FakePodApi;
  let writer: StatusWriter;
  let abort: AbortController;
  let running: Promise<void>;
  let pod: Pod;

  beforeEach(() => {
    clock = new FakeClock();
    api = new FakePodApi(clock);
    writer = new StatusWriter({ api, clock, logger: silentLogger });
    abort = new AbortController();
    running = writer.run(abort.signal);
    api.onChange((uid) => {
      const changed = api.get(uid);
      if (changed !== undefined) writer.observed(changed);
    });
    pod = api.create(podOf("p"));
    writer.observed(pod);
  });

  afterEach(async () => {
    abort.abort();
    await running;
  });

  const uid = "uid-p";

  test("set() writes at once, and the latest of several while a write is under way", async () => {
    api.latencyMs = 10;
    writer.set(uid, { phase: "Pending", message: "1" });
    await clock.advance(0);
    for (const message of ["2", "3", "4"]) writer.set(uid, { phase: "Running", message });
    await clock.advance(30);
    expect(api.history.get("p")?.map(({ message }) => message)).toEqual(["1", "4"]);
  });

  test("set() is repeated until it is stored", async () => {
    api.down = true;
    writer.set(uid, { phase: "Running" });
    await clock.advance(5000);
    expect(api.patches).toBe(0);
    api.down = false;
    await clock.advance(10_000);
    expect(api.byName("p")?.status?.phase).toBe("Running");
  });

  test("set() never takes a terminal phase back", async () => {
    writer.set(uid, { phase: "Succeeded" });
    writer.set(uid, { phase: "Running" });
    await clock.advance(0);
    expect(api.phases("p")).toEqual(["Succeeded"]);
  });

  test("set() for a pod that was recreated under its name changes nothing", async () => {
    api.delete("p", 0);
    const again = podOf("p");
    api.create({ ...again, metadata: { ...again.metadata, uid: "uid-other" } });
    writer.set(uid, { phase: "Failed" });
    await clock.advance(0);
    expect(api.byName("p")?.status?.phase).toBe("Pending");
  });

  test("observed() repairs what somebody else overwrote", async () => {
    writer.set(uid, { phase: "Running" });
    await clock.advance(0);
    api.update("p", (current) => ({ ...current, status: { ...current.status, phase: "Unknown" } }));
    await clock.advance(0);
    expect(api.byName("p")?.status?.phase).toBe("Running");
  });

  test("finish() deletes the object only when the API asks for it and the end is stored", async () => {
    writer.set(uid, { phase: "Succeeded" });
    writer.finish(uid);
    await clock.advance(0);
    expect(api.deletions).toEqual([]);
    api.delete("p");
    await clock.advance(0);
    expect(api.deletions).toEqual(["p"]);
  });

  test("finish() of a pod without a terminal phase deletes nothing", async () => {
    api.delete("p");
    writer.set(uid, { phase: "Running" });
    writer.finish(uid);
    await clock.advance(10_000);
    expect(api.deletions).toEqual([]);
  });

  test("finish() tries the delete until it succeeds", async () => {
    api.delete("p");
    writer.set(uid, { phase: "Failed" });
    await clock.advance(0);
    api.down = true;
    writer.finish(uid);
    await clock.advance(5000);
    expect(api.deletions).toEqual([]);
    api.down = false;
    await clock.advance(10_000);
    expect(api.deletions).toEqual(["p"]);
  });
});
