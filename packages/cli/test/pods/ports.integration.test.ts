import { once } from "node:events";
import { createServer } from "node:net";
import type { Pod } from "@wherry/kubernetes";
import { loopbackRange } from "@wherry/runtime";
import { freePort, nodeAddress } from "@wherry/testkit";
import { expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const podCIDR = loopbackRange(`ports ${process.pid}`);
const cluster = sharedCluster({ configuration: { podCIDR } });

async function get(address: string | undefined, port: number): Promise<string> {
  const answer = await fetch(`http://${address}:${port}/`, { signal: AbortSignal.timeout(60_000) });
  return answer.text();
}

const serving = (name: string, pod: Pod | undefined) => {
  const address = pod?.status?.podIP;
  return expect(get(address, 8080)).resolves.toBe(`${name} on http`);
};

test("pods with the same port answer on addresses of their own, which outlast kubelet and container", async () => {
  const { observer, node } = cluster();
  const names = ["first", "second"];
  const ports = [{ name: "http", containerPort: 8080 }];
  for (const name of names) await cluster().createPod(name, { args: ["serve", name], ports });
  const pods = new Map<string, Pod>();
  for (const name of names) pods.set(name, await observer.untilPhase(name, "Running"));
  for (const [name, pod] of pods) {
    expect(pod.status?.podIPs).toEqual([{ ip: pod.status?.podIP }]);
    expect(pod.status?.podIP).toMatch(/^127\./);
    expect(pod.status?.podIP).not.toBe(pod.status?.hostIP);
    await serving(name, pod);
  }
  expect(pods.get("first")?.status?.podIP).not.toBe(pods.get("second")?.status?.podIP);

  await node.kill();
  for (const [name, pod] of pods) await serving(name, pod);
  await node.start();
  await cluster().createPod("third", { args: ["serve", "third"], ports });
  pods.set("third", await observer.untilPhase("third", "Running"));
  for (const [name, pod] of pods) await serving(name, observer.pod(name) ?? pod);
  for (const name of names) {
    const addresses = observer.history(name).flatMap(({ status }) => status?.podIP ?? []);
    expect(new Set(addresses)).toEqual(new Set([pods.get(name)?.status?.podIP]));
  }
  expect(new Set([...pods.values()].map(({ status }) => status?.podIP)).size).toBe(3);
});

test("a container that restarts listens again, on the same address, with its volumes behind its sockets", async () => {
  const { observer } = cluster();
  const volumeMounts = [{ name: "data", mountPath: "/data" }];
  const ports = [
    { name: "http", containerPort: 8080 },
    { containerPort: 8081 },
    { containerPort: 53, protocol: "UDP" },
  ];
  const args = ["append", "/data/starts", "x", "cat", "/data/starts", "env", "LISTEN_FDS", "serve-once", "answer"];
  const fieldRef = { fieldPath: "status.podIP" };
  await cluster().createPod(
    "restarting",
    { args: ["env", "ADDRESS", ...args], ports, volumeMounts, env: [{ name: "ADDRESS", valueFrom: { fieldRef } }] },
    { restartPolicy: "Always", volumes: [{ name: "data", emptyDir: {} }] },
  );
  const running = await observer.untilPhase("restarting", "Running");
  const address = running.status?.podIP;
  expect(await get(address, 8081)).toBe("answer on port8081");
  await observer.until("restarting", "a second instance", ({ status }) => {
    const [main] = status?.containerStatuses ?? [];
    return main?.restartCount === 1 && main.state?.running !== undefined;
  });
  expect(await get(address, 8080)).toBe("answer on http");
  expect(observer.pod("restarting")?.status?.podIP).toBe(address);
  expect(await cluster().log("restarting", { previous: true })).toMatch(new RegExp(`^${address}\nx+2\n`));
});

test("a pod that listens nowhere has the node's address, and so has one with host network", async () => {
  const { observer } = cluster();
  const port = await freePort(nodeAddress());
  await cluster().createPod("quiet", ["hold"]);
  const ports = [{ name: "http", containerPort: port }];
  await cluster().createPod("host", { args: ["serve", "host"], ports }, { hostNetwork: true });
  for (const name of ["quiet", "host"]) {
    const { status } = await observer.untilPhase(name, "Running");
    expect(status?.podIP).toBe(nodeAddress());
    expect(status?.podIP).toBe(status?.hostIP);
  }
  expect(await get(nodeAddress(), port)).toBe("host on http");
});

test("a host port leads to the pod; one that something else has is said so, and taken once it is free", async () => {
  const { observer } = cluster();
  const hostPort = await freePort(nodeAddress());
  const taken = createServer().listen(hostPort, nodeAddress());
  await once(taken, "listening");
  const ports = [{ name: "http", containerPort: 8080, hostPort }];
  await cluster().createPod("published", { args: ["serve", "published"], ports }, { restartPolicy: "Always" });
  const words = `Cannot listen on ${nodeAddress()}:${hostPort} for port "http": something else listens there already`;
  await observer.untilEvent("published", "Failed", new RegExp(RegExp.escape(words)));
  await new Promise((resolve) => taken.close(resolve));
  const isUp = ({ status }: Pod) => status?.containerStatuses?.[0]?.state?.running !== undefined;
  await observer.until("published", "a running container", isUp);
  expect(await get(nodeAddress(), hostPort)).toBe("published on http");
  expect(await get(observer.pod("published")?.status?.podIP, 8080)).toBe("published on http");
});
