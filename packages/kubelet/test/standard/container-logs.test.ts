import { afterEach, describe, expect, test } from "vitest";
import type { ContainerLog } from "../../src/ports/log-source.ts";
import { KubeletHarness, podOf } from "../support/kubelet-harness.ts";

let harness: KubeletHarness;

afterEach(() => harness.stop());

async function log(pod: string, container: string, previous = false) {
  return harness.provider.containerLog?.({ podUid: `uid-${pod}`, container }, { previous });
}

describe("standard provider, logs", () => {
  test("containerLog() of a running container names its file and tells when it ends", async () => {
    harness = new KubeletHarness({ podLogsDirectory: "/logs" });
    harness.start();
    harness.api.create(podOf("web"));
    await harness.settle();
    const found = (await log("web", "main")) as ContainerLog;
    expect(found.path).toBe("/logs/default_web_uid-web/main/0.log");
    expect(found.isRunning()).toBe(true);
    let ended = false;
    void found.ended(new AbortController().signal).then(() => {
      ended = true;
    });
    await harness.settle();
    expect(ended).toBe(false);
    expect(harness.provider.activeLogs?.()).toEqual([{ containerId: found.containerId, path: found.path }]);
    harness.runtime.exit(found.containerId, 0);
    await harness.settle();
    expect(ended).toBe(true);
    expect(found.isRunning()).toBe(false);
  });

  test("containerLog() with previous is the instance before", async () => {
    harness = new KubeletHarness({
      runtime: { script: ({ attempt }) => (attempt === 0 ? { exitAfterMs: 0 } : undefined) },
    });
    harness.start();
    harness.api.create(podOf("web"));
    await harness.settle();
    expect(((await log("web", "main")) as ContainerLog).path).toMatch(/main\/1\.log$/);
    expect(((await log("web", "main", true)) as ContainerLog).path).toMatch(/main\/0\.log$/);
  });

  test("containerLog() in back-off is the instance that ended, also as the previous one", async () => {
    harness = new KubeletHarness({ runtime: { script: () => ({ exitAfterMs: 0, exitCode: 1 }) } });
    harness.start();
    harness.api.create(podOf("crash"));
    await harness.settle();
    expect(((await log("crash", "main")) as ContainerLog).path).toMatch(/main\/1\.log$/);
    expect(((await log("crash", "main", true)) as ContainerLog).path).toMatch(/main\/[01]\.log$/);
  });

  test("containerLog() refuses as upstream does", async () => {
    harness = new KubeletHarness();
    harness.environmentError = new Error("config map is missing");
    harness.start();
    harness.api.create(podOf("web"));
    harness.api.create(podOf("waiting"));
    await harness.settle();
    expect(await log("absent", "main")).toMatchObject({ status: 404 });
    expect(await log("web", "absent")).toMatchObject({
      status: 404,
      message: 'container "absent" in pod "web" is not available',
    });
    expect(await log("waiting", "main")).toEqual({
      status: 400,
      message: 'container "main" in pod "waiting" is waiting to start: CreateContainerConfigError',
    });
    expect(await log("waiting", "main", true)).toEqual({
      status: 400,
      message: 'previous terminated container "main" in pod "waiting" not found',
    });
  });

  test("containerLog() of an image that cannot be pulled says so in upstream's words", async () => {
    harness = new KubeletHarness();
    harness.runtime.images.remote = new Set();
    harness.start();
    harness.api.create(podOf("web", {}, { image: "missing:v1" }));
    await harness.settle();
    const prefix = 'container "main" in pod "web" is waiting to start';
    expect(await log("web", "main")).toEqual({ status: 400, message: `${prefix}: image can't be pulled` });
    await harness.advance(1000);
    expect(await log("web", "main")).toEqual({ status: 400, message: `${prefix}: trying and failing to pull image` });
  });

  test("containerLog() of a pod that was refused is not available", async () => {
    harness = new KubeletHarness({ admit: () => ({ reason: "OutOfcpu", message: "too much" }) });
    harness.start();
    harness.api.create(podOf("web"));
    await harness.settle();
    const refusal = { status: 400, message: 'container "main" in pod "web" is not available' };
    expect(await log("web", "main")).toEqual(refusal);
    expect(await log("web", "main", true)).toEqual(refusal);
  });

  test("containerLog() still finds the log of a pod that ended, also after a restart", async () => {
    harness = new KubeletHarness({ runtime: { script: () => ({ exitAfterMs: 0 }) } });
    harness.start();
    harness.api.create(podOf("job", { restartPolicy: "Never" }));
    await harness.settle();
    expect(((await log("job", "main")) as ContainerLog).isRunning()).toBe(false);
    await harness.restart();
    expect(((await log("job", "main")) as ContainerLog).path).toMatch(/main\/0\.log$/);
  });
});
