import type { Container, Pod } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const cluster = sharedCluster();

const conditionOf = (pod: Pod, type: string) => pod.status?.conditions?.find((condition) => condition.type === type);
const shared = {
  volumes: [{ name: "shared", emptyDir: {} }],
  volumeMounts: [{ name: "shared", mountPath: "/shared" }],
};
/** A container of the workload kit that shares a directory with the pod's others. */
const kit = (name: string, args: string[], more: Partial<Container> = {}): Container => ({
  name,
  image: cluster().kit,
  args,
  volumeMounts: shared.volumeMounts,
  ...more,
});

describe.concurrent("init containers", () => {
  test("run one after the other, to their end, before the others start", async () => {
    const initContainers = [
      kit("first", ["append", "/shared/order", "first\n", "sleep", "200", "append", "/shared/order", "ended\n"]),
      kit("second", ["append", "/shared/order", "second\n"]),
    ];
    const main = kit("main", ["append", "/shared/order", "main\n", "cat", "/shared/order"]);
    await cluster().createPod("init", main, { initContainers, volumes: shared.volumes });
    const pod = await cluster().observer.untilPhase("init", "Succeeded");
    expect(await cluster().log("init", { container: "main" })).toBe("first\nended\nsecond\nmain\n");
    expect(pod.status?.initContainerStatuses?.map(({ name, state }) => [name, state?.terminated?.reason])).toEqual([
      ["first", "Completed"],
      ["second", "Completed"],
    ]);
  });

  test("that fail keep the others from starting, and end a pod that never restarts", async () => {
    const initContainers = [kit("fails", ["exit", "4"]), kit("never-runs", ["exit", "0"])];
    await cluster().createPod("init-fails", kit("main", ["print", "ran"]), { initContainers, volumes: shared.volumes });
    const pod = await cluster().observer.untilPhase("init-fails", "Failed");
    expect(pod.status?.initContainerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 4 });
    expect(pod.status?.initContainerStatuses?.[1]?.state?.waiting?.reason).toBe("PodInitializing");
    expect(conditionOf(pod, "Initialized")).toMatchObject({ status: "False" });
    await expect(cluster().log("init-fails", { container: "main" })).rejects.toThrow("waiting to start");
  });

  test("that restart always stay beside the others, and do not keep the pod from succeeding", async () => {
    const initContainers = [kit("sidecar", ["write", "/shared/ready", "", "hold"], { restartPolicy: "Always" })];
    const main = kit("main", ["await", "/shared/ready", "print", "served"]);
    await cluster().createPod("sidecar", main, { initContainers, volumes: shared.volumes });
    await cluster().observer.untilPhase("sidecar", "Succeeded");
    expect(await cluster().log("sidecar", { container: "main" })).toBe("served\n");
  });
});

describe.concurrent("the end of a pod", () => {
  test("comes at activeDeadlineSeconds, with the reason", async () => {
    await cluster().createPod("deadline", ["hold"], { activeDeadlineSeconds: 1, restartPolicy: "Always" });
    const pod = await cluster().observer.untilPhase("deadline", "Failed");
    expect(pod.status).toMatchObject({ reason: "DeadlineExceeded" });
  });

  test("has the message that the guest wrote for it, or the end of its log if it failed", async () => {
    await cluster().createPod("message", {
      args: ["write", "/dev/termination-log", "why it ended", "exit", "2"],
    });
    await cluster().createPod("fallback", {
      args: ["print", "last words", "exit", "2"],
      terminationMessagePolicy: "FallbackToLogsOnError",
    });
    const messageOf = (pod: Pod) => pod.status?.containerStatuses?.[0]?.state?.terminated?.message;
    expect(messageOf(await cluster().observer.untilPhase("message", "Failed"))).toBe("why it ended");
    expect(messageOf(await cluster().observer.untilPhase("fallback", "Failed"))).toBe("last words\n");
  });
});

describe("images", () => {
  test("are pulled once where the policy is IfNotPresent, and asked for again where it is Always", async () => {
    const { registry, observer } = cluster();
    const { manifests } = registry;
    manifests.set("again:v1", manifests.get("kit:v1")!);
    const image = `${registry.host}/again:v1`;
    const requests = () => registry.log.filter((line) => line.includes("/v2/again/manifests/")).length;
    for (const [name, imagePullPolicy, more] of [
      ["pull-1", "IfNotPresent", true],
      ["pull-2", "IfNotPresent", false],
      ["pull-3", "Always", true],
    ] as const) {
      const before = requests();
      await cluster().createPod(name, { image, imagePullPolicy, args: ["exit", "0"] });
      await observer.untilPhase(name, "Succeeded");
      expect(requests() > before).toBe(more);
    }
    await observer.untilEvent("pull-2", "Pulled", /already present on machine/);
  });
});

/** Fifty processes, which an overloaded machine starts one every few seconds. */
const manyMs = 400_000;

test("fifty pods at once all succeed, each with its own output", { timeout: manyMs + 60_000 }, async () => {
  const names = Array.from({ length: 50 }, (_, index) => `burst-${index}`);
  await Promise.all(names.map((name) => cluster().createPod(name, ["print", `I am ${name}`])));
  await Promise.all(names.map((name) => cluster().observer.untilPhase(name, "Succeeded", manyMs)));
  for (const name of names) expect(await cluster().log(name)).toBe(`I am ${name}\n`);
});
