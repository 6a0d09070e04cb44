import type { Container, PodSpec, PodStatus } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { containerHash } from "../../src/standard/container-hash.ts";
import { podActions } from "../../src/standard/pod-actions.ts";
import type { Instance } from "../../src/standard/pod-facts.ts";

function instance(name: string, more: Partial<Instance> = {}): Instance {
  return {
    id: `rt://${name}`,
    runtimeId: name,
    sandboxId: "s1",
    name,
    attempt: 0,
    state: "running",
    createdAtMs: 0,
    startedAtMs: 0,
    finishedAtMs: 0,
    exitCode: 0,
    reason: "",
    message: "",
    image: "app:v1",
    imageRef: "",
    specHash: containerHash({ name, image: "app:v1" }),
    resources: {},
    logPath: "",
    ...more,
  };
}

const exited = (name: string, exitCode: number, more: Partial<Instance> = {}) =>
  instance(name, { state: "exited", exitCode, ...more });
const app = (name: string, more: Partial<Container> = {}): Container => ({ name, image: "app:v1", ...more });
const sidecar = (name: string) => app(name, { restartPolicy: "Always" });

interface Case {
  readonly spec: PodSpec;
  readonly instances?: readonly Instance[];
  readonly sandboxId?: string | undefined;
  readonly status?: PodStatus;
  readonly closed?: readonly string[];
  readonly failed?: Readonly<Record<string, "liveness" | "startup">>;
  readonly restartingAll?: boolean;
}

function actions({
  spec,
  instances = [],
  status = {},
  closed = [],
  failed = {},
  restartingAll = false,
  ...rest
}: Case) {
  const result = podActions({
    pod: { spec },
    status,
    restartingAll,
    sandboxId: "sandboxId" in rest ? rest.sandboxId : "s1",
    instancesOf: (name) => instances.filter((candidate) => candidate.name === name),
    ephemeral: spec.ephemeralContainers ?? [],
    isStarted: (name) => !closed.includes(name),
    probeFailure: (name) => failed[name],
  });
  return {
    ...result,
    start: result.start.map(({ name }) => name),
    replace: result.replace.map(({ container }) => container.name),
    stops: result.replace.map(({ message, restart, gracePeriodSeconds }) => ({ message, restart, gracePeriodSeconds })),
  };
}

