import { RuntimeError } from "@wherry/runtime";
import { failing } from "@wherry/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { KubeletHarness, podOf } from "../support/kubelet-harness.ts";

let harness: KubeletHarness;

afterEach(() => harness.stop());

function exits(exitCode: number, exitAfterMs = 1000) {
  return { script: () => ({ exitAfterMs, exitCode }) };
}

describe("standard provider, one container", () => {
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
    const conditions = Object.fromEntries(
      (harness.status("web").conditions ?? []).map(({ type, status }) => [type, status]),
    );
    expect(conditions).toEqual({
      PodReadyToStartContainers: "True",
      Initialized: "True",
      Ready: "True",
      ContainersReady: "True",
      PodScheduled: "True",
    });
  });

  test("run() of a job that succeeds ends in Succeeded with one patch more and no final delete", async () => {
    harness = new KubeletHarness({ runtime: exits(0) });
    harness.start();
    harness.api.create(podOf("job", { restartPolicy: "Never" }));
    await harness.settle();
    const before = harness.api.patches;
    await harness.advance(1000);
    expect(harness.api.patches - before).toBe(1);
    expect(harness.api.phases("job")).toEqual(["Pending", "Running", "Succeeded"]);
    const [main] = harness.status("job").containerStatuses ?? [];
    expect(main).toMatchObject({ ready: false, started: false, restartCount: 0 });
    expect(main?.state?.terminated).toMatchObject({ exitCode: 0, reason: "Completed" });
    expect(main?.containerID).toMatch(/^fake:\/\/container-/);
    expect(harness.api.deletions).toEqual([]);
    expect(harness.verbs().at(-1)).toBe("stopPodSandbox");
  });

  test("run() of a job that fails ends in Failed and tells the exit code", async () => {
    harness = new KubeletHarness({ runtime: exits(3) });
    harness.start();
    harness.api.create(podOf("job", { restartPolicy: "Never" }));
    await harness.advance(1000);
    expect(harness.status("job").phase).toBe("Failed");
    expect(harness.status("job").containerStatuses?.[0]?.state?.terminated).toMatchObject({
      exitCode: 3,
      reason: "Error",
    });
    const ready = harness.status("job").conditions?.find(({ type }) => type === "Ready");
    expect(ready).toMatchObject({ status: "False", reason: "PodFailed" });
  });

  test("delete() of a running pod stops it within its grace period and then removes the object", async () => {
    harness = new KubeletHarness();
    harness.start();
    harness.api.create(podOf("web"));
    await harness.settle();
    harness.api.delete("web");
    await harness.settle();
    expect(harness.api.phases("web")).toEqual(["Pending", "Running", "Failed"]);
    expect(harness.api.deletions).toEqual(["web"]);
    expect(harness.reasons("web").at(-1)).toBe("Killing");
    await harness.until(() => harness.runtime.sandboxes.size === 0);
    expect(harness.controller.list()).toEqual([]);
    expect(harness.volumes.mounted.size).toBe(0);
  });

  test("delete() never removes the object before the container has stopped", async () => {
    harness = new KubeletHarness({ runtime: { script: () => ({ obeysStop: false }) } });
    harness.start();
    harness.api.create(podOf("stubborn", { terminationGracePeriodSeconds: 20 }));
    await harness.settle();
    harness.api.delete("stubborn");
    await harness.advance(19_000);
    expect(harness.api.deletions).toEqual([]);
    expect(harness.status("stubborn").phase).toBe("Running");
    // EndpointSlices tell `serving` from `terminating`: what still serves stays ready.
    expect(harness.status("stubborn").containerStatuses?.[0]?.ready).toBe(true);
    await harness.advance(2000);
    expect(harness.api.deletions).toEqual(["stubborn"]);
    expect(harness.api.history.get("stubborn")?.at(-1)).toMatchObject({
      phase: "Failed",
      containerStatuses: [{ state: { terminated: { exitCode: 137 } } }],
    });
  });

  test("delete() a second time shortens the grace period", async () => {
    harness = new KubeletHarness({ runtime: { script: () => ({ obeysStop: false }) } });
    harness.start();
    harness.api.create(podOf("stubborn", { terminationGracePeriodSeconds: 600 }));
    await harness.settle();
    harness.api.delete("stubborn");
    await harness.advance(5000);
    harness.api.delete("stubborn", 10);
    await harness.advance(4000);
    expect(harness.api.deletions).toEqual([]);
    await harness.advance(1100);
    expect(harness.api.deletions).toEqual(["stubborn"]);
  });

  test("delete() with grace 0 removes the object at once, and the container is stopped all the same, in 2 s", async () => {
    harness = new KubeletHarness({ runtime: { script: () => ({ obeysStop: false }) } });
    harness.start();
    harness.api.create(podOf("stubborn"));
    await harness.settle();
    harness.api.delete("stubborn", 0);
    await harness.settle();
    await harness.advance(1900);
    expect(harness.runtime.find("stubborn", "main").state).toBe("running");
    await harness.advance(100);
    await harness.until(() => harness.runtime.sandboxes.size === 0);
    expect(harness.api.deletions).toEqual([]);
  });

  test("lifecycle.stopSignal reaches the runtime, and where there is none it is left to the image", async () => {
    harness = new KubeletHarness();
    harness.start();
    harness.api.create(podOf("own", {}, { lifecycle: { stopSignal: "SIGUSR1" } }));
    harness.api.create(podOf("none"));
    await harness.settle();
    expect(harness.runtime.find("own", "main").config.stopSignal).toBe("SIGUSR1");
    expect(harness.runtime.find("none", "main").config.stopSignal).toBe("");
  });

  test("a pod recreated under its name runs beside the one that still stops", async () => {
    harness = new KubeletHarness({ runtime: { script: () => ({ obeysStop: false }) } });
    harness.start();
    harness.api.create(podOf("twin"));
    await harness.settle();
    harness.api.delete("twin", 0);
    const again = podOf("twin");
    harness.api.create({ ...again, metadata: { ...again.metadata, uid: "uid-twin-2" } });
    await harness.settle();
    expect(harness.status("twin").phase).toBe("Running");
    expect(harness.controller.get("default", "twin")?.metadata?.uid).toBe("uid-twin-2");
    await harness.advance(2000);
    await harness.until(() => harness.runtime.sandboxes.size === 1);
    expect([...harness.runtime.sandboxes.values()].map(({ config }) => config.metadata.uid)).toEqual(["uid-twin-2"]);
  });

  test("a pod deleted before the kubelet saw it never starts and is removed", async () => {
    harness = new KubeletHarness();
    harness.api.create(podOf("late"));
    harness.api.delete("late");
    harness.start();
    await harness.settle();
    expect(harness.verbs()).toEqual([]);
    expect(harness.api.phases("late")).toEqual(["Failed"]);
    expect(harness.api.deletions).toEqual(["late"]);
  });

  test("activeDeadlineSeconds ends the pod as Failed with reason DeadlineExceeded", async () => {
    harness = new KubeletHarness();
    harness.start();
    harness.api.create(podOf("limited", { activeDeadlineSeconds: 60 }));
    await harness.advance(59_000);
    expect(harness.status("limited").phase).toBe("Running");
    await harness.advance(2000);
    expect(harness.status("limited")).toMatchObject({
      phase: "Failed",
      reason: "DeadlineExceeded",
      message: "Pod was active on the node longer than the specified deadline",
    });
    expect(harness.reasons("limited")).toContain("DeadlineExceeded");
  });

  test("activeDeadlineSeconds may be lowered while the pod runs", async () => {
    harness = new KubeletHarness();
    harness.start();
    harness.api.create(podOf("limited", { activeDeadlineSeconds: 600 }));
    await harness.advance(20_000);
    harness.api.update("limited", (pod) => ({
      ...pod,
      spec: { containers: [], ...pod.spec, activeDeadlineSeconds: 30 },
    }));
    await harness.advance(11_000);
    expect(harness.status("limited").reason).toBe("DeadlineExceeded");
  });
});

