import { afterEach, describe, expect, test } from "vitest";
import { KubeletHarness, podOf } from "../support/kubelet-harness.ts";

let harness: KubeletHarness;

afterEach(() => harness.stop());

describe("standard provider", () => {
  test("run() takes a pod from Pending to Running with at most three patches", async () => {
    harness = new KubeletHarness();
    harness.start();
    harness.api.create(podOf("web"));
    await harness.settle();
    expect(harness.status("web")).toMatchObject({ phase: "Running", podIP: "10.0.0.1", hostIP: "10.0.0.1" });
    expect(harness.api.phases("web")).toEqual(["Pending", "Running"]);
    expect(harness.api.patches).toBeLessThanOrEqual(3);
    expect(harness.verbs()).toEqual(["runPodSandbox", "imageStatus", "createContainer", "startContainer"]);
    expect(harness.reasons("web")).toEqual(["Pulled", "Created", "Started"]);
  });
});
