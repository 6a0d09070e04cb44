// What probes cost: node --conditions=@wherry/source bench/probes.ts [PROBES] [SECONDS]
//
// Every container has one readiness probe at one second, answered by a server in a process of its own. The baseline is what the
// same number of connections costs that are opened and closed with nothing around them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { systemClock } from "@wherry/base";
import { createContainerActions, createProbeManager } from "@wherry/kubelet";
import type { Pod, Probe } from "@wherry/kubernetes";
import { type Figure, printFigures } from "./lib/statistics.ts";

const count = Number(process.argv[2] ?? 1000);
const seconds = Number(process.argv[3] ?? 20);
const warmUpMs = 5000;

const serverSource = `
  const answer = Buffer.from("HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok");
  const http1 = require("node:net").createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end(answer));
  });
  const health = require("node:http2").createServer((request, response) => {
    response.setHeader("content-type", "application/grpc");
    response.addTrailers({ "grpc-status": "0" });
    response.end(Buffer.from([0, 0, 0, 0, 2, 8, 1]));
  });
  http1.listen(0, "127.0.0.1", 4096, () =>
    health.listen(0, "127.0.0.1", 4096, () => console.log(http1.address().port + " " + health.address().port)));
`;
const server = spawn(process.execPath, ["--eval", serverSource], { stdio: ["ignore", "pipe", "inherit"] });
const [line] = (await once(server.stdout, "data")) as [Buffer];
const [httpPort = 0, grpcPort = 0] = String(line).trim().split(" ").map(Number);

const figures: Figure[] = [];
const floor = await connections();
figures.push({ name: `${count} bare connections a second`, value: floor, unit: "% of a core" });
const baseline = { name: "bare connections", value: floor };
for (const [name, probe, target] of [
  ["tcpSocket", { tcpSocket: { port: httpPort } }, "<= 10 %"],
  ["httpGet", { httpGet: { port: httpPort, path: "/healthz" } }, "<= 10 %"],
  ["grpc", { grpc: { port: grpcPort } }, undefined],
] as const) {
  const value = await probes({ ...probe, periodSeconds: 1 });
  figures.push({
    name: `${count} ${name} probes at 1 s`,
    value,
    unit: "% of a core",
    baseline,
    ...(target !== undefined && { target }),
  });
}
printFigures("Probes", figures);
server.kill("SIGKILL");

/** CPU time of this process, in per cent of one core, while pods of this probe are looked after. */
async function probes(probe: Probe): Promise<number> {
  const stop = new AbortController();
  const actions = createContainerActions({ execSync: () => Promise.reject(new Error("no commands here")) });
  const manager = createProbeManager({ actions, clock: systemClock });
  const running = manager.run(stop.signal);
  let failed = "";
  const startedAtMs = Date.now();
  for (let index = 0; index < count; index++) {
    const pod = podOf(`pod-${index}`, probe);
    const probed = manager.open(pod, {
      event: ({ message }) => {
        failed = message;
      },
      changed: () => undefined,
    });
    // As they would come about on a node: at any moment of the second.
    const instance = { id: pod.metadata?.uid ?? "", startedAtMs: startedAtMs + Math.floor((index * 1000) / count) };
    probed.update({ address: "127.0.0.1", ending: false, running: () => instance });
  }
  const before = () =>
    [...manager.series()].reduce((sum, { counts }) => sum + counts.success + counts.failure + counts.unknown, 0);
  await pause(warmUpMs);
  const done = before();
  const percent = await cpuPercent();
  const rate = (before() - done) / seconds;
  stop.abort();
  await running;
  if (failed !== "" || rate < count * 0.95)
    console.error(`Only ${rate.toFixed(0)} probes a second, expected ${count}; last failure: ${failed || "none"}`);
  // Where the machine was too busy for all of them, what the rest would have cost as well.
  return (percent * count) / rate;
}

/** The same for connections in groups as large as those of the probes. */
async function connections(): Promise<number> {
  const groupMs = 50;
  let total = 0;
  const timer = setInterval(() => {
    for (let index = 0; index < (count * groupMs) / 1000; index++) {
      total++;
      const socket = connect(httpPort, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.once("connect", () => socket.destroy());
    }
  }, groupMs);
  await pause(warmUpMs);
  const opened = total;
  const percent = await cpuPercent();
  clearInterval(timer);
  return (percent * count * seconds) / (total - opened);
}

async function cpuPercent(): Promise<number> {
  const before = process.cpuUsage();
  const startMs = performance.now();
  await pause(seconds * 1000);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 10 / (performance.now() - startMs);
}

function podOf(name: string, readinessProbe: Probe): Pod {
  const metadata = { name, namespace: "default", uid: name };
  return { metadata, spec: { containers: [{ name: "main", image: "app:v1", readinessProbe }] } };
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
