import { FakeClock } from "@wherry/base";
import type { Container, Probe } from "@wherry/kubernetes";
import { afterEach, describe, expect, test } from "vitest";
import { ActionError } from "../../src/errors.ts";
import { FakeActions } from "../support/fake-actions.ts";
import { type HarnessOptions, KubeletHarness, podOf } from "../support/kubelet-harness.ts";

let harness: KubeletHarness;
let actions: FakeActions;

afterEach(() => harness.stop());

/** A kubelet whose containers answer as `actions` say; pods have addresses of their own. */
function start(options: HarnessOptions = {}): number {
  let random = 0.5;
  const clock = new FakeClock();
  actions = new FakeActions(clock);
  harness = new KubeletHarness({
    ...options,
    clock,
    runtime: { ips: (index) => [`10.1.0.${index}`], ...options.runtime },
    provider: {
      actions,
      random: () => {
        random = (random + 0.25) % 1;
        return random;
      },
      ...options.provider,
    },
  });
  harness.start();
  return harness.clock.now();
}

const http = (path: string, more: Partial<Probe> = {}): Probe => ({ httpGet: { port: 80, path }, ...more });
const url = (path: string, host = "10.1.0.1") => `http://${host}/${path.replace(/^\//, "")}`;
const main = (pod = "web") => harness.status(pod).containerStatuses?.[0];
const condition = (type: string, pod = "web") =>
  harness.status(pod).conditions?.find((candidate) => candidate.type === type);
/** When instances of containers were started, in seconds since the beginning. */
const starts = (begin: number) =>
  harness.runtime.injector.calls
    .filter(({ verb }) => verb === "startContainer")
    .map(({ atMs }) => Math.round((atMs - begin) / 1000));
const messages = (reason: string) =>
  harness.events.filter((event) => event.reason === reason).map(({ message }) => message);