describe("standard provider, restarts", () => {
  test("restartPolicy Always restarts at once, then after 10, 20, 40 s and up to 300 s", async () => {
    harness = new KubeletHarness({ runtime: exits(1, 0) });
    harness.start();
    harness.api.create(podOf("crash"));
    await harness.settle();
    const starts: number[] = [];
    const begin = harness.clock.now();
    const seen = () => harness.runtime.injector.calls.filter(({ verb }) => verb === "startContainer");
    for (let second = 0; second < 1200; second++) await harness.clock.advance(1000);
    for (const { atMs } of seen()) starts.push((atMs - begin) / 1000);
    expect(starts).toEqual([0, 0, 10, 30, 70, 150, 310, 610, 910]);
    expect(harness.status("crash").containerStatuses?.[0]?.restartCount).toBe(8);
  });

  test.each([-3_600_000, 3_600_000])("a wall clock that is set by %d ms changes no restart delay", async (stepMs) => {
    harness = new KubeletHarness({ runtime: exits(1, 0) });
    harness.start();
    harness.api.create(podOf("crash"));
    await harness.settle();
    const begin = harness.clock.monotonic();
    harness.clock.stepWall(stepMs);
    for (let second = 0; second < 80; second++) await harness.clock.advance(1000);
    const starts = harness.runtime.injector.calls.filter(({ verb }) => verb === "startContainer");
    const startedAt = starts.map(({ atMs }) => (atMs - stepMs - begin) / 1000);
    expect(startedAt.slice(2)).toEqual([10, 30, 70]);
  });

  test("CrashLoopBackOff has upstream's message, the last termination, and a BackOff event", async () => {
    harness = new KubeletHarness({ runtime: exits(7, 0) });
    harness.start();
    harness.api.create(podOf("crash"));
    await harness.settle();
    const [main] = harness.status("crash").containerStatuses ?? [];
    expect(main?.state?.waiting).toEqual({
      reason: "CrashLoopBackOff",
      message: "back-off 10s restarting failed container=main pod=crash_default(uid-crash)",
    });
    expect(main?.lastState?.terminated).toMatchObject({ exitCode: 7, reason: "Error" });
    expect(main).toMatchObject({ restartCount: 1, ready: false, started: false });
    expect(harness.status("crash").phase).toBe("Running");
    expect(harness.events.find(({ reason }) => reason === "BackOff")).toMatchObject({
      type: "Warning",
      message: "Back-off restarting failed container main in pod crash_default(uid-crash)",
      fieldPath: "spec.containers{main}",
    });
  });

  test("the restart delay starts anew after ten quiet minutes", async () => {
    let lifeMs = 0;
    harness = new KubeletHarness({ runtime: { script: () => ({ exitAfterMs: lifeMs, exitCode: 1 }) } });
    harness.start();
    harness.api.create(podOf("crash"));
    await harness.advance(31_000);
    expect(harness.status("crash").containerStatuses?.[0]?.state?.waiting?.message).toMatch(/^back-off 40s /);
    lifeMs = 700_000;
    await harness.advance(60_000);
    lifeMs = 0;
    await harness.advance(685_000);
    expect(harness.status("crash").containerStatuses?.[0]?.state?.waiting?.message).toMatch(/^back-off 10s /);
  });

  test("ten quiet minutes count from the restart, so that five minutes of life after five of waiting are no new start", async () => {
    let lifeMs = 0;
    harness = new KubeletHarness({ runtime: { script: () => ({ exitAfterMs: lifeMs, exitCode: 1 }) } });
    harness.start();
    harness.api.create(podOf("crash"));
    const waiting = () => harness.status("crash").containerStatuses?.[0]?.state?.waiting?.message;
    for (let second = 0; second < 320; second++) await harness.advance(1000);
    expect(waiting()).toMatch(/^back-off 5m0s /);
    lifeMs = 301_000;
    for (let second = 0; second < 600; second++) await harness.advance(1000);
    expect(harness.status("crash").containerStatuses?.[0]?.restartCount).toBe(7);
    expect(waiting()).toMatch(/^back-off 5m0s /);
  });

  test("restartPolicy OnFailure stops at success", async () => {
    let count = 0;
    harness = new KubeletHarness({ runtime: { script: () => ({ exitAfterMs: 0, exitCode: count++ < 2 ? 1 : 0 }) } });
    harness.start();
    harness.api.create(podOf("job", { restartPolicy: "OnFailure" }));
    await harness.advance(60_000);
    expect(harness.status("job").phase).toBe("Succeeded");
    expect(harness.status("job").containerStatuses?.[0]).toMatchObject({ restartCount: 2 });
  });

  test("only one dead instance of a container is kept", async () => {
    harness = new KubeletHarness({ runtime: exits(1, 0) });
    harness.start();
    harness.api.create(podOf("crash"));
    await harness.advance(200_000);
    expect(harness.runtime.containers.size).toBe(2);
  });

  test("a changed image restarts the container in its sandbox", async () => {
    harness = new KubeletHarness();
    harness.runtime.images.present.add("app:v2");
    harness.start();
    harness.api.create(podOf("web", { restartPolicy: "Never" }));
    await harness.settle();
    harness.api.update("web", (pod) => {
      const [main] = pod.spec?.containers ?? [];
      if (main !== undefined) main.image = "app:v2";
      return pod;
    });
    await harness.settle();
    expect(harness.runtime.sandboxes.size).toBe(1);
    expect(harness.status("web").containerStatuses?.[0]).toMatchObject({ image: "app:v2", restartCount: 1 });
    expect(harness.events.find(({ reason }) => reason === "Killing")?.message).toBe(
      "Container main definition changed, will be restarted",
    );
  });

  test("while a changed image is pulled, a container that never restarts is not shown as ended", async () => {
    harness = new KubeletHarness();
    harness.runtime.images.remote = new Set(["app:v2"]);
    harness.start();
    harness.api.create(podOf("web", { restartPolicy: "Never" }));
    await harness.settle();
    harness.runtime.injector.plan = ({ verb }) => (verb === "pullImage" ? { kind: "delay", delayMs: 5000 } : undefined);
    harness.api.update("web", (pod) => {
      const [main] = pod.spec?.containers ?? [];
      if (main !== undefined) main.image = "app:v2";
      return pod;
    });
    await harness.advance(10_000);
    // The API server would refuse any state after "terminated".
    expect(harness.api.states("web", "main").slice(-3)).toEqual(["running", "waiting:ContainerCreating", "running"]);
    expect(harness.status("web").containerStatuses?.[0]).toMatchObject({ image: "app:v2", restartCount: 1 });
  });

  test("a lost sandbox is replaced, with event SandboxChanged", async () => {
    harness = new KubeletHarness();
    harness.start();
    harness.api.create(podOf("web"));
    await harness.settle();
    const [first] = harness.runtime.sandboxes.keys();
    harness.runtime.breakSandbox(first ?? "");
    await harness.settle();
    expect(harness.reasons("web")).toContain("SandboxChanged");
    expect(harness.status("web").phase).toBe("Running");
    const [main] = harness.status("web").containerStatuses ?? [];
    expect(main).toMatchObject({ restartCount: 1, ready: true });
    expect(main?.lastState?.terminated?.exitCode).toBe(137);
  });

  test("a finished container gets no new sandbox", async () => {
    harness = new KubeletHarness({
      runtime: { script: ({ name }) => (name === "main" ? { exitAfterMs: 0 } : undefined) },
    });
    harness.start();
    const pod = podOf("job", { restartPolicy: "Never" });
    harness.api.create(pod);
    await harness.settle();
    expect(harness.runtime.injector.calls.filter(({ verb }) => verb === "runPodSandbox")).toHaveLength(1);
    expect(harness.status("job").phase).toBe("Succeeded");
  });
});