describe("podActions()", () => {
  const spec = (
    restartPolicy: string,
    containers = [app("a"), app("b")],
    initContainers: Container[] = [],
  ): PodSpec => ({
    restartPolicy,
    containers,
    initContainers,
  });

  test("podActions() of a new pod wants a sandbox, then all app containers in order", () => {
    expect(actions({ spec: spec("Always"), sandboxId: undefined })).toMatchObject({ needsSandbox: true, done: false });
    expect(actions({ spec: spec("Always") })).toMatchObject({
      needsSandbox: false,
      start: ["a", "b"],
      initialized: true,
    });
  });

  test.each([
    ["Always", 0, ["a"], false],
    ["Always", 1, ["a"], false],
    ["OnFailure", 0, [], true],
    ["OnFailure", 1, ["a"], false],
    ["Never", 0, [], true],
    ["Never", 1, [], true],
  ])("podActions() with %s after exit %i", (policy, exitCode, start, done) => {
    expect(actions({ spec: spec(policy, [app("a")]), instances: [exited("a", exitCode)] })).toMatchObject({
      start,
      done,
    });
  });

  test("podActions() goes by what was published where the instance it speaks of is gone and an older one is there", () => {
    const ended = (exitCode: number) => ({
      ...{ name: "a", image: "", imageID: "", ready: false, restartCount: 1, containerID: "rt://a-1" },
      state: { terminated: { exitCode } },
    });
    const after = (exitCode: number) =>
      actions({
        spec: spec("OnFailure", [app("a")]),
        instances: [exited("a", 1)],
        status: { containerStatuses: [ended(exitCode)] },
      });
    expect(after(0)).toMatchObject({ start: [], done: true });
    expect(after(1)).toMatchObject({ start: ["a"], done: false });
  });

  test("podActions() is done only when the last app container is", () => {
    expect(actions({ spec: spec("Never"), instances: [exited("a", 1), instance("b")] }).done).toBe(false);
    expect(actions({ spec: spec("Never"), instances: [exited("a", 1), exited("b", 0)] }).done).toBe(true);
  });

  test("podActions() makes no sandbox for a pod whose work is done", () => {
    const instances = [exited("a", 0), exited("b", 0)];
    expect(actions({ spec: spec("OnFailure"), instances, sandboxId: undefined })).toMatchObject({
      done: true,
      needsSandbox: false,
    });
  });

  test("podActions() takes what ran in another sandbox for ended", () => {
    const instances = [instance("a", { sandboxId: "s0" }), exited("b", 0, { sandboxId: "s0" })];
    expect(actions({ spec: spec("OnFailure"), instances }).start).toEqual(["a"]);
    expect(actions({ spec: spec("Never"), instances }).done).toBe(true);
  });

  test("podActions() goes by the published status where the runtime knows nothing", () => {
    const published = (state: object): PodStatus => ({
      containerStatuses: [{ name: "a", image: "", imageID: "", ready: false, restartCount: 0, ...state }],
    });
    const never = spec("Never", [app("a")]);
    expect(actions({ spec: never, status: published({ state: { running: {} } }) }).done).toBe(true);
    expect(actions({ spec: never, status: published({ state: { terminated: { exitCode: 0 } } }) }).done).toBe(true);
    expect(actions({ spec: never, status: published({ state: { waiting: {} } }) }).start).toEqual(["a"]);
  });

  describe("with a rule that restarts all containers", () => {
    const restarts = {
      restartPolicy: "Never",
      restartPolicyRules: [{ action: "RestartAllContainers", exitCodes: { operator: "In", values: [42] } }],
    };
    const asking = spec("Never", [app("a", restarts), app("b")], [app("i", restarts)]);
    const nothing = { restartAll: false, done: false };

    test.each<[string, Instance[], object]>([
      ["while they run", [exited("i", 0), instance("a"), instance("b")], nothing],
      ["after another exit", [exited("i", 0), exited("a", 1), instance("b")], nothing],
      ["after the exit", [exited("i", 0), exited("a", 42), instance("b")], { restartAll: true, start: [] }],
      [
        "after the exit as the last",
        [exited("i", 0), exited("a", 42), exited("b", 0)],
        { restartAll: true, done: false },
      ],
      ["after that of an init container", [exited("i", 42)], { restartAll: true, done: false, start: [] }],
      ["after that of one without a rule", [exited("i", 0), instance("a"), exited("b", 42)], nothing],
      ["after that of an earlier instance", [exited("i", 0), instance("a", { attempt: 1 }), exited("a", 42)], nothing],
    ])("podActions() %s", (_when, instances, expected) => {
      expect(actions({ spec: asking, instances })).toMatchObject(expected);
    });

    test("podActions() goes on with what was begun, and then starts all that was removed", () => {
      expect(actions({ spec: asking, restartingAll: true })).toMatchObject({ restartAll: true, done: false });
      const terminated = { exitCode: 137, reason: "RestartingAllContainers" };
      const removed = (name: string) => ({
        ...{ name, image: "", imageID: "", ready: false, restartCount: 1 },
        state: { waiting: { reason: "PodInitializing" } },
        lastState: { terminated },
      });
      const status = { initContainerStatuses: [removed("i")], containerStatuses: [removed("a"), removed("b")] };
      expect(actions({ spec: asking, status })).toMatchObject({ ...nothing, start: ["i"] });
      expect(actions({ spec: asking, status, instances: [exited("i", 0)] })).toMatchObject({
        ...nothing,
        start: ["a", "b"],
      });
    });
  });

  test("podActions() replaces a running container whose image changed, and no other", () => {
    const changed = spec("Never", [app("a", { image: "app:v2" }), app("b")]);
    const result = actions({ spec: changed, instances: [instance("a"), instance("b")] });
    expect(result).toMatchObject({ replace: ["a"], start: [], done: false });
    expect(result.replace).toHaveLength(1);
  });

  test("podActions() starts a container that was made but never ran", () => {
    expect(
      actions({ spec: spec("Never", [app("a")]), instances: [instance("a", { state: "created" })] }).start,
    ).toEqual(["a"]);
  });

  describe("with init containers", () => {
    const withInit = (policy: string) => spec(policy, [app("a")], [sidecar("s"), app("i"), app("j")]);

    test.each<[string, Instance[], string[], string[]]>([
      ["at first", [], [], ["s"]],
      ["while the sidecar's gate is closed", [instance("s")], ["s"], []],
      ["once the sidecar started", [instance("s")], [], ["i"]],
      ["while the first one runs", [instance("s"), instance("i")], [], []],
      ["after the first one", [instance("s"), exited("i", 0)], [], ["j"]],
      ["after the first one failed", [instance("s"), exited("i", 1)], [], ["i"]],
      ["after both", [instance("s"), exited("i", 0), exited("j", 0)], [], ["a"]],
      ["when the sidecar fell over meanwhile", [exited("s", 1), instance("i")], [], ["s"]],
      ["when the sidecar fell over and the first one is done", [exited("s", 1), exited("i", 0)], [], ["s", "j"]],
      ["when the sidecar is up again but not started", [instance("s"), exited("i", 0)], ["s"], ["j"]],
      ["once an app container ran", [exited("s", 1), instance("a")], [], ["s"]],
    ])("podActions() %s", (_when, instances, closed, start) => {
      expect(actions({ spec: withInit("Always"), instances, closed })).toMatchObject({ start, done: false });
    });

    test("podActions() of a pod that never restarts is done when the sandbox is lost in which something of it ran", () => {
      const lost = { spec: withInit("Never"), sandboxId: undefined };
      expect(actions({ ...lost, instances: [exited("i", 0, { sandboxId: "s0" })] }).done).toBe(true);
      const status: PodStatus = {
        initContainerStatuses: [
          { name: "i", image: "", imageID: "", ready: true, restartCount: 0, state: { running: {} } },
        ],
      };
      expect(actions({ ...lost, status }).done).toBe(true);
      expect(actions(lost)).toMatchObject({ done: false, needsSandbox: true });
      expect(actions({ ...lost, spec: withInit("OnFailure"), instances: [exited("i", 0)] }).done).toBe(false);
    });

    const rule = { action: "RestartAllContainers", exitCodes: { operator: "NotIn", values: [0] } };
    const asking = spec("OnFailure", [app("a")], [app("s", { restartPolicy: "Always", restartPolicyRules: [rule] })]);

    test.each<[string, PodSpec, Instance[], boolean]>([
      ["while the app runs", asking, [exited("s", 143, { finishedAtMs: 5 }), instance("a")], true],
      [
        "before the app was killed for it",
        asking,
        [exited("s", 1, { finishedAtMs: 5 }), exited("a", 0, { finishedAtMs: 6 })],
        true,
      ],
      [
        "after the app had ended",
        asking,
        [exited("s", 143, { finishedAtMs: 7 }), exited("a", 0, { finishedAtMs: 6 })],
        false,
      ],
      [
        "after the app, which restarts",
        asking,
        [exited("s", 143, { finishedAtMs: 7 }), exited("a", 1, { finishedAtMs: 6 })],
        true,
      ],
    ])("podActions() of a sidecar whose end asks to restart all, %s", (_when, given, instances, restartAll) => {
      expect(actions({ spec: given, instances })).toMatchObject({ restartAll, done: !restartAll });
    });

    test("podActions() of a changed sidecar has upstream's words for it", () => {
      const { stops } = actions({
        spec: withInit("Always"),
        instances: [instance("s", { specHash: "old" }), instance("a")],
      });
      expect(stops.map(({ message }) => message)).toEqual(["Init container s definition changed"]);
    });

    test("podActions() is done when the probe of the last app container that runs has failed for good", () => {
      const probed = { instances: [instance("s"), instance("a")], failed: { a: "liveness" } as const };
      expect(actions({ spec: withInit("Never"), ...probed }).done).toBe(true);
      expect(actions({ spec: withInit("OnFailure"), ...probed }).done).toBe(false);
      const two = spec("Never", [app("a"), app("b")]);
      expect(actions({ spec: two, instances: [instance("a"), instance("b")], failed: { a: "liveness" } }).done).toBe(
        false,
      );
      // The rule may be about the exit code that it is going to have.
      const ruled = spec("Never", [app("a", { restartPolicy: "Never", restartPolicyRules: [{ action: "Restart" }] })]);
      expect(actions({ spec: ruled, ...probed }).done).toBe(false);
    });

    test("podActions() is done when an init container failed for good", () => {
      expect(actions({ spec: withInit("Never"), instances: [instance("s"), exited("i", 1)] }).done).toBe(true);
    });

    test("podActions() runs init containers again in a new sandbox", () => {
      const instances = [instance("s"), exited("i", 0, { sandboxId: "s0" }), exited("a", 1, { sandboxId: "s0" })];
      expect(actions({ spec: withInit("Always"), instances }).start).toEqual(["i"]);
    });
  });
});