describe("standard provider, readiness probes", () => {
  test("a pod is Ready once its probe succeeded, and says why it is not before", async () => {
    start();
    actions.answer = 503;
    harness.api.create(podOf("web", {}, { readinessProbe: http("/ready", { periodSeconds: 5 }) }));
    await harness.advance(1000);
    expect(harness.status("web").phase).toBe("Running");
    expect(main()).toMatchObject({ started: true, ready: false });
    expect(condition("Ready")).toMatchObject({
      status: "False",
      reason: "ContainersNotReady",
      message: "containers with unready status: [main]",
    });
    expect(harness.events.find(({ reason }) => reason === "Unhealthy")).toMatchObject({
      type: "Warning",
      message: "Readiness probe failed: HTTP probe failed with statuscode: 503",
      fieldPath: "spec.containers{main}",
    });
    actions.answer = "ok";
    await harness.advance(5000);
    expect(main()?.ready).toBe(true);
    expect(condition("Ready")?.status).toBe("True");
    expect(condition("ContainersReady")?.status).toBe("True");
    expect(actions.requests[0]?.headers).toEqual([
      ["User-Agent", "kube-probe/1.36"],
      ["Accept", "*/*"],
    ]);
  });

  test("a server that answers at once makes its pod Ready at once, and is probed on from there", async () => {
    const begin = start();
    harness.api.create(podOf("web", {}, { readinessProbe: http("/ready", { periodSeconds: 5 }) }));
    await harness.settle();
    expect(condition("Ready")?.status).toBe("True");
    await harness.advance(11_000);
    expect(actions.times(url("ready"), begin)).toEqual([0, 5, 10]);
  });

  test("a server that does not listen at once is asked again after a second, and nothing is said of it", async () => {
    const begin = start();
    actions.answers.set(url("ready"), new ActionError("Failed", "dial tcp 10.1.0.1:80: connect: connection refused"));
    harness.api.create(podOf("web", {}, { readinessProbe: http("/ready", { periodSeconds: 5 }) }));
    await harness.advance(900);
    expect(messages("Unhealthy")).toEqual([]);
    expect(harness.probeMetrics.render()).toBe("");
    actions.answers.delete(url("ready"));
    await harness.advance(100);
    expect(condition("Ready")?.status).toBe("True");
    await harness.advance(6000);
    expect(actions.times(url("ready"), begin)).toEqual([0, 1, 6]);
  });

  test("a server that accepts and says nothing at first has the whole time of the probe that counts", async () => {
    const begin = start();
    actions.answers.set(url("ready"), "hang");
    harness.api.create(podOf("web", {}, { readinessProbe: http("/ready", { timeoutSeconds: 2 }) }));
    await harness.advance(2500);
    expect(messages("Unhealthy")).toEqual([]);
    await harness.advance(1000);
    expect(messages("Unhealthy")).toHaveLength(1);
    expect(actions.times(url("ready"), begin)).toEqual([0, 1]);
  });

  test("a container that ends within its first probe leaves nothing behind", async () => {
    start();
    actions.answers.set(url("ready"), "hang");
    harness.api.create(podOf("web", { restartPolicy: "Never" }, { readinessProbe: http("/ready") }));
    await harness.advance(100);
    harness.runtime.exit(harness.runtime.find("web", "main").id, 0);
    await harness.advance(20_000);
    expect(actions.calls).toHaveLength(1);
    expect(messages("Unhealthy")).toEqual([]);
  });

  test("successThreshold and failureThreshold count equal results in a row", async () => {
    start();
    const readinessProbe = http("/ready", { periodSeconds: 1, successThreshold: 2, failureThreshold: 3 });
    harness.api.create(podOf("web", {}, { readinessProbe }));
    await harness.advance(900);
    expect(main()?.ready).toBe(false);
    await harness.advance(1000);
    expect(main()?.ready).toBe(true);
    actions.answer = 500;
    await harness.advance(2000);
    actions.answer = "ok";
    await harness.advance(1000);
    actions.answer = 500;
    await harness.advance(2000);
    expect(main()?.ready).toBe(true);
    await harness.advance(1000);
    expect(main()).toMatchObject({ ready: false, restartCount: 0 });
  });

  test("a wall clock that is set back does not put the first probe off", async () => {
    start();
    const startupProbe = http("/started", { periodSeconds: 1 });
    const readinessProbe = http("/ready", { initialDelaySeconds: 7 });
    actions.answer = 503;
    harness.api.create(podOf("web", {}, { startupProbe, readinessProbe }));
    await harness.advance(1000);
    harness.clock.stepWall(-3_600_000);
    actions.answer = "ok";
    await harness.advance(9000);
    expect(main()).toMatchObject({ started: true, ready: true });
  });

  test("initialDelaySeconds counts from the start of the container, periodSeconds between probes", async () => {
    const begin = start();
    const readinessProbe = http("/ready", { initialDelaySeconds: 7, periodSeconds: 3 });
    harness.api.create(podOf("web", {}, { readinessProbe }));
    await harness.advance(14_000);
    expect(actions.times(url("ready"), begin)).toEqual([7, 10, 13]);
  });

  test("a probe that takes longer than timeoutSeconds has failed, and holds up no other", async () => {
    const begin = start();
    actions.answers.set(url("slow"), "hang");
    const probed: Container = { name: "slow", image: "app:v1", readinessProbe: http("slow", { timeoutSeconds: 2 }) };
    const spec = podOf("web", {}, { readinessProbe: http("fast", { periodSeconds: 1 }) }).spec;
    harness.api.create(podOf("web", { containers: [...(spec?.containers ?? []), probed] }));
    await harness.advance(4000);
    expect(actions.times(url("fast"), begin)).toEqual([0, 1, 2, 3, 4]);
    expect(messages("Unhealthy")).toEqual(["Readiness probe failed: context deadline exceeded"]);
  });

  test("probes that are slower than their period stay on its beat and never run twice at once", async () => {
    const begin = start();
    actions.answers.set(url("slow"), "hang");
    const readinessProbe = http("slow", { periodSeconds: 2, timeoutSeconds: 5 });
    harness.api.create(podOf("web", {}, { readinessProbe }));
    await harness.advance(11_000);
    expect(actions.times(url("slow"), begin)).toEqual([0, 1, 6, 11]);
  });

  test("a probe that cannot be carried out is tried three times, told, and changes nothing", async () => {
    start();
    const readinessProbe: Probe = { httpGet: { port: "nowhere" } };
    harness.api.create(podOf("web", {}, { readinessProbe, ports: [{ name: "http", containerPort: 80 }] }));
    await harness.advance(1000);
    expect(messages("Unhealthy")).toEqual([
      'Readiness probe errored and resulted in unknown state: Cannot find port "nowhere" in container "main"; it names "http"',
    ]);
    expect(main()).toMatchObject({ ready: false, started: true });
  });

  test("a redirect to elsewhere counts as success, with event ProbeWarning", async () => {
    start();
    actions.answer = 302;
    harness.api.create(podOf("web", {}, { readinessProbe: http("/ready") }));
    await harness.advance(1000);
    expect(main()?.ready).toBe(true);
    expect(messages("ProbeWarning")).toEqual([
      "Readiness probe warning: Probe terminated redirects, Response body: body",
    ]);
  });

  test("a probe's failure is told once: the system's words for what upstream's say are not added to them", async () => {
    start();
    const message = "dial tcp 10.1.0.1:80: connect: connection refused";
    actions.answer = new ActionError("Failed", message, { cause: new Error("connect ECONNREFUSED 10.1.0.1:80") });
    harness.api.create(podOf("web", {}, { readinessProbe: { tcpSocket: { port: 80 } } }));
    await harness.advance(1000);
    expect(messages("Unhealthy")).toEqual([`Readiness probe failed: ${message}`]);
  });

  test("tcpSocket, grpc and exec are asked at the pod's address, or at the host the probe names", async () => {
    start({ provider: { execSupported: true } });
    const containers: Container[] = [
      {
        name: "tcp",
        image: "app:v1",
        readinessProbe: { tcpSocket: { port: "db" } },
        ports: [{ name: "db", containerPort: 5432 }],
      },
      { name: "host", image: "app:v1", readinessProbe: { tcpSocket: { port: 1, host: "127.0.0.1" } } },
      { name: "grpc", image: "app:v1", readinessProbe: { grpc: { port: 9000, service: "orders" } } },
      { name: "exec", image: "app:v1", readinessProbe: { exec: { command: ["cat", "/ready"] } } },
    ];
    harness.api.create(podOf("web", { containers }));
    await harness.advance(1000);
    expect(condition("Ready")?.status).toBe("True");
    const targets = ["10.1.0.1:5432", "10.1.0.1:9000/orders", "127.0.0.1:1", "cat /ready"];
    expect(actions.calls.map(({ target }) => target).sort()).toEqual(targets);
    actions.answers.set("cat /ready", 1);
    actions.answers.set("10.1.0.1:9000/orders", 2);
    await harness.advance(10_000);
    expect(messages("Unhealthy").sort()).toEqual([
      "Readiness probe failed: output",
      'Readiness probe failed: service unhealthy (responded with "NOT_SERVING")',
    ]);
  });

  test("a pod that shares the node's address is asked there", async () => {
    start({ runtime: { ips: () => [] } });
    harness.api.create(podOf("web", {}, { readinessProbe: http("/ready") }));
    await harness.advance(1000);
    expect(actions.calls.map(({ target }) => target)).toEqual([url("ready", "10.0.0.1")]);
  });
});

