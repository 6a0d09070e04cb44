import type { EphemeralContainer } from "@wherry/kubernetes";
import { RuntimeError } from "@wherry/runtime";
import { failing } from "@wherry/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { KubeletHarness, podOf } from "../support/kubelet-harness.ts";

let harness: KubeletHarness;

afterEach(() => harness.stop());

function start(exits: Readonly<Record<string, number>> = {}): void {
  harness = new KubeletHarness({
    runtime: {
      script: ({ name }) => {
        const exitCode = exits[name];
        return exitCode === undefined ? undefined : { exitAfterMs: 1000, exitCode };
      },
    },
  });
  harness.start();
}

/** Adds a container as `kubectl debug` does. */
function debug(container: Partial<EphemeralContainer> = {}): void {
  harness.api.update("web", (pod) => ({
    ...pod,
    spec: {
      containers: [],
      ...pod.spec,
      ephemeralContainers: [
        ...(pod.spec?.ephemeralContainers ?? []),
        { name: "debug", image: "app:v1", imagePullPolicy: "IfNotPresent", ...container },
      ],
    },
  }));
}

const debugStatus = () => harness.status("web").ephemeralContainerStatuses?.[0];
const starts = () => [...harness.runtime.containers.values()].filter(({ config }) => config.name === "debug").length;
const debugEvents = () =>
  harness.events.filter(({ fieldPath }) => fieldPath === "spec.ephemeralContainers{debug}").map(({ reason }) => reason);

describe("an ephemeral container", () => {
  test("is started beside what runs, with events and a status of its own", async () => {
    start();
    harness.api.create(podOf("web"));
    await harness.settle();
    const [main] = harness.status("web").containerStatuses ?? [];
    debug({ targetContainerName: "main", ports: [{ containerPort: 80 }], resources: { limits: { cpu: "1" } } });
    await harness.settle();
    expect(debugStatus()).toMatchObject({ name: "debug", ready: false, restartCount: 0, imageID: expect.any(String) });
    expect(debugStatus()?.state?.running).toBeDefined();
    expect(debugStatus()?.started).toBeUndefined();
    expect(harness.status("web").containerStatuses).toEqual([main]);
    expect(debugEvents()).toEqual(["Pulled", "Created", "Started"]);
    const config = [...harness.runtime.containers.values()].at(-1)?.config;
    expect(config).toMatchObject({ name: "debug", ports: [], resources: {} });
    expect(harness.status("web").observedGeneration).toBe(2);
  });

  test.each([0, 3])("that ends with %i is not started again, and decides nothing", async (exitCode) => {
    start({ debug: exitCode });
    harness.api.create(podOf("web"));
    await harness.settle();
    debug();
    await harness.advance(1000);
    await harness.advance(600_000);
    expect(debugStatus()?.state?.terminated).toMatchObject({ exitCode });
    expect(starts()).toBe(1);
    expect(harness.status("web").phase).toBe("Running");
    expect(harness.status("web").conditions?.find(({ type }) => type === "Ready")?.status).toBe("True");
  });

  test("is not started again by the next kubelet, nor in the pod's next sandbox", async () => {
    start({ debug: 0 });
    harness.api.create(podOf("web"));
    await harness.settle();
    debug();
    await harness.advance(1000);
    await harness.restart();
    expect(debugStatus()?.state?.terminated).toMatchObject({ exitCode: 0 });
    const [sandbox] = harness.runtime.sandboxes.values();
    await harness.runtime.stopPodSandbox(sandbox?.id ?? "");
    await harness.advance(60_000);
    expect(harness.reasons("web")).toContain("SandboxChanged");
    expect(harness.status("web").containerStatuses?.[0]?.state?.running).toBeDefined();
    expect(starts()).toBe(1);
  });

  test("goes on while the kubelet restarts, and what the runtime lost meanwhile has ended", async () => {
    start();
    harness.api.create(podOf("web"));
    await harness.settle();
    debug();
    await harness.settle();
    const id = debugStatus()?.containerID?.replace("fake://", "") ?? "";
    await harness.restart();
    expect(debugStatus()?.state?.running).toBeDefined();
    await harness.stop();
    harness.runtime.containers.delete(id);
    harness.start();
    await harness.advance(60_000);
    expect(debugStatus()).toMatchObject({
      restartCount: 0,
      state: { terminated: { exitCode: 137, reason: "ContainerStatusUnknown" } },
    });
    expect(starts()).toBe(0);
  });

  test("waits for its image with back-off, and the pod does not", async () => {
    start();
    harness.runtime.images.present.add("main:v1");
    harness.runtime.images.present.delete("app:v1");
    harness.runtime.injector.plan = failing("pullImage", 2, {
      error: new RuntimeError("NotFound", "no such image"),
    });
    harness.api.create(podOf("web", {}, { image: "main:v1" }));
    await harness.settle();
    debug();
    await harness.settle();
    expect(debugStatus()?.state?.waiting).toMatchObject({ reason: "ErrImagePull" });
    await harness.advance(2000);
    expect(debugStatus()?.state?.waiting).toMatchObject({ reason: "ImagePullBackOff" });
    expect(harness.status("web").phase).toBe("Running");
    await harness.advance(60_000);
    expect(debugStatus()?.state?.running).toBeDefined();
  });

  test("starts although the pod's init container does not end", async () => {
    start();
    harness.api.create(podOf("web", { initContainers: [{ name: "init", image: "app:v1" }] }));
    await harness.settle();
    debug();
    await harness.settle();
    expect(debugStatus()?.state?.running).toBeDefined();
    expect(harness.status("web").phase).toBe("Pending");
  });

  test("is stopped with the pod it was added to", async () => {
    start();
    harness.api.create(podOf("web"));
    await harness.settle();
    debug();
    await harness.settle();
    harness.api.delete("web");
    await harness.settle();
    expect(debugEvents().at(-1)).toBe("Killing");
    expect(harness.api.history.get("web")?.at(-1)).toMatchObject({
      phase: "Failed",
      ephemeralContainerStatuses: [{ state: { terminated: { exitCode: 143 } } }],
    });
  });

  test("does not keep a pod alive whose work is done", async () => {
    start({ main: 0 });
    harness.api.create(podOf("web", { restartPolicy: "Never" }));
    await harness.settle();
    debug();
    await harness.advance(1000);
    expect(harness.status("web").phase).toBe("Succeeded");
    expect(debugStatus()?.state?.terminated).toMatchObject({ exitCode: 143 });
  });

  test("with a field the node refuses is shown so, once, and the pod goes on", async () => {
    start();
    harness.api.create(podOf("web"));
    await harness.settle();
    debug({ securityContext: { privileged: true } });
    await harness.settle();
    await harness.restart();
    expect(debugStatus()?.state?.waiting).toEqual({
      reason: "UnsupportedField",
      message: expect.stringMatching(/^spec\.ephemeralContainers\[0\]\.securityContext\.privileged: /),
    });
    expect(debugEvents()).toEqual(["UnsupportedField", "UnsupportedField"]);
    expect(starts()).toBe(0);
    expect(harness.status("web").phase).toBe("Running");
  });
});
