import type { Pod } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { podPrinter } from "../src/resources/pods/pod-printer.ts";
import { ResourceIndex, resourceTable } from "../src/resources/resource-table.ts";
import { ageOf, humanDuration } from "../src/tables/age.ts";
import { columnDefinitions, tableRow } from "../src/tables/table.ts";

const nowMs = Date.parse("2026-01-02T00:00:00Z");
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

test.each([
  [-5 * second, "<invalid>"],
  [0, "0s"],
  [119 * second, "119s"],
  [120 * second, "2m"],
  [3 * minute + 20 * second, "3m20s"],
  [10 * minute + 20 * second, "10m"],
  [179 * minute, "179m"],
  [3 * hour, "3h"],
  [7 * hour + 30 * minute, "7h30m"],
  [8 * hour + 30 * minute, "8h"],
  [47 * hour, "47h"],
  [2 * day + 2 * hour, "2d2h"],
  [8 * day + 5 * hour, "8d"],
  [729 * day, "729d"],
  [800 * day, "2y70d"],
  [9 * 365 * day, "9y"],
])("humanDuration(%d) is %s", (durationMs, text) => {
  expect(humanDuration(durationMs)).toBe(text);
});

test("ageOf() says when it does not know", () => {
  expect(ageOf(undefined, nowMs)).toBe("<unknown>");
});

function cellsOf(pod: Partial<Pod>): readonly unknown[] {
  const created = { metadata: { name: "p", creationTimestamp: "2026-01-01T23:59:00Z" } };
  return podPrinter.cells({ spec: { containers: [{ name: "a" }] }, ...created, ...pod }, nowMs);
}

const waiting = (reason: string) => ({
  name: "a",
  image: "",
  imageID: "",
  ready: false,
  restartCount: 0,
  state: { waiting: { reason } },
});
const running = (ready: boolean, restartCount = 0) => ({
  name: "a",
  image: "",
  imageID: "",
  ready,
  restartCount,
  state: { running: { startedAt: "2026-01-01T23:59:30Z" } },
});
const ended = (exitCode: number, reason?: string) => ({
  name: "a",
  image: "",
  imageID: "",
  ready: false,
  restartCount: 0,
  state: { terminated: { exitCode, reason } },
});

describe("podPrinter", () => {
  test.each<[string, Partial<Pod>, string, string]>([
    ["pending", { status: { phase: "Pending" } }, "0/1", "Pending"],
    [
      "creating",
      { status: { phase: "Pending", containerStatuses: [waiting("ContainerCreating")] } },
      "0/1",
      "ContainerCreating",
    ],
    [
      "crashing",
      { status: { phase: "Running", containerStatuses: [waiting("CrashLoopBackOff")] } },
      "0/1",
      "CrashLoopBackOff",
    ],
    ["running", { status: { phase: "Running", containerStatuses: [running(true)] } }, "1/1", "Running"],
    ["not ready", { status: { phase: "Running", containerStatuses: [running(false)] } }, "0/1", "Running"],
    ["completed", { status: { phase: "Succeeded", containerStatuses: [ended(0, "Completed")] } }, "0/1", "Completed"],
    ["failed", { status: { phase: "Failed", containerStatuses: [ended(3)] } }, "0/1", "ExitCode:3"],
    ["evicted", { status: { phase: "Failed", reason: "Evicted" } }, "0/1", "Evicted"],
  ])("shows a pod that is %s", (_, pod, ready, status) => {
    expect(cellsOf(pod).slice(0, 2)).toEqual([ready, status]);
  });

  test("shows progress and failure of init containers", () => {
    const spec = { containers: [{ name: "a" }], initContainers: [{ name: "i" }, { name: "j" }] };
    const init = (state: object) => ({ ...running(false), name: "j", state });
    const done = { ...ended(0), name: "i" };
    const with2 = (state: object): Partial<Pod> => ({
      spec,
      status: { phase: "Pending", initContainerStatuses: [done, init(state)] },
    });
    expect(cellsOf(with2({ waiting: { reason: "PodInitializing" } }))[1]).toBe("Init:1/2");
    expect(cellsOf(with2({ waiting: { reason: "CrashLoopBackOff" } }))[1]).toBe("Init:CrashLoopBackOff");
    expect(cellsOf(with2({ terminated: { exitCode: 1, reason: "Error" } }))[1]).toBe("Init:Error");
  });

  test("counts sidecars as containers", () => {
    const spec = { containers: [{ name: "a" }], initContainers: [{ name: "s", restartPolicy: "Always" }] };
    const sidecar = { ...running(true), name: "s", started: true };
    expect(
      cellsOf({
        spec,
        status: { phase: "Running", containerStatuses: [running(true)], initContainerStatuses: [sidecar] },
      })[0],
    ).toBe("2/2");
  });

  test("counts the containers of an initialised pod while a sidecar restarts, and not before", () => {
    const spec = {
      containers: [{ name: "a" }],
      initContainers: [
        { name: "s", restartPolicy: "Always" as const },
        { name: "t", restartPolicy: "Always" as const },
      ],
    };
    const crashing = { ...waiting("CrashLoopBackOff"), name: "s", started: false, restartCount: 3 };
    const other = { ...running(true), name: "t", started: true };
    const of = (initialized: "True" | "False") =>
      cellsOf({
        spec,
        status: {
          phase: "Running",
          conditions: [{ type: "Initialized", status: initialized }],
          initContainerStatuses: [crashing, other],
          containerStatuses: [running(true, 1)],
        },
      }).slice(0, 3);
    // As upstream, which looks no further than the first that holds up.
    expect(of("True")).toEqual(["1/3", "Init:CrashLoopBackOff", "4"]);
    expect(of("False")).toEqual(["0/3", "Init:CrashLoopBackOff", "3"]);
  });

  test("says when a pod is terminating and when it last restarted", () => {
    const metadata = {
      name: "p",
      creationTimestamp: "2026-01-01T00:00:00Z",
      deletionTimestamp: "2026-01-02T00:00:00Z",
    };
    expect(cellsOf({ metadata, status: { phase: "Running", containerStatuses: [running(true)] } })[1]).toBe(
      "Terminating",
    );
    const restarted = {
      ...running(true, 2),
      lastState: { terminated: { exitCode: 1, finishedAt: "2026-01-01T23:59:00Z" } },
    };
    expect(cellsOf({ status: { phase: "Running", containerStatuses: [restarted] } })[2]).toBe("2 (60s ago)");
  });
});

test("every resource has as many cells as columns", () => {
  for (const definition of new ResourceIndex(resourceTable).definitions) {
    if (definition.isVirtual) continue;
    const object = {
      apiVersion: "v1",
      kind: definition.kind,
      metadata: { name: "x" },
      spec: { containers: [] },
      involvedObject: {},
      regarding: {},
      handler: "h",
      addressType: "IPv4",
    };
    const row = tableRow(definition, object, nowMs, "None");
    expect(row.cells.length, definition.resource).toBe(columnDefinitions(definition).length);
  }
});