describe("standard provider, liveness probes", () => {
  test("a failed probe restarts the container with upstream's events, and starts anew with the next instance", async () => {
    const begin = start();
    const livenessProbe = http("/live", { periodSeconds: 10, failureThreshold: 2 });
    harness.api.create(podOf("web", {}, { livenessProbe }));
    await harness.advance(1000);
    const first = main()?.containerID;
    actions.answer = 500;
    await harness.advance(20_000);
    expect(messages("Unhealthy")[0]).toBe("Liveness probe failed: HTTP probe failed with statuscode: 500");
    expect(messages("Killing")).toEqual(["Container main failed liveness probe, will be restarted"]);
    expect(main()).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 143 } } });
    expect(main()?.containerID).not.toBe(first);
    actions.answer = "ok";
    await harness.advance(1000);
    expect(actions.times(url("live"), begin)).toEqual([1, 11, 21, 22]);
    expect(main()).toMatchObject({ restartCount: 1, ready: true });
  });

  test("the probe's terminationGracePeriodSeconds goes before the pod's, and nothing is probed meanwhile", async () => {
    start({ runtime: { script: () => ({ obeysStop: false }) } });
    const livenessProbe = http("/live", { failureThreshold: 1, periodSeconds: 1, terminationGracePeriodSeconds: 5 });
    harness.api.create(podOf("web", { terminationGracePeriodSeconds: 600 }, { livenessProbe }));
    actions.answer = 500;
    await harness.advance(5000);
    expect(actions.calls).toHaveLength(1);
    expect(main()?.restartCount).toBe(0);
    await harness.advance(1000);
    expect(main()?.restartCount).toBe(1);
  });

  test("with restartPolicy Never a failed probe is the pod's end", async () => {
    start();
    actions.answer = 500;
    const livenessProbe = http("/live", { failureThreshold: 1 });
    harness.api.create(podOf("web", { restartPolicy: "Never" }, { livenessProbe }));
    await harness.advance(1000);
    expect(messages("Killing")).toEqual(["Stopping container main"]);
    expect(harness.status("web").phase).toBe("Failed");
  });

  test("with restartPolicy OnFailure the container is restarted though it ended well", async () => {
    start({ runtime: { script: () => ({ stopExitCode: 0 }) } });
    actions.answer = 500;
    const livenessProbe = http("/live", { failureThreshold: 1 });
    harness.api.create(podOf("web", { restartPolicy: "OnFailure" }, { livenessProbe }));
    await harness.advance(1000);
    expect(main()?.restartCount).toBe(1);
    expect(harness.status("web").phase).toBe("Running");
  });

  test("a killed container is started again at once until the kills before have made a delay longer than its life", async () => {
    const begin = start();
    actions.answer = 500;
    const livenessProbe = http("/live", { periodSeconds: 10, failureThreshold: 3 });
    harness.api.create(podOf("web", {}, { livenessProbe }));
    await harness.settle();
    for (let seconds = 0; seconds < 104; seconds++) await harness.advance(1000);
    // The fifth kill is the first that comes sooner after the one before than the delay grown by then.
    expect(starts(begin)).toEqual([0, 21, 42, 63, 84]);
    expect(harness.api.states("web", "main")).not.toContain("waiting:CrashLoopBackOff");
    await harness.advance(1000);
    expect(main()?.state?.waiting).toMatchObject({
      reason: "CrashLoopBackOff",
      message: expect.stringMatching(/^back-off 40s restarting failed container=main /),
    });
    for (let seconds = 0; seconds < 41; seconds++) await harness.advance(1000);
    expect(starts(begin)).toEqual([0, 21, 42, 63, 84, 145]);
  });
});

