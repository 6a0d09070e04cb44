import { isApiError } from "@wherry/client";
import { describe, expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const cluster = sharedCluster();

describe.concurrent("a pod's log", () => {
  test("follows a pod from the registry until it has Succeeded", async () => {
    const { observer } = cluster();
    const args = ["print", "one", "sleep", "100", "error", "two", "sleep", "100", "print", "three"];
    await cluster().createPod("follow", args);
    await observer.until("follow", "started", (pod) => pod.status?.phase !== "Pending");
    expect(await cluster().log("follow", { follow: true })).toBe("one\ntwo\nthree\n");
    const pod = await observer.untilPhase("follow", "Succeeded");
    expect(pod.status?.containerStatuses?.[0]).toMatchObject({
      ready: false,
      restartCount: 0,
      state: { terminated: { exitCode: 0, reason: "Completed" } },
    });
    const phases = observer.history("follow").map(({ status }) => status?.phase);
    expect(phases.filter((phase, index) => phase !== phases[index - 1])).toEqual(["Pending", "Running", "Succeeded"]);
  });

  test("delivers lines while the container runs, not only at its end", async () => {
    await cluster().createPod("live", ["tick", "20"]);
    await cluster().observer.untilPhase("live", "Running");
    const lines: string[] = [];
    for await (const line of cluster().logLines("live", { follow: true })) if (lines.push(line) === 5) break;
    expect(lines).toEqual(["tick 1", "tick 2", "tick 3", "tick 4", "tick 5"]);
  });

  test("is cut by tailLines, limitBytes and both", async () => {
    await cluster().createPod("cut", ["lines", "1000", "32"]);
    await cluster().observer.untilPhase("cut", "Succeeded");
    const whole = await cluster().log("cut");
    const lines = whole.trimEnd().split("\n");
    expect(lines).toHaveLength(1000);
    expect(await cluster().log("cut", { tailLines: 3 })).toBe(`${lines.slice(-3).join("\n")}\n`);
    expect(await cluster().log("cut", { tailLines: 0 })).toBe("");
    expect(await cluster().log("cut", { limitBytes: 100 })).toBe(whole.slice(0, 100));
    expect(await cluster().log("cut", { tailLines: 10, limitBytes: 40 })).toBe(whole.slice(-320).slice(0, 40));
  });

  test("starts at sinceTime, and each line has its time with timestamps", async () => {
    await cluster().createPod("since", ["print", "early", "sleep", "1500", "print", "late"]);
    await cluster().observer.untilPhase("since", "Succeeded");
    const timed = (await cluster().log("since", { timestamps: true })).trimEnd().split("\n");
    const [first, second] = timed.map((line) => /^(\S+) (.*)$/.exec(line)?.slice(1) ?? []);
    expect([first?.[1], second?.[1]]).toEqual(["early", "late"]);
    const [earlyMs, lateMs] = [first, second].map((entry) => Date.parse(entry?.[0] ?? ""));
    expect(lateMs! - earlyMs!).toBeGreaterThanOrEqual(1500);
    // The API server takes whole seconds only.
    const sinceTime = new Date(Math.floor(lateMs! / 1000) * 1000).toISOString();
    expect(await cluster().log("since", { sinceTime })).toBe("late\n");
    expect(await cluster().log("since", { sinceSeconds: 3600 })).toBe("early\nlate\n");
  });

  test("previous is the log of the instance before, and an error where there is none", async () => {
    const volumes = [{ name: "state", emptyDir: {} }];
    const container = {
      args: ["print", "a try", "fail-once", "/state/tried", "3", "print", "worked", "hold"],
      volumeMounts: [{ name: "state", mountPath: "/state" }],
    };
    await cluster().createPod("again", container, { restartPolicy: "OnFailure", volumes });
    await cluster().observer.until("again", "restarted once and running", (pod) => {
      const [status] = pod.status?.containerStatuses ?? [];
      return status?.restartCount === 1 && status.state?.running !== undefined;
    });
    expect(await cluster().log("again", { previous: true })).toBe("a try\n");
    await cluster().createPod("first", ["hold"]);
    await cluster().observer.untilPhase("first", "Running");
    const failure = await cluster()
      .log("first", { previous: true })
      .catch((error: unknown) => error);
    expect(isApiError(failure) && failure.status).toBe(400);
    expect(String(failure)).toContain('previous terminated container "main" in pod "first" not found');
  });

  test("of a container is chosen by its name", async () => {
    await cluster().createPod("two", [
      { name: "left", args: ["print", "from the left"] },
      { name: "right", args: ["print", "from the right"] },
    ]);
    await cluster().observer.untilPhase("two", "Succeeded");
    expect(await cluster().log("two", { container: "left" })).toBe("from the left\n");
    expect(await cluster().log("two", { container: "right" })).toBe("from the right\n");
    await expect(cluster().log("two")).rejects.toThrow("a container name must be specified for pod two");
  });

  test("holds every byte of a guest that prints faster than anybody reads", async () => {
    await cluster().createPod("flood", ["lines", "20000", "200"]);
    await cluster().observer.until("flood", "started", (pod) => pod.status?.phase !== "Pending");
    const text = await cluster().log("flood", { follow: true });
    expect(text).toHaveLength(20_000 * 200);
    expect(text.slice(-200)).toMatch(/^20000 x+\n$/);
  });
});
