import { execFileSync } from "node:child_process";
import type { Event, Pod, PodStatus } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { compareTraces, scenariosOfUnmet, unmetDifferences } from "./compare-traces.ts";
import { shellScript } from "./shell-script.ts";
import { traceOf } from "./trace.ts";

const pod = (status: PodStatus): Pod => ({ spec: { containers: [] }, status });
const main = (restartCount: number, state: object, lastState: object = {}) => ({
  name: "main",
  image: "",
  imageID: "",
  ready: false,
  restartCount,
  state,
  lastState,
});
const startedAt = "2026-01-01T00:00:00Z";
const failed = { terminated: { exitCode: 1, reason: "Error", startedAt } };

describe("shellScript()", () => {
  test("shellScript() does what the workload kit would", () => {
    const script = shellScript(["print", "it's $(HOME)", "env", "NAME", "error", "no", "sleep", "1", "exit", "3"]);
    let ended: unknown;
    try {
      execFileSync("/bin/sh", ["-c", script], { env: { NAME: "value" }, stdio: "pipe" });
    } catch (error) {
      ended = error;
    }
    expect(ended).toMatchObject({ status: 3 });
    expect(String((ended as { stdout: Buffer }).stdout)).toBe("it's $(HOME)\nvalue\n");
    expect(String((ended as { stderr: Buffer }).stderr)).toBe("no\n");
  });

  test("shellScript() names a command that it does not know", () => {
    expect(() => shellScript(["serve", "80"])).toThrow(/Cannot write a script for "serve": known are print,/);
    expect(() => shellScript(["serve-files", "/www"])).toThrow(/"serve-files": its container has no port$/);
  });
});

describe("traceOf()", () => {
  test("traceOf() is the same however many changes a kubelet writes as one", () => {
    const waiting = { waiting: { reason: "CrashLoopBackOff" } };
    const ready = { type: "Ready", status: "True" };
    const unready = { type: "Ready", status: "False", reason: "ContainersNotReady" };
    const running = { running: { startedAt } };
    const creating = { waiting: { reason: "ContainerCreating" } };
    const each = traceOf(
      [
        pod({ phase: "Pending", conditions: [unready], containerStatuses: [main(0, creating)] }),
        pod({ phase: "Running", conditions: [ready], containerStatuses: [main(0, running)] }),
        pod({ phase: "Running", conditions: [unready], containerStatuses: [main(0, failed)] }),
        pod({ phase: "Running", conditions: [unready], containerStatuses: [main(0, waiting, failed)] }),
        pod({ phase: "Running", conditions: [ready], containerStatuses: [main(1, running, failed)] }),
        pod({ phase: "Running", conditions: [unready], containerStatuses: [main(1, waiting, failed)] }),
      ],
      [],
    );
    const few = traceOf(
      [
        pod({ phase: "Pending" }),
        pod({ phase: "Running", conditions: [ready], containerStatuses: [main(0, running)] }),
        pod({ phase: "Running", conditions: [unready], containerStatuses: [main(1, running, failed)] }),
        pod({ phase: "Running", conditions: [unready], containerStatuses: [main(1, waiting, failed)] }),
      ],
      [],
    );
    expect(few).toEqual(each);
    expect(each.get("container main")).toEqual([
      "#0 running",
      "#0 terminated Error 1",
      "#1 running",
      "#1 terminated Error 1",
    ]);
  });

  test("traceOf() tells the part of a waiting container's message that is asked for", () => {
    const waiting = {
      waiting: { reason: "ImagePullBackOff", message: 'Back-off of "x": ErrImagePull: no such image' },
    };
    const seen = [pod({ containerStatuses: [main(0, waiting)] })];
    const told = (waitingMessages?: RegExp) => traceOf(seen, [], { waitingMessages }).get("container main waiting");
    expect(told()).toEqual(["ImagePullBackOff"]);
    expect(told(/^.*: ErrImagePull/)).toEqual(['ImagePullBackOff Back-off of "x": ErrImagePull']);
    expect(told(/^never/)).toEqual(["ImagePullBackOff"]);
  });

  test("traceOf() tells which containers ended well after which others, if that is asked for", () => {
    const ended = (name: string, second: number) => ({
      ...main(0, { terminated: { exitCode: 0, finishedAt: `2026-01-01T00:00:0${second}Z` } }),
      name,
    });
    const status = {
      initContainerStatuses: [ended("one", 6), ended("two", 5)],
      containerStatuses: [ended("main", 1)],
    };
    expect(traceOf([pod(status)], [], { endOrder: true }).get("end order")).toEqual(["main", "one and two"]);
    expect(traceOf([pod(status)], []).has("end order")).toBe(false);
  });

  test("traceOf() has events once, by type, reason and place", () => {
    const event = (component: string): Event =>
      ({
        type: "Normal",
        reason: "Started",
        source: { component },
        involvedObject: { fieldPath: "spec.containers{main}" },
      }) as Event;
    const events = [event("kubelet"), event("kubelet"), event("scheduler")];
    expect(traceOf([pod({})], events).get("events")).toEqual(["Normal Started spec.containers{main}"]);
  });

  test("traceOf() tells in how many objects events are, and whether they are counted, if that is asked for", () => {
    const event = (reason: string, count?: number): Event =>
      ({ type: "Warning", reason, source: { component: "kubelet" }, involvedObject: {}, count }) as Event;
    const events = [event("BackOff", 7), event("Failed", 1), event("Failed", 1)];
    const trace = traceOf([pod({})], events, { eventCounts: true });
    expect(trace.get("event counts")).toEqual(["Warning BackOff in 1 counted", "Warning Failed in 2"]);
    expect(trace.get("event fields")).toEqual(["count involvedObject reason source type"]);
    expect(traceOf([pod({})], events).has("event counts")).toBe(false);
  });

  test("traceOf() tells what containers have and what was said of resizes, if that is asked for", () => {
    const condition = { type: "PodResizePending", status: "True", reason: "Deferred", message: "no room" };
    const status = {
      observedGeneration: 2,
      conditions: [{ ...condition, observedGeneration: 1 }],
      containerStatuses: [{ ...main(0, {}), resources: { requests: { memory: "1", cpu: "2" } } }],
    };
    const event = { reason: "ResizeDeferred", message: "not now", involvedObject: {} } as Event;
    const seen = { ...pod(status), metadata: { generation: 2 } };
    const trace = traceOf([seen], [event], { resources: true });
    expect(trace.get("container main resources")).toEqual([
      'resources {"requests":{"cpu":"2","memory":"1"}}',
      "allocated {}",
    ]);
    expect(trace.get("observed generation")).toEqual(["current"]);
    expect(trace.get("resize conditions")).toEqual(["PodResizePending Deferred no room behind"]);
    expect(trace.get("resize events")).toEqual(["ResizeDeferred not now"]);
  });
});