describe("standard provider, startup probes", () => {
  test("liveness and readiness wait for startup, and readiness is asked at once when it succeeded", async () => {
    const begin = start();
    actions.answers.set(url("start"), 500);
    const container: Partial<Container> = {
      startupProbe: http("/start", { periodSeconds: 3, failureThreshold: 10 }),
      readinessProbe: http("/ready", { periodSeconds: 60 }),
      livenessProbe: http("/live", { periodSeconds: 60 }),
    };
    harness.api.create(podOf("web", {}, container));
    await harness.advance(7000);
    expect(main()).toMatchObject({ started: false, ready: false });
    expect(actions.times(url("ready"), begin)).toEqual([]);
    actions.answers.delete(url("start"));
    await harness.advance(3000);
    expect(main()).toMatchObject({ started: true, ready: true });
    expect(actions.times(url("start"), begin)).toEqual([0, 1, 4, 7, 10]);
    expect(actions.times(url("ready"), begin)).toEqual([10]);
    await harness.advance(30_000);
    expect(actions.times(url("start"), begin)).toHaveLength(5);
  });

  test("a container that has started at once is ready at once, and its life is asked for a second later", async () => {
    const begin = start();
    const container: Partial<Container> = {
      startupProbe: http("/start"),
      readinessProbe: http("/ready"),
      livenessProbe: http("/live"),
    };
    harness.api.create(podOf("web", {}, container));
    await harness.settle();
    expect(main()).toMatchObject({ started: true, ready: true });
    await harness.advance(5000);
    expect(actions.times(url("live"), begin)).toEqual([1]);
  });

  test("a container that does not start in time is killed", async () => {
    start();
    actions.answer = 500;
    const startupProbe = http("/start", { periodSeconds: 1, failureThreshold: 3, terminationGracePeriodSeconds: 3 });
    harness.api.create(podOf("web", {}, { startupProbe }));
    await harness.advance(2000);
    expect(messages("Killing")).toEqual([]);
    await harness.advance(1000);
    expect(messages("Killing")).toEqual(["Container main failed startup probe, will be restarted"]);
    expect(messages("Unhealthy")[0]).toBe("Startup probe failed: HTTP probe failed with statuscode: 500");
    expect(main()).toMatchObject({ restartCount: 1, started: false });
  });

  test("the next init container starts when the sidecar before it has started", async () => {
    start();
    actions.answer = 500;
    const initContainers: Container[] = [
      { name: "proxy", image: "app:v1", restartPolicy: "Always", startupProbe: http("/proxy", { periodSeconds: 2 }) },
    ];
    harness.api.create(podOf("web", { initContainers }));
    await harness.advance(2000);
    const started = () =>
      harness.runtime.injector.calls.filter(({ verb }) => verb === "startContainer").map(({ subject }) => subject);
    expect(started()).toEqual(["proxy"]);
    expect(harness.status("web").phase).toBe("Pending");
    expect(harness.status("web").initContainerStatuses?.[0]).toMatchObject({ started: false, ready: false });
    actions.answer = "ok";
    await harness.advance(2000);
    expect(started()).toEqual(["proxy", "main"]);
    expect(harness.status("web").phase).toBe("Running");
    expect(condition("Initialized")?.status).toBe("True");
  });

  test("a sidecar that fails its probe is restarted under the name of an init container", async () => {
    start();
    const livenessProbe = http("/proxy", { periodSeconds: 2, failureThreshold: 1 });
    const initContainers: Container[] = [{ name: "proxy", image: "app:v1", restartPolicy: "Always", livenessProbe }];
    harness.api.create(podOf("web", { restartPolicy: "Never", initContainers }));
    await harness.advance(1000);
    actions.answer = 500;
    await harness.advance(2000);
    expect(messages("Killing")).toEqual(["Init container proxy failed liveness probe"]);
    expect(harness.status("web").initContainerStatuses?.[0]?.restartCount).toBe(1);
    expect(harness.events.find(({ reason }) => reason === "Unhealthy")?.fieldPath).toBe("spec.initContainers{proxy}");
  });
});

