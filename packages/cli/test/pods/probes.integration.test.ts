import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { resources } from "@wherry/client";
import type { HTTPGetAction, Pod } from "@wherry/kubernetes";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const cluster = sharedCluster();

/** Paths the server of the tests is asked for, and those that it answers with 503. */
const asked: string[] = [];
const failing = new Set<string>();
let server: Server;

beforeAll(async () => {
  server = createServer(({ url = "" }, response) => {
    asked.push(url);
    response.statusCode = failing.has(url) ? 503 : 200;
    response.end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterAll(() => void server.close());

/** In place of a guest, so that a test says what is answered: probed-guests.integration.test.ts has servers in guests. */
const at = (path: string): HTTPGetAction => ({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, path });
const isReady = ({ status }: Pod) =>
  status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") === true;

describe.concurrent("probes", () => {
  test("decide when a pod is ready, and when no more", async () => {
    const { observer } = cluster();
    failing.add("/ready");
    const readinessProbe = { httpGet: at("/ready"), periodSeconds: 1, failureThreshold: 1 };
    await cluster().createPod("readiness", { args: ["hold"], readinessProbe });
    await observer.untilEvent(
      "readiness",
      "Unhealthy",
      /^Readiness probe failed: HTTP probe failed with statuscode: 503$/,
    );
    const pod = await observer.untilPhase("readiness", "Running");
    expect(pod.status?.containerStatuses?.[0]).toMatchObject({ started: true, ready: false });
    failing.delete("/ready");
    await observer.until("readiness", "ready", isReady);
    failing.add("/ready");
    await observer.until("readiness", "not ready", (candidate) => !isReady(candidate));
  });

  test("restart a container that is not alive", async () => {
    const { observer } = cluster();
    failing.add("/live");
    const livenessProbe = { httpGet: at("/live"), periodSeconds: 1, failureThreshold: 1 };
    await cluster().createPod("liveness", { args: ["hold"], livenessProbe }, { restartPolicy: "Always" });
    await observer.untilEvent("liveness", "Killing", /^Container main failed liveness probe, will be restarted$/);
    failing.delete("/live");
    const alive = ({ status }: Pod) => {
      const [main] = status?.containerStatuses ?? [];
      return (main?.restartCount ?? 0) >= 1 && main?.state?.running !== undefined;
    };
    await observer.until("liveness", "running again", alive);
  });

  test("hold up the containers after a sidecar that has not started", async () => {
    const { observer } = cluster();
    failing.add("/start");
    const startupProbe = { httpGet: at("/start"), periodSeconds: 1, failureThreshold: 100 };
    const sidecar = { name: "proxy", image: cluster().kit, args: ["hold"], restartPolicy: "Always", startupProbe };
    await cluster().createPod("startup", ["exit", "0"], { initContainers: [sidecar] });
    await observer.untilEvent("startup", "Unhealthy", /^Startup probe failed: /);
    expect(observer.pod("startup")?.status?.phase).toBe("Pending");
    failing.delete("/start");
    await observer.untilPhase("startup", "Succeeded");
  });
});

describe.concurrent("hooks", () => {
  test("run after the start and before the stop of a container", async () => {
    const { observer, client } = cluster();
    const lifecycle = { postStart: { httpGet: at("/post-start") }, preStop: { httpGet: at("/pre-stop") } };
    await cluster().createPod("hooks", { args: ["hold"], lifecycle });
    await observer.untilPhase("hooks", "Running");
    expect(asked).toContain("/post-start");
    expect(asked).not.toContain("/pre-stop");
    await client.delete(resources.pods, "hooks", { namespace: "default" });
    await observer.untilGone("hooks");
    expect(asked).toContain("/pre-stop");
  });

  test("that fail are the end of a container", async () => {
    const { observer } = cluster();
    const postStart = { httpGet: { host: "127.0.0.1", port: 1 } };
    await cluster().createPod("hook-fails", { args: ["hold"], lifecycle: { postStart } });
    await observer.untilPhase("hook-fails", "Failed");
    await observer.untilEvent("hook-fails", "FailedPostStartHook", /^PostStartHook failed$/);
  });
});