describe("compareTraces()", () => {
  const go = new Map([["phase", ["Pending", "Failed"]]]);
  const wherry = new Map([["phase", ["Pending", "Running", "Failed"]]]);
  const running = /^Running$/;
  const known = { title: "t", reason: "r", facts: [{ subject: /^phase$/, wherry: running }] };

  test("compareTraces() names what differs", () => {
    expect(compareTraces("s", go, wherry, []).differences).toEqual([
      "phase\n    Go kubelet: Pending, Failed\n    Wherry:     Pending, Running, Failed",
    ]);
    expect(compareTraces("s", go, wherry, [{ ...known, scenarios: ["another"] }]).differences).toHaveLength(1);
  });

  test("compareTraces() accepts what is known, and tells that it was met", () => {
    const { differences, met } = compareTraces("s", go, wherry, [known]);
    expect(differences).toEqual([]);
    expect([...met]).toEqual([running]);
    expect(unmetDifferences([known], met)).toEqual([]);
  });

  test("unmetDifferences() names each pattern that no fact was known by, unless it is for the moment", () => {
    const more = { ...known, facts: [...known.facts, { subject: /^events$/, go: /^A$/, wherry: /^B$/ }] };
    const { met } = compareTraces("s", go, wherry, [more]);
    expect(unmetDifferences([more], met)).toEqual(["t: /^events$/ /^A$/", "t: /^events$/ /^B$/"]);
    expect(unmetDifferences([{ ...more, sometimes: true }], met)).toEqual([]);
    expect([
      ...scenariosOfUnmet(
        [
          { ...known, scenarios: ["met"] },
          { ...more, scenarios: ["s"] },
        ],
        met,
      ),
    ]).toEqual(["s"]);
  });

  test("compareTraces() notices another order", () => {
    const other = new Map([["phase", ["Failed", "Pending"]]]);
    expect(compareTraces("s", go, other, []).differences).toHaveLength(1);
  });
});