describe("standard provider, probes of a pod that ends", () => {
  test("liveness is over, and readiness goes on until the container has stopped", async () => {
    start({ runtime: { script: () => ({ obeysStop: false }) } });
    const container = {
      livenessProbe: http("/live", { periodSeconds: 1, failureThreshold: 1 }),
      readinessProbe: http("/ready", { periodSeconds: 1, failureThreshold: 1 }),
    };
    harness.api.create(podOf("web", { terminationGracePeriodSeconds: 20 }, container));
    await harness.advance(5000);
    harness.api.delete("web");
    await harness.settle();
    expect(condition("Ready")?.status).toBe("True");
    const { length } = actions.calls.filter(({ target }) => target === url("live"));
    actions.answer = 500;
    await harness.advance(2000);
    expect(condition("Ready")?.status).toBe("False");
    expect(actions.calls.filter(({ target }) => target === url("live"))).toHaveLength(length);
    expect(messages("Killing")).toEqual(["Stopping container main"]);
    await harness.advance(20_000);
    expect(harness.api.deletions).toEqual(["web"]);
    const all = actions.calls.length;
    await harness.advance(20_000);
    expect(actions.calls).toHaveLength(all);
  });

  test("what had not started when its pod was deleted does not become ready", async () => {
    start({ runtime: { script: () => ({ obeysStop: false }) } });
    actions.answer = 500;
    const startupProbe = http("/start", { periodSeconds: 1, failureThreshold: 100 });
    harness.api.create(podOf("web", { terminationGracePeriodSeconds: 20 }, { startupProbe }));
    await harness.advance(3000);
    harness.api.delete("web");
    await harness.advance(3000);
    expect(main()).toMatchObject({ started: false, ready: false });
    expect(condition("Ready")?.status).toBe("False");
    expect(condition("ContainersReady")?.status).toBe("False");
  });

  test("a liveness failure that came before the deletion kills nothing any more", async () => {
    start({ runtime: { script: () => ({ obeysStop: false }) } });
    actions.answer = 500;
    const livenessProbe = http("/live", { failureThreshold: 1, terminationGracePeriodSeconds: 60 });
    harness.api.create(podOf("web", {}, { livenessProbe }));
    await harness.advance(2000);
    harness.api.delete("web", 5);
    await harness.advance(6000);
    expect(harness.api.deletions).toEqual(["web"]);
    expect(harness.api.history.get("web")?.at(-1)?.containerStatuses?.[0]?.restartCount).toBe(0);
  });
});

