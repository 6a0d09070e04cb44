import type { Container, ContainerRestartRule } from "@wherry/kubernetes";
import { afterEach, describe, expect, test } from "vitest";
import { KubeletHarness, podOf } from "../support/kubelet-harness.ts";

let harness: KubeletHarness;

afterEach(() => harness.stop());

const restartOn = (operator: "In" | "NotIn", ...values: number[]): Partial<Container> => {
  const rule: ContainerRestartRule = { action: "Restart", exitCodes: { operator, values } };
  return { restartPolicy: "Never", restartPolicyRules: [rule] };
};

/** A kubelet on whose node instance after instance of a container ends with the next of its exit codes, then runs on. */
function start(exitCodes: Readonly<Record<string, readonly number[]>>): void {
  const script = ({ name, attempt }: { readonly name: string; readonly attempt: number }) => {
    const exitCode = exitCodes[name]?.[attempt];
    return exitCode === undefined ? {} : { exitAfterMs: 1000, exitCode };
  };
  harness = new KubeletHarness({ runtime: { script } });
  harness.start();
}

async function advance(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) await harness.advance(1000);
}

const main = () => harness.status("job").containerStatuses?.[0];
const phases = () => new Set(harness.api.history.get("job")?.map(({ phase }) => phase));

describe("standard provider, restartPolicyRules", () => {
  test.each([
    ["In", restartOn("In", 42), [42, 42, 1]],
    ["NotIn", restartOn("NotIn", 1, 2), [42, 7, 1]],
  ])(
    "%s: exits by the rule are restarted with back-off though the policy is Never, the next one is the end",
    async (_operator, rules, codes) => {
      start({ main: codes });
      harness.api.create(podOf("job", { restartPolicy: "Never" }, rules));
      await advance(1);
      expect(main()).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 42 } } });
      await advance(1);
      expect(main()).toMatchObject({ restartCount: 1, state: { waiting: { reason: "CrashLoopBackOff" } } });
      expect(phases()).not.toContain("Failed");
      await advance(11);
      expect(main()).toMatchObject({
        restartCount: 2,
        state: { terminated: { exitCode: 1 } },
        lastState: { terminated: { exitCode: codes[1] } },
      });
      expect(harness.status("job").phase).toBe("Failed");
    },
  );

  test("a rule may restart what succeeded, and one that does not match leaves it as it is", async () => {
    start({ main: [0, 42] });
    harness.api.create(podOf("job", { restartPolicy: "Never" }, restartOn("In", 0)));
    await advance(3);
    expect(main()).toMatchObject({ restartCount: 1, state: { terminated: { exitCode: 42 } } });
    expect(phases()).not.toContain("Succeeded");
    expect(harness.status("job").phase).toBe("Failed");
  });

  test("without a match the container's Never goes before the pod's Always, and the others run on", async () => {
    start({ main: [1] });
    const containers = [
      { name: "main", image: "app:v1", ...restartOn("In", 42) },
      { name: "other", image: "app:v1" },
    ];
    harness.api.create(podOf("job", { containers }));
    await advance(60);
    expect(main()).toMatchObject({ restartCount: 0, state: { terminated: { exitCode: 1 } } });
    expect(harness.status("job").phase).toBe("Running");
  });

  test("an init container that its rule restarts holds the pod in Pending, and lets it go on once it succeeds", async () => {
    start({ init: [42, 0], main: [0] });
    const init = { name: "init", image: "app:v1", ...restartOn("In", 42) };
    harness.api.create(podOf("job", { restartPolicy: "Never", initContainers: [init] }));
    await advance(4);
    expect(harness.status("job").initContainerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      state: { terminated: { exitCode: 0 } },
    });
    expect([...phases()]).toEqual(["Pending", "Running", "Succeeded"]);
  });

  test("an init container's exit that no rule matches is the pod's failure", async () => {
    start({ init: [42, 3] });
    const init = { name: "init", image: "app:v1", ...restartOn("In", 42) };
    harness.api.create(podOf("job", { restartPolicy: "Never", initContainers: [init] }));
    await advance(4);
    expect(harness.status("job").initContainerStatuses?.[0]).toMatchObject({ restartCount: 1 });
    expect([...phases()]).toEqual(["Pending", "Failed"]);
    expect(harness.runtime.containers.values().some(({ config }) => config.name === "main")).toBe(false);
  });

  test("what a rule was to restart ends with a pod that is deleted meanwhile", async () => {
    start({ main: [42, 42] });
    harness.api.create(podOf("job", { restartPolicy: "Never" }, restartOn("In", 42)));
    await advance(2);
    expect(main()?.state?.waiting?.reason).toBe("CrashLoopBackOff");
    harness.api.delete("job");
    await harness.settle();
    expect(harness.api.deletions).toEqual(["job"]);
    expect(harness.api.history.get("job")?.at(-1)?.phase).toBe("Failed");
  });

  test("a restarted kubelet goes by the rules too", async () => {
    start({ main: [42] });
    harness.api.create(podOf("job", { restartPolicy: "Never" }, restartOn("In", 42)));
    await harness.settle();
    await harness.stop();
    await harness.clock.advance(1000);
    harness.start();
    await harness.settle();
    expect(main()).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 42 } } });
    expect(main()?.state?.running).toBeDefined();
  });
});
