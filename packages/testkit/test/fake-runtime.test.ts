import { FakeClock } from "@wherry/base";
import { type ContainerConfig, type PodSandboxConfig, RuntimeError } from "@wherry/runtime";
import { beforeEach, describe, expect, test } from "vitest";
import { FakeRuntime } from "../src/fake-runtime/fake-runtime.ts";
import { failing } from "../src/fake-runtime/faults.ts";
import { containerConfig, podSandboxConfig } from "../src/pods/runtime-configs.ts";

const pod: PodSandboxConfig = podSandboxConfig({
  metadata: { name: "p", namespace: "default", uid: "uid", attempt: 0 },
  hostname: "p",
  logDirectory: "/logs",
});

const container: ContainerConfig = containerConfig({
  image: { image: "app" },
});

describe("FakeRuntime", () => {
  let clock: FakeClock;
  let runtime: FakeRuntime;

  beforeEach(() => {
    clock = new FakeClock();
    runtime = new FakeRuntime({ clock });
    runtime.images.present.add("app");
  });

  async function startOne(): Promise<string> {
    const id = await runtime.createContainer(await runtime.runPodSandbox(pod), container);
    await runtime.startContainer(id);
    return id;
  }

  test("a container follows its script", async () => {
    runtime.script = () => ({ exitAfterMs: 500, exitCode: 3, reason: "Error", message: "boom" });
    const id = await startOne();
    await clock.advance(499);
    expect((await runtime.containerStatus(id)).state).toBe("running");
    await clock.advance(1);
    expect(await runtime.containerStatus(id)).toMatchObject({ state: "exited", exitCode: 3, message: "boom" });
  });

  test("stopContainer() of one that ignores the signal resolves at the kill", async () => {
    runtime.script = () => ({ obeysStop: false });
    const id = await startOne();
    let stopped = false;
    const stop = runtime.stopContainer(id, 1000).then(() => {
      stopped = true;
    });
    await clock.advance(999);
    expect(stopped).toBe(false);
    await clock.advance(1);
    await stop;
    expect((await runtime.containerStatus(id)).exitCode).toBe(137);
    await runtime.stopContainer(id, 0);
  });

  test("stopPodSandbox() ends its containers; nothing can be made in it afterwards", async () => {
    const id = await startOne();
    const { sandboxId } = await runtime.containerStatus(id);
    await runtime.stopPodSandbox(sandboxId);
    expect(await runtime.containerStatus(id)).toMatchObject({ state: "exited", exitCode: 137 });
    await expect(runtime.createContainer(sandboxId, container)).rejects.toThrow(RuntimeError);
    await runtime.removePodSandbox(sandboxId);
    await runtime.removePodSandbox(sandboxId);
    expect(await runtime.listContainers()).toEqual([]);
  });

  test("a call that fails has no effect, one that loses its answer has", async () => {
    runtime.injector.plan = failing("runPodSandbox", 1);
    await expect(runtime.runPodSandbox(pod)).rejects.toThrow("fault injected");
    expect(runtime.sandboxes.size).toBe(0);
    runtime.injector.plan = () => ({ kind: "lose" });
    await expect(runtime.runPodSandbox(pod)).rejects.toThrow("fault injected");
    expect(runtime.sandboxes.size).toBe(1);
  });

  test("events() tells what happens, and nothing while muted", async () => {
    const abort = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const event of runtime.events({ signal: abort.signal })) seen.push(event.type);
    })();
    await startOne();
    await clock.advance(0);
    expect(seen).toEqual(["started", "created", "started"]);
    runtime.feed.muted = true;
    runtime.loseEverything();
    await startOne();
    await clock.advance(0);
    abort.abort();
    await reading;
    expect(seen).toHaveLength(3);
  });
});