describe("standard provider, probes over restarts of the kubelet", () => {
  test("restart() keeps a ready pod ready, and spreads the first probes over the period", async () => {
    start();
    const container = {
      startupProbe: http("/start", { periodSeconds: 1 }),
      readinessProbe: http("/ready", { periodSeconds: 8, failureThreshold: 1 }),
    };
    harness.api.create(podOf("web", {}, container));
    await harness.advance(20_000);
    expect(main()).toMatchObject({ started: true, ready: true });
    const { patches } = harness.api;
    await harness.restart();
    const begin = harness.clock.now();
    const { length } = actions.calls;
    await harness.advance(1000);
    expect(harness.api.patches).toBe(patches);
    await harness.advance(7500);
    const after = actions.calls.slice(length);
    expect(after.map(({ target }) => target)).toEqual([url("ready")]);
    expect((after[0]?.atMs ?? 0) - begin).toBeGreaterThan(1000);
    actions.answer = 500;
    await harness.advance(8000);
    expect(main()?.ready).toBe(false);
  });

  test("stop() of the kubelet stops all probes", async () => {
    start();
    harness.api.create(podOf("web", {}, { readinessProbe: http("/ready", { periodSeconds: 1 }) }));
    await harness.advance(1000);
    await harness.stop();
    const { length } = actions.calls;
    await harness.advance(10_000);
    expect(actions.calls).toHaveLength(length);
    expect(harness.clock.pending).toBe(0);
  });

  test("registerMetrics() counts and times probes by what came of them, while the pod is there", async () => {
    start();
    harness.api.create(podOf("web", {}, { readinessProbe: http("/ready", { periodSeconds: 1 }) }));
    await harness.advance(3000);
    actions.answer = 500;
    await harness.advance(1000);
    const labels = 'container="main",pod="web",namespace="default",pod_uid="uid-web"';
    const lines = harness.probeMetrics.render().split("\n");
    expect(lines).toContain(`prober_probe_total{probe_type="Readiness",result="successful",${labels}} 4`);
    expect(lines).toContain(`prober_probe_total{probe_type="Readiness",result="failed",${labels}} 1`);
    // Probes that fail are not timed.
    const named = 'probe_type="Readiness",container="main",pod="web",namespace="default"';
    expect(lines).toContain(`prober_probe_duration_seconds_count{${named}} 4`);
    expect(lines).toContain(`prober_probe_duration_seconds_bucket{${named},le="0.005"} 4`);
    expect(harness.metrics.render()).not.toContain("prober_");
    harness.api.delete("web", 0);
    await harness.advance(2000);
    await harness.until(() => harness.runtime.sandboxes.size === 0);
    await harness.settle();
    expect(harness.probeMetrics.render()).toBe("");
  });

  test("registerMetrics() tells nothing of the probes of a pod that has ended", async () => {
    start();
    harness.api.create(
      podOf("job", { restartPolicy: "Never" }, { readinessProbe: http("/ready", { periodSeconds: 1 }) }),
    );
    await harness.advance(3000);
    expect(harness.probeMetrics.render()).toContain('pod="job"');
    harness.runtime.exit(harness.runtime.find("job", "main").id, 0);
    await harness.settle();
    expect(harness.status("job").phase).toBe("Succeeded");
    expect(harness.probeMetrics.render()).toBe("");
  });
});