describe("standard provider, waiting reasons", () => {
  test("ErrImagePull and ImagePullBackOff alternate with growing delays", async () => {
    harness = new KubeletHarness();
    harness.runtime.images.remote = new Set();
    harness.start();
    harness.api.create(podOf("web", {}, { image: "missing:v1" }));
    await harness.settle();
    expect(harness.status("web").containerStatuses?.[0]?.state?.waiting).toEqual({
      reason: "ErrImagePull",
      message: 'Cannot pull image "missing:v1": registry answered 404',
    });
    await harness.advance(1000);
    expect(harness.status("web").containerStatuses?.[0]?.state?.waiting).toEqual({
      reason: "ImagePullBackOff",
      message:
        'Back-off pulling image "missing:v1": ErrImagePull: Cannot pull image "missing:v1": registry answered 404',
    });
    await harness.advance(60_000);
    const pulls = harness.runtime.injector.calls.filter(({ verb }) => verb === "pullImage");
    expect(pulls.map(({ atMs }) => (atMs - (pulls[0]?.atMs ?? 0)) / 1000)).toEqual([0, 10, 30]);
    expect(harness.api.states("web", "main").slice(0, 5)).toEqual([
      "waiting:ContainerCreating",
      "waiting:ErrImagePull",
      "waiting:ImagePullBackOff",
      "waiting:ErrImagePull",
      "waiting:ImagePullBackOff",
    ]);
    harness.runtime.images.remote = new Set(["missing:v1"]);
    await harness.advance(60_000);
    expect(harness.status("web").phase).toBe("Running");
    expect(harness.reasons("web").slice(0, 4)).toEqual(["Pulling", "Failed", "Failed", "BackOff"]);
  });

  test("ErrImageNeverPull, InvalidImageName", async () => {
    harness = new KubeletHarness();
    harness.start();
    harness.api.create(podOf("never", {}, { image: "absent:v1", imagePullPolicy: "Never" }));
    harness.api.create(podOf("invalid", {}, { image: "UPPER/case::v1" }));
    await harness.settle();
    expect(harness.api.states("never", "main").at(-1)).toBe("waiting:ErrImageNeverPull");
    expect(harness.api.states("invalid", "main").at(-1)).toBe("waiting:InvalidImageName");
    expect(harness.status("never").phase).toBe("Pending");
    expect(harness.reasons("never")).toContain("ErrImageNeverPull");
  });

  test("pull policy Always asks the registry even for an image that is present", async () => {
    harness = new KubeletHarness();
    harness.runtime.images.present.add("app:latest");
    harness.start();
    harness.api.create(podOf("web", {}, { image: "app:latest", imagePullPolicy: undefined }));
    await harness.settle();
    expect(harness.reasons("web")).toEqual(["Pulling", "Pulled", "Created", "Started"]);
  });

  test("CreateContainerConfigError lasts until the configuration can be resolved", async () => {
    harness = new KubeletHarness();
    harness.environmentError = new Error('secret "missing" not found');
    harness.start();
    harness.api.create(podOf("web"));
    await harness.settle();
    expect(harness.status("web").containerStatuses?.[0]?.state?.waiting).toEqual({
      reason: "CreateContainerConfigError",
      message: 'secret "missing" not found',
    });
    expect(harness.events.find(({ reason }) => reason === "Failed")?.message).toBe('Error: secret "missing" not found');
    for (let second = 0; second < 115; second++) await harness.advance(1000);
    // Each try is two events, and after 25 of them the start itself would not be told.
    expect(harness.reasons("web").length).toBeLessThan(25);
    harness.environmentError = undefined;
    await harness.advance(5000);
    expect(harness.status("web").phase).toBe("Running");
    expect(harness.status("web").containerStatuses?.[0]?.restartCount).toBe(0);
  });

  test("CreateContainerError and RunContainerError are shown and tried again", async () => {
    harness = new KubeletHarness();
    harness.runtime.injector.plan = failing("createContainer", 1, {
      error: new RuntimeError("Internal", "no room for the container"),
    });
    harness.start();
    harness.api.create(podOf("web"));
    await harness.settle();
    expect(harness.status("web").containerStatuses?.[0]?.state?.waiting).toEqual({
      reason: "CreateContainerError",
      message: "no room for the container",
    });
    harness.runtime.injector.plan = failing("startContainer", 1, {
      error: new RuntimeError("InvalidArgument", "module imports unknown function"),
    });
    await harness.advance(10_000);
    expect(harness.status("web").containerStatuses?.[0]?.state?.waiting).toEqual({
      reason: "RunContainerError",
      message: "module imports unknown function",
    });
    await harness.advance(10_000);
    expect(harness.status("web").phase).toBe("Running");
  });

  test("FailedMount is an event, and the pod waits in ContainerCreating", async () => {
    harness = new KubeletHarness();
    harness.volumes.error = new Error('MountVolume.SetUp failed for volume "v": configmap "c" not found');
    harness.start();
    harness.api.create(podOf("web"));
    await harness.advance(600);
    expect(harness.reasons("web")).toEqual(["FailedMount", "FailedMount"]);
    expect(harness.api.states("web", "main")).toEqual(["waiting:ContainerCreating"]);
    harness.volumes.error = undefined;
    await harness.advance(1000);
    expect(harness.status("web").phase).toBe("Running");
  });

  test("FailedCreatePodSandBox is an event, and creating is tried again", async () => {
    harness = new KubeletHarness();
    harness.runtime.injector.plan = failing("runPodSandbox", 2);
    harness.start();
    harness.api.create(podOf("web"));
    await harness.advance(4000);
    expect(harness.reasons("web").slice(0, 2)).toEqual(["FailedCreatePodSandBox", "FailedCreatePodSandBox"]);
    expect(harness.status("web").phase).toBe("Running");
  });

  test("a runtime class the node has is used; one with an unknown handler refuses the pod; a missing one waits", async () => {
    harness = new KubeletHarness({ runtime: { handlers: ["dense"] } });
    harness.runtimeClasses.set("dense-class", "dense");
    harness.runtimeClasses.set("linux-class", "runc");
    harness.start();
    await harness.settle();
    harness.api.create(podOf("dense", { runtimeClassName: "dense-class" }));
    harness.api.create(podOf("linux", { runtimeClassName: "linux-class" }));
    harness.api.create(podOf("none", { runtimeClassName: "missing" }));
    await harness.settle();
    expect([...harness.runtime.sandboxes.values()][0]?.config.runtimeHandler).toBe("dense");
    expect(harness.status("linux")).toMatchObject({ phase: "Failed", reason: "RuntimeHandlerNotSupported" });
    expect(harness.status("none").phase).toBe("Pending");
    expect(harness.reasons("none")).toEqual(["FailedCreatePodSandBox"]);
  });

  test("a pod with an exec probe is refused visibly where the runtime runs no commands", async () => {
    harness = new KubeletHarness();
    harness.start();
    harness.api.create(podOf("probed", {}, { livenessProbe: { exec: { command: ["check"] } } }));
    await harness.settle();
    expect(harness.status("probed")).toMatchObject({
      phase: "Failed",
      reason: "UnsupportedField",
      message:
        "Pod was rejected: spec.containers[0].livenessProbe.exec: the runtime runs no second command in a container",
    });
    expect(harness.status("probed")).not.toHaveProperty("containerStatuses");
    expect(harness.reasons("probed")).toEqual(["UnsupportedField"]);
    expect(harness.events.at(-1)?.message).toMatch(/^spec\.containers\[0\]\.livenessProbe\.exec: /);
    expect(harness.verbs()).toEqual([]);
  });

  test("a pod that was refused has no resources allocated, and no container that kubectl would show as being created", async () => {
    harness = new KubeletHarness({ admit: () => ({ reason: "OutOfcpu", message: "full" }) });
    harness.start();
    harness.api.create(podOf("large", {}, { resources: { requests: { cpu: "1000" } } }));
    await harness.settle();
    expect(harness.status("large")).toMatchObject({ phase: "Failed", reason: "OutOfcpu" });
    for (const field of ["containerStatuses", "allocatedResources", "resources"])
      expect(harness.status("large")).not.toHaveProperty(field);
  });
});

