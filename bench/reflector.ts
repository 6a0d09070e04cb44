// A reflector under load: node --conditions=@wherry/source bench/reflector.ts [OBJECTS] [EVENTS_PER_SECOND] [SECONDS]
//
// An API server in another process lists OBJECTS pods and then sends EVENTS_PER_SECOND changes of them, while a lease is renewed on
// a lane of its own. Baseline: JSON.parse of the same list in the same process.
import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { createClient, createReflector, LeaseKeeper, resources, staticCredentials } from "@wherry/client";
import type { Pod } from "@wherry/kubernetes";
import { samplePod } from "./lib/sample-pod.ts";
import { printFigures } from "./lib/statistics.ts";

const objects = Number(process.argv[2] ?? 10_000);
const rate = Number(process.argv[3] ?? 1000);
const seconds = Number(process.argv[4] ?? 30);
const renewIntervalMs = 1000;

const server = fork(new URL("./lib/pod-server.ts", import.meta.url), [String(objects), String(rate)], {
  execArgv: process.execArgv,
});
const [{ port }] = (await once(server, "message")) as [{ readonly port: number }];
const client = createClient({ server: `http://127.0.0.1:${port}`, credentials: staticCredentials({}) });
const abort = new AbortController();

const text = JSON.stringify({ items: Array.from({ length: objects }, (_, index) => samplePod(index, 1)) });
const parseStart = performance.now();
JSON.parse(text);
const baseline = { name: "JSON.parse of the list", value: performance.now() - parseStart };

const start = performance.now();
const reflector = createReflector<Pod>(client, resources.pods);
const running = reflector.run(abort.signal);
await reflector.ready;
const readyMs = performance.now() - start;

const keeper = new LeaseKeeper({
  client: client.withLane("heartbeat"),
  name: "node",
  holderIdentity: "node",
  renewIntervalMs,
});
const keeping = keeper.run(abort.signal);
let events = 0;
reflector.onChange(() => events++);
events = 0;
let latestMs = 0;
const cpu = process.cpuUsage();
for (let tick = 0; tick < seconds * 20; tick++) {
  await delay(50);
  const { renewedAtMs } = keeper;
  if (renewedAtMs !== undefined) latestMs = Math.max(latestMs, performance.now() - renewedAtMs);
}
const used = process.cpuUsage(cpu);
const cpuMs = (used.user + used.system) / 1000;
printFigures(`Reflector, ${objects} objects, ${rate} events/s asked for`, [
  { name: "until the store is complete", value: readyMs, unit: "ms", baseline },
  { name: "events/s delivered", value: events / seconds, unit: "events/s" },
  { name: "CPU for each event", value: (cpuMs / events) * 1000, unit: "us" },
  {
    name: `oldest lease renewal seen, renewed every ${renewIntervalMs} ms`,
    value: latestMs,
    unit: "ms",
    target: "< 40,000 ms, a lease's duration",
  },
  { name: "resident memory", value: process.memoryUsage.rss() / 2 ** 20, unit: "MiB" },
]);
abort.abort();
await Promise.allSettled([running, keeping]);
await client.close();
server.kill();
