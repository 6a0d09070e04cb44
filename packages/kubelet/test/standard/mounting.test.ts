import { aborted } from "@wherry/base";
import { afterEach, expect, test } from "vitest";
import { VolumeError } from "../../src/errors.ts";
import { KubeletHarness, podOf } from "../support/kubelet-harness.ts";

let harness: KubeletHarness;

afterEach(() => harness.stop());

test("a mount that is broken off because its pod is deleted is not told as failed", async () => {
  harness = new KubeletHarness();
  harness.volumes.mountPod = async (_pod, options = {}) => {
    await aborted(options.signal ?? AbortSignal.abort());
    throw new VolumeError("data", 'MountVolume.SetUp failed for volume "data": This operation was aborted');
  };
  harness.start();
  harness.api.create(podOf("web"));
  await harness.advance(1000);
  harness.api.delete("web");
  await harness.advance(1000);
  expect(harness.api.byName("web")).toBeUndefined();
  expect(harness.reasons("web")).not.toContain("FailedMount");
});