describe("standard provider, kubelet restarts", () => {
  test("restart() of the kubelet leaves running pods alone and writes nothing", async () => {
    harness = new KubeletHarness();
    harness.start();
    harness.api.create(podOf("web"));
    await harness.settle();
    const { patches } = harness.api;
    const verbs = harness.verbs().length;
    await harness.restart();
    expect(harness.api.patches).toBe(patches);
    expect(harness.verbs()).toHaveLength(verbs);
    harness.api.delete("web");
    await harness.settle();
    expect(harness.api.deletions).toEqual(["web"]);
  });

  test("restart() keeps restartCount and lastState", async () => {
    harness = new KubeletHarness({ runtime: exits(1, 0) });
    harness.start();
    harness.api.create(podOf("crash"));
    await harness.advance(30_000);
    const before = harness.status("crash").containerStatuses?.[0]?.restartCount ?? 0;
    expect(before).toBe(3);
    await harness.restart();
    const [after] = harness.status("crash").containerStatuses ?? [];
    expect(after?.restartCount).toBe(4);
    expect(after?.lastState?.terminated?.exitCode).toBe(1);
  });

  test("restart() finds what ended meanwhile", async () => {
    harness = new KubeletHarness();
    harness.start();
    harness.api.create(podOf("job", { restartPolicy: "Never" }));
    await harness.settle();
    await harness.stop();
    harness.runtime.exit(harness.runtime.find("job", "main").id, 5, { message: "trap" });
    harness.start();
    await harness.settle();
    expect(harness.status("job")).toMatchObject({
      phase: "Failed",
      containerStatuses: [{ state: { terminated: { exitCode: 5, message: "trap" } } }],
    });
  });

  test("restart() with a runtime that lost everything tells the truth", async () => {
    harness = new KubeletHarness();
    harness.start();
    harness.api.create(podOf("always"));
    harness.api.create(podOf("never", { restartPolicy: "Never" }));
    await harness.settle();
    await harness.stop();
    harness.runtime.loseEverything();
    harness.start();
    await harness.settle();
    const [always] = harness.status("always").containerStatuses ?? [];
    expect(always).toMatchObject({ restartCount: 1, ready: true });
    expect(always?.lastState?.terminated).toMatchObject({ exitCode: 137, reason: "ContainerStatusUnknown" });
    expect(harness.status("never").phase).toBe("Failed");
  });

  test("restart() leaves finished pods as they are", async () => {
    harness = new KubeletHarness({ runtime: exits(0, 0) });
    harness.start();
    harness.api.create(podOf("job", { restartPolicy: "Never" }));
    await harness.settle();
    const { patches } = harness.api;
    await harness.restart();
    expect(harness.api.patches).toBe(patches);
    expect(harness.runtime.containers.size).toBe(1);
  });

  test("restart() removes what is left of pods that went meanwhile", async () => {
    harness = new KubeletHarness();
    harness.start();
    harness.api.create(podOf("web"));
    await harness.settle();
    await harness.stop();
    harness.api.delete("web", 0);
    harness.start();
    await harness.until(() => harness.runtime.sandboxes.size === 0 && harness.volumes.mounted.size === 0);
  });

  test("an API server that is away costs nothing but time", async () => {
    harness = new KubeletHarness({ runtime: exits(0, 5000) });
    harness.start();
    harness.api.down = true;
    harness.api.create(podOf("job", { restartPolicy: "Never" }));
    await harness.advance(60_000);
    expect(harness.runtime.find("job", "main").state).toBe("exited");
    expect(harness.api.patches).toBe(0);
    harness.api.down = false;
    await harness.advance(15_000);
    expect(harness.status("job").phase).toBe("Succeeded");
    expect(harness.api.patches).toBe(1);
  });

  test("a running pod that a restarted kubelet refuses is stopped before it is Failed", async () => {
    let full = false;
    harness = new KubeletHarness({
      admit: () => (full ? { reason: "NodeAffinity", message: "labels changed" } : undefined),
      runtime: { script: () => ({ obeysStop: false }) },
    });
    harness.start();
    harness.api.create(podOf("web", { terminationGracePeriodSeconds: 10 }));
    await harness.settle();
    full = true;
    await harness.restart();
    await harness.advance(5000);
    expect(harness.status("web").phase).toBe("Running");
    await harness.advance(6000);
    expect(harness.status("web")).toMatchObject({ phase: "Failed", reason: "NodeAffinity" });
    expect(harness.runtime.find("web", "main").state).toBe("exited");
  });

  test("terminate() leaves a pod alone that comes to its end by itself", async () => {
    harness = new KubeletHarness();
    harness.start();
    harness.api.create(podOf("job", { restartPolicy: "Never" }));
    await harness.settle();
    harness.runtime.injector.plan = ({ verb }) =>
      verb === "stopPodSandbox" ? { kind: "delay", delayMs: 2000 } : undefined;
    harness.runtime.exit(harness.runtime.find("job", "main").id, 0);
    await harness.settle();
    const outcome = { phase: "Failed", reason: "Evicted", message: "too much" } as const;
    const evict = () => harness.controller.terminate("uid-job", { cause: "evicted", gracePeriodMs: 0, outcome });
    expect(evict()).toBe(false);
    await harness.advance(2000);
    expect(harness.status("job").phase).toBe("Succeeded");
    expect(evict()).toBe(false);
  });

  test("a stop that the runtime cannot do is an event, and is tried again", async () => {
    harness = new KubeletHarness();
    harness.start();
    harness.api.create(podOf("web"));
    await harness.settle();
    harness.runtime.injector.plan = failing("stopContainer", 2);
    harness.api.delete("web");
    await harness.settle();
    expect(harness.api.deletions).toEqual([]);
    await harness.advance(5000);
    expect(harness.api.deletions).toEqual(["web"]);
    expect(harness.reasons("web").filter((reason) => reason === "FailedKillPod")).toHaveLength(2);
  });

  test("a container that vanishes without a word before it was ever listed is missed all the same", async () => {
    harness = new KubeletHarness();
    harness.start();
    harness.api.create(podOf("web"));
    await harness.settle();
    harness.runtime.loseContainer(harness.runtime.find("web", "main").id);
    await harness.advance(10_000);
    const [main] = harness.status("web").containerStatuses ?? [];
    expect(main).toMatchObject({ ready: true, restartCount: 1 });
    expect(main?.lastState?.terminated).toMatchObject({ exitCode: 137, reason: "ContainerStatusUnknown" });
    expect(harness.runtime.find("web", "main").state).toBe("running");
  });

  test("restart() starts nothing of a pod whose deadline has passed meanwhile", async () => {
    harness = new KubeletHarness();
    harness.start();
    harness.api.create(podOf("web", { activeDeadlineSeconds: 10 }));
    await harness.settle();
    await harness.stop();
    harness.runtime.breakSandbox([...harness.runtime.sandboxes.keys()][0] ?? "");
    await harness.advance(10_000);
    harness.start();
    await harness.settle();
    expect(harness.status("web")).toMatchObject({ phase: "Failed", reason: "DeadlineExceeded" });
    expect(harness.verbs().filter((verb) => verb === "runPodSandbox" || verb === "startContainer")).toHaveLength(2);
  });

  test("events that are lost are made up for by listing", async () => {
    harness = new KubeletHarness();
    harness.start();
    harness.api.create(podOf("job", { restartPolicy: "Never" }));
    await harness.advance(15_000);
    harness.runtime.feed.muted = true;
    harness.runtime.exit(harness.runtime.find("job", "main").id, 0);
    await harness.settle();
    expect(harness.status("job").phase).toBe("Running");
    await harness.advance(10_000);
    expect(harness.status("job").phase).toBe("Succeeded");
  });
});
