// Probes of real servers in guests, by every way there is to ask one; probes.integration.test.ts has what follows from their outcomes.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { resources } from "@wherry/client";
import type { Container, Pod, Probe } from "@wherry/kubernetes";
import { loopbackRange } from "@wherry/runtime";
import { eventually } from "@wherry/testkit";
import { describe, expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const podCIDR = loopbackRange(`probes ${process.pid}`);
const cluster = sharedCluster({ configuration: { podCIDR } });

interface Server {
  /** What the probe asks. */
  readonly probe: Probe;
  /** Serves well while the file "healthz" of its volume exists. */
  readonly args: readonly string[];
  readonly unhealthy: RegExp;
}

const port = 8080;
const servers: Readonly<Record<"http" | "tcp" | "grpc", Server>> = {
  http: {
    probe: { httpGet: { port: "probed", path: "/healthz" } },
    args: ["serve-files", "/state"],
    unhealthy: /HTTP probe failed with statuscode: 404$/,
  },
  tcp: {
    probe: { tcpSocket: { port } },
    args: ["serve-tcp", "/state/healthz"],
    unhealthy: /connect: connection refused$/,
  },
  grpc: {
    probe: { grpc: { port } },
    args: ["serve-grpc", "/state/healthz"],
    unhealthy: /service unhealthy \(responded with "NOT_SERVING"\)$/,
  },
};
const often = { periodSeconds: 1, failureThreshold: 1 };

/** Creates a pod with a server that is healthy when it starts. */
async function serve(
  name: string,
  kind: keyof typeof servers,
  probes: Pick<Container, "livenessProbe" | "readinessProbe">,
  { healthyAtStart = true }: { readonly healthyAtStart?: boolean } = {},
): Promise<void> {
  const start = healthyAtStart ? ["write", "/state/healthz", ""] : [];
  await cluster().createPod(
    name,
    {
      args: [...start, ...servers[kind].args],
      ports: [{ name: "probed", containerPort: port }],
      volumeMounts: [{ name: "state", mountPath: "/state" }],
      ...probes,
    },
    { restartPolicy: "Always", volumes: [{ name: "state", emptyDir: {} }] },
  );
}

const healthFile = (pod: Pod) => join(cluster().node.volumePath(pod, "kubernetes.io~empty-dir/state"), "healthz");
/** Its sockets listen before a guest has begun, so that a probe may be through before the file is there. */
const makeUnhealthy = (pod: Pod) => eventually("the guest's file", () => rm(healthFile(pod)).then(() => true));
const restartsOf = ({ status }: Pod) => status?.containerStatuses?.[0]?.restartCount ?? 0;
const isReady = ({ status }: Pod) =>
  status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") === true;

/** How many probes of a pod went well so far, by the node's metrics. */
async function successes(pod: string): Promise<number> {
  const { body } = await cluster().client.raw("GET", "/api/v1/nodes/node-1/proxy/metrics/probes");
  const lines = body.toString().split("\n");
  const line = lines.find(
    (text) => /^prober_probe_total\{.*result="successful"/.test(text) && text.includes(`"${pod}"`),
  );
  return Number(line?.split(" ").at(-1) ?? 0);
}

async function staysUp(kind: keyof typeof servers): Promise<void> {
  const name = `stays-up-${kind}`;
  await serve(name, kind, { livenessProbe: { ...servers[kind].probe, ...often } });
  await cluster().observer.untilPhase(name, "Running");
  await eventually(`five probes of ${name} that went well`, async () => (await successes(name)) >= 5);
  expect(restartsOf(cluster().observer.pod(name)!)).toBe(0);
  expect(
    cluster()
      .observer.events(name)
      .map(({ reason }) => reason),
  ).not.toContain("Unhealthy");
}

async function isRestarted(kind: keyof typeof servers): Promise<void> {
  const { observer } = cluster();
  const name = `restarted-${kind}`;
  const { probe, unhealthy } = servers[kind];
  await serve(name, kind, { livenessProbe: { ...probe, ...often }, readinessProbe: { ...probe, ...often } });
  const pod = await observer.until(name, "ready", isReady);
  await makeUnhealthy(pod);
  await observer.untilEvent(name, "Unhealthy", new RegExp(`^Liveness probe failed: .*${unhealthy.source}`));
  await observer.untilEvent(name, "Killing", /^Container main failed liveness probe, will be restarted$/);
  await observer.until(name, "ready again", (seen) => restartsOf(seen) === 1 && isReady(seen));
}

describe.concurrent("a guest that is alive", () => {
  test("should *not* be restarted with a /healthz http liveness probe", () => staysUp("http"));
  test("should *not* be restarted with a tcp:8080 liveness probe", () => staysUp("tcp"));
  test("should *not* be restarted with a GRPC liveness probe", () => staysUp("grpc"));
});

describe.concurrent("a guest that is alive no more", () => {
  test("should be restarted with a /healthz http liveness probe", () => isRestarted("http"));
  test("should be restarted with a tcp:8080 liveness probe", () => isRestarted("tcp"));
  test("should be restarted with a GRPC liveness probe", () => isRestarted("grpc"));

  test("should have monotonically increasing restart count", async () => {
    const { observer } = cluster();
    const livenessProbe = { ...servers.http.probe, ...often };
    await serve("never-healthy", "http", { livenessProbe }, { healthyAtStart: false });
    await observer.until("never-healthy", "three restarts", (pod) => restartsOf(pod) >= 3, 60_000);
    const counts = observer.history("never-healthy").map(restartsOf);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    await cluster().deletePod("never-healthy", 0);
  }, 90_000);
});

describe.concurrent("a guest that is ready", () => {
  test.each(["http", "tcp", "grpc"] as const)("by %s is so until it is not, and is never restarted", async (kind) => {
    const { observer } = cluster();
    const name = `readiness-${kind}`;
    const { probe, unhealthy } = servers[kind];
    await serve(name, kind, { readinessProbe: { ...probe, ...often } });
    const pod = await observer.until(name, "ready", isReady);
    await makeUnhealthy(pod);
    await observer.untilEvent(name, "Unhealthy", new RegExp(`^Readiness probe failed: .*${unhealthy.source}`));
    await observer.until(name, "not ready", (seen) => !isReady(seen));
    // One that has closed its sockets cannot open them again.
    if (kind !== "tcp") {
      await writeFile(healthFile(pod), "");
      await observer.until(name, "ready again", isReady);
    }
    expect(restartsOf(observer.pod(name)!)).toBe(0);
  });

  test("by GRPC is asked for the service that the probe names", async () => {
    const { observer, client } = cluster();
    const readinessProbe = { grpc: { port, service: "absent" }, ...often };
    await serve("grpc-service", "grpc", { readinessProbe });
    await observer.untilEvent("grpc-service", "Unhealthy", /rpc error: code = NotFound desc = unknown service$/);
    await client.delete(resources.pods, "grpc-service", { namespace: "default", gracePeriodSeconds: 0 });
  });
});
