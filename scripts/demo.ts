// From an empty directory to a finished pod, through the same `wherry` command that a user has.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createClient, type KubernetesClient, loadClusterConfig, resources } from "@wherry/client";
import type { Pod } from "@wherry/kubernetes";

interface UpReport {
  readonly url: string;
  readonly kubeconfig: string;
  readonly registry: string;
  readonly node: string;
}

const root = join(import.meta.dirname, "..");
const wherry = join(root, "bin/wherry.js");
const directory = mkdtempSync(join(tmpdir(), "wherry-demo-"));
const started = performance.now();
const say = (what: string, text: string) => console.log(`${what.padEnd(15)} ${text}`);

const up = spawn(
  process.execPath,
  [
    wherry,
    "up",
    "--state-dir",
    join(directory, "state"),
    "--port=0",
    "--registry-port=0",
    "--kubelet-port=0",
    "--output=json",
  ],
  { stdio: ["ignore", "pipe", "inherit"], detached: true },
);
try {
  const report = await firstReport(up);
  say("control plane", `${report.url}, node "${report.node}" is Ready`);
  const module = compileExample(directory);
  const image = `${report.registry}/hello:v1`;
  execFileSync(process.execPath, [wherry, "push", module, image], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  say("pushed", image);
  const client = createClient(await loadClusterConfig({ paths: [report.kubeconfig] }));
  const phase = await runPod(client, image);
  await client.close();
  if (phase !== "Succeeded") throw new Error(`The pod ended as ${phase}, expected Succeeded`);
} finally {
  await stop(up);
  rmSync(directory, { recursive: true, force: true });
}
console.log(`
That took ${((performance.now() - started) / 1000).toFixed(1)} s, and everything has been stopped and removed again. To keep it running:

  npx wherry up

and in another terminal, with the kubeconfig that it names:

  export KUBECONFIG=~/.local/share/wherry/admin.kubeconfig
  npx asc examples/hello/hello.as.ts -o hello.wasm --runtime minimal --use abort=examples/hello/hello.as/fail
  npx wherry push hello.wasm localhost:5000/hello:v1
  kubectl apply -f examples/hello/pod.yaml
  kubectl logs --follow hello`);

async function firstReport(child: ChildProcess): Promise<UpReport> {
  if (child.stdout === null) throw new Error('"wherry up" has no standard output');
  const ended = new Promise<never>((_, reject) =>
    child.once("exit", (code) => reject(new Error(`"wherry up" ended with status ${code} before it was ready`))),
  );
  for await (const line of withEnd(createInterface({ input: child.stdout }), ended))
    return JSON.parse(line) as UpReport;
  return ended;
}

async function* withEnd(lines: AsyncIterable<string>, ended: Promise<never>): AsyncGenerator<string> {
  const iterator = lines[Symbol.asyncIterator]();
  const { value, done } = await Promise.race([iterator.next(), ended]);
  if (done !== true) yield value;
}

function compileExample(target: string): string {
  const output = join(target, "hello.wasm");
  const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
  const flags = ["-o", output, "--runtime", "minimal", "--use", "abort=examples/hello/hello.as/fail", "--optimize"];
  execFileSync(process.execPath, [asc, "examples/hello/hello.as.ts", ...flags], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  return output;
}

async function runPod(client: KubernetesClient, image: string): Promise<string> {
  const pod: Pod = {
    metadata: { name: "hello", namespace: "default" },
    spec: {
      restartPolicy: "Never",
      containers: [
        { name: "main", image, env: [{ name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }] },
      ],
    },
  };
  const abort = new AbortController();
  const events = client.watch(resources.pods, {
    namespace: "default",
    fieldSelector: "metadata.name=hello",
    signal: abort.signal,
  });
  await client.create(resources.pods, pod, { namespace: "default" });
  let logs: Promise<void> | undefined;
  let shown = "";
  for await (const { object } of events) {
    const phase = object.status?.phase ?? "";
    if (phase !== shown && phase !== "Succeeded") say("pod/hello", phase);
    shown = phase;
    if (phase !== "Pending" && phase !== "") logs ??= showLogs(client);
    if (phase === "Succeeded" || phase === "Failed") break;
  }
  abort.abort();
  await logs;
  say("pod/hello", shown);
  return shown;
}

async function showLogs(client: KubernetesClient): Promise<void> {
  const stream = await client.stream("/api/v1/namespaces/default/pods/hello/log?follow=true");
  for await (const line of createInterface({ input: stream })) say("log", line);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}
