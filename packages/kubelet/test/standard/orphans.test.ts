import { afterEach, expect, test } from "vitest";
import { KubeletHarness, podOf } from "../support/kubelet-harness.ts";

let harness: KubeletHarness;

afterEach(() => harness.stop());

test("a pod that was deleted without grace while the kubelet was away is stopped, and that is told", async () => {
  harness = new KubeletHarness();
  harness.start();
  harness.api.create(podOf("web"));
  await harness.settle();
  await harness.stop();
  harness.events.length = 0;
  harness.api.delete("web", 0);
  harness.start();
  await harness.advance(2000);
  expect(harness.runtime.containers.size).toBe(0);
  expect(harness.events).toEqual([
    {
      pod: "web",
      type: "Normal",
      reason: "Killing",
      message: "Stopping container main",
      fieldPath: "spec.containers{main}",
    },
  ]);
});
