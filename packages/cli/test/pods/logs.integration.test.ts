import { describe, expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const cluster = sharedCluster();

describe.concurrent("a pod's log", () => {
  test("a pod from the registry runs to Succeeded, and its log follows to the end", async () => {
    const { observer } = cluster();
    await cluster().createPod("follow", [
      "print",
      "one",
      "sleep",
      "100",
      "error",
      "two",
      "sleep",
      "100",
      "print",
      "three",
    ]);
    await observer.until("follow", "started", (pod) => pod.status?.phase !== "Pending");
    expect(await cluster().log("follow", { follow: true })).toBe("one\ntwo\nthree\n");
    const pod = await observer.untilPhase("follow", "Succeeded");
    expect(pod.status?.containerStatuses?.[0]).toMatchObject({
      ready: false,
      restartCount: 0,
      state: { terminated: { exitCode: 0, reason: "Completed" } },
    });
  });
});
