import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ContainerInstance,
  containerStatus,
  findContainerStatus,
  findPodCondition,
  isTerminalPhase,
  type PodStatus,
  parseApiTime,
  podStatus,
} from "../../src/index.ts";
import { spec } from "./builders.ts";

/** One moment of a container: its newest instance, as a history grows. */
const moment = fc.record({
  state: fc.constantFrom("created", "running", "exited", "unknown", "gone"),
  exitCode: fc.constantFrom(0, 1, 137),
  newInstance: fc.boolean(),
  waiting: fc.boolean(),
});
const history = fc.array(fc.record({ containers: fc.tuple(moment, moment), stopped: fc.boolean() }), { maxLength: 12 });

describe("pod rules, random histories", () => {
  test("podStatus() and containerStatus() keep their invariants", () => {
    fc.assert(
      fc.property(fc.constantFrom("Always", "OnFailure", "Never"), history, (restartPolicy, moments) => {
        const pod = { metadata: { name: "p" }, spec: spec(restartPolicy, 2) };
        const instances: ContainerInstance[][] = [[], []];
        let previous: PodStatus | undefined;
        let nowMs = 1_700_000_000_000;
        let stopped = false;
        for (const { containers, stopped: stops } of moments) {
          nowMs += 2000;
          stopped ||= stops;
          const statuses = containers.map((next, index) => {
            const list = grow(instances[index] ?? [], next, nowMs);
            instances[index] = list;
            const waiting = next.waiting ? { reason: "CrashLoopBackOff", message: "" } : undefined;
            const container = pod.spec.containers[index] ?? { name: "" };
            const before = findContainerStatus(previous?.containerStatuses, container.name);
            return containerStatus({
              pod,
              kind: "app",
              container,
              instances: next.state === "gone" ? [] : list,
              previous: before,
              waiting,
              stopping: stopped,
              started: true,
              ready: true,
            });
          });
          const after = podStatus({
            pod,
            previous,
            initContainerStatuses: [],
            containerStatuses: statuses,
            ephemeralContainerStatuses: [],
            sandboxReady: true,
            podIps: [],
            hostIps: [],
            stopped,
            nowMs,
          });
          check(previous, after, stopped);
          previous = after;
        }
      }),
      { numRuns: Number(process.env["WHERRY_RANDOM_RUNS"] ?? 500) },
    );
  });
});

function grow(
  list: ContainerInstance[],
  next: { state: string; exitCode: number; newInstance: boolean },
  nowMs: number,
) {
  if (next.state === "gone") return list;
  const [newest] = list;
  const state = next.state as ContainerInstance["state"];
  const makeNew = newest === undefined || (next.newInstance && newest.state === "exited");
  if (!makeNew && newest.state === "exited") return list;
  const attempt = makeNew ? (newest?.attempt ?? -1) + 1 : newest.attempt;
  const instance: ContainerInstance = {
    id: `rt://${attempt}`,
    name: "",
    attempt,
    state,
    createdAtMs: makeNew ? nowMs : newest.createdAtMs,
    startedAtMs: makeNew ? nowMs : newest.startedAtMs,
    finishedAtMs: state === "exited" ? nowMs : 0,
    exitCode: next.exitCode,
    reason: "",
    message: "",
    image: "",
    imageRef: "",
  };
  return makeNew ? [instance, ...list].slice(0, 2) : [instance, ...list.slice(1)];
}

function check(before: PodStatus | undefined, after: PodStatus, stopped: boolean): void {
  if (isTerminalPhase(before?.phase)) expect(after.phase).toBe(before?.phase);
  if (isTerminalPhase(after.phase)) expect(stopped).toBe(true);
  if (findPodCondition(after, "Ready")?.status === "True")
    expect(after.containerStatuses?.every(({ ready }) => ready)).toBe(true);
  for (const status of after.containerStatuses ?? []) {
    const earlier = findContainerStatus(before?.containerStatuses, status.name);
    expect(status.restartCount).toBeGreaterThanOrEqual(earlier?.restartCount ?? 0);
    const states = [status.state?.running, status.state?.waiting, status.state?.terminated];
    expect(states.filter((state) => state !== undefined)).toHaveLength(1);
    const last = parseApiTime(status.lastState?.terminated?.finishedAt);
    const started = parseApiTime(status.state?.running?.startedAt ?? status.state?.terminated?.startedAt);
    if (last !== undefined && started !== undefined) expect(last).toBeLessThanOrEqual(started);
  }
}
