import type { Pod } from "@wherry/kubernetes";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { staticPod } from "../../src/pods/static/static-pod.ts";
import { FakeStaticSource } from "../support/fake-static-source.ts";
import { KubeletHarness } from "../support/kubelet-harness.ts";

const manifest = (args: string[]): Pod =>
  staticPod(
    {
      metadata: { name: "web" },
      spec: {
        restartPolicy: "Never",
        terminationGracePeriodSeconds: 20,
        containers: [{ name: "main", image: "app:v1", args }],
      },
    },
    { nodeName: "node-1", source: "file", location: "/web.yaml", nowMs: 0 },
  );

/** The fake API stands for the files here: a source of pods like any other. */
describe("static pods", () => {
  let kubelet: KubeletHarness;

  beforeEach(() => {
    kubelet = new KubeletHarness({ runtime: { script: () => ({ obeysStop: false }) } });
    kubelet.start();
  });

  afterEach(() => kubelet.stop());

  const uid = (pod: Pod) => pod.metadata?.uid ?? "";
  const phase = (pod: Pod) => kubelet.controller.getByUid(uid(pod))?.status?.phase;
  const running = async () => (await kubelet.runtime.listContainers({ state: "running" })).map(({ id }) => id);

  test("get the grace period they give themselves when their manifest goes", async () => {
    const pod = manifest(["hold"]);
    kubelet.api.create(pod);
    await kubelet.clock.advance(5_000);
    expect(phase(pod)).toBe("Running");
    kubelet.api.delete("web-node-1", 0);
    await kubelet.clock.advance(0);
    expect(kubelet.controller.stateOf(uid(pod))).toBe("stopping");
    await kubelet.clock.advance(25_000);
    expect(kubelet.controller.list()).toEqual([]);
    expect(await running()).toEqual([]);
  });

  test("of the same name wait until nothing is left of the one before", async () => {
    const [before, after] = [manifest(["hold"]), manifest(["hold", "again"])];
    kubelet.api.create(before);
    await kubelet.clock.advance(5_000);
    kubelet.api.delete("web-node-1", 0);
    kubelet.api.create(after);
    await kubelet.clock.advance(0);
    expect(phase(after)).toBeUndefined();
    await kubelet.clock.advance(25_000);
    await kubelet.clock.advance(5_000);
    expect(phase(before)).toBeUndefined();
    expect(phase(after)).toBe("Running");
    expect(await running()).toHaveLength(1);
  });

  test("that come back as they were start from the beginning", async () => {
    const pod = manifest(["hold"]);
    kubelet.api.create(pod);
    await kubelet.clock.advance(5_000);
    kubelet.api.delete("web-node-1", 0);
    await kubelet.clock.advance(0);
    kubelet.api.create(pod);
    await kubelet.clock.advance(25_000);
    await kubelet.clock.advance(5_000);
    expect(kubelet.controller.getByUid(uid(pod))?.status).toMatchObject({
      phase: "Running",
      containerStatuses: [{ restartCount: 0 }],
    });
  });

  test("are never written to the API under their own UID", async () => {
    kubelet.api.create(manifest(["hold"]));
    await kubelet.clock.advance(5_000);
    expect(kubelet.api.patches).toBe(0);
  });
});

test("a static pod shows nothing that its earlier life knew better, not even for a moment", async () => {
  const files = new FakeStaticSource();
  const kubelet = new KubeletHarness({
    runtime: { script: ({ name }) => (name === "prepare" ? { exitAfterMs: 0 } : {}) },
    staticSource: files,
  });
  kubelet.start();
  const { metadata, spec } = manifest(["hold"]);
  const prepare = { name: "prepare", image: "app:v1" };
  files.set({ metadata, spec: { containers: [], ...spec, initContainers: [prepare] } });
  await kubelet.advance(1000);
  const known = () => kubelet.status("web-node-1").initContainerStatuses?.[0]?.state?.terminated?.reason;
  expect(known()).toBe("Completed");
  kubelet.runtime.loseContainer(kubelet.runtime.find("web-node-1", "prepare").id);
  const before = kubelet.api.patches;
  kubelet.api.latencyMs = 1;
  await kubelet.restart();
  await kubelet.advance(20_000);
  const since = (kubelet.api.history.get("web-node-1") ?? []).slice(before);
  for (const { phase, initContainerStatuses } of since)
    expect([phase, initContainerStatuses?.[0]?.state?.terminated?.reason]).toEqual(["Running", "Completed"]);
  expect(known()).toBe("Completed");
  await kubelet.stop();
});
