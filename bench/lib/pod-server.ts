// A stand-in for an API server in a process of its own: pods through a watch-list, then changes of them; one lease.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { samplePod } from "./sample-pod.ts";

const [objects = 0, rate = 0] = process.argv.slice(2).map(Number);
const batchMs = 20;
let revision = 1;
let lease: unknown;

const server = createServer((request, response) => void answer(request, response));
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost");
  response.setHeader("content-type", "application/json");
  if (url.pathname.includes("/leases")) return answerLease(request, response);
  if (url.searchParams.get("sendInitialEvents") !== "true") {
    response.writeHead(404).end(JSON.stringify({ kind: "Status", status: "Failure", reason: "NotFound", code: 404 }));
    return;
  }
  const event = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`;
  for (let index = 0; index < objects; index++) response.write(event("ADDED", samplePod(index, revision)));
  const annotations = { "k8s.io/initial-events-end": "true" };
  response.write(
    event("BOOKMARK", { kind: "Pod", apiVersion: "v1", metadata: { resourceVersion: String(revision), annotations } }),
  );
  let owed = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    owed += ((now - last) / 1000) * rate;
    last = now;
    let batch = "";
    for (; owed >= 1; owed--) batch += event("MODIFIED", samplePod(++revision % objects, revision));
    if (batch !== "") response.write(batch);
  }, batchMs);
  request.on("close", () => clearInterval(timer));
  response.on("close", () => clearInterval(timer));
}

async function answerLease(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  if (request.method === "GET" && lease === undefined) {
    response.writeHead(404).end(JSON.stringify({ kind: "Status", status: "Failure", reason: "NotFound", code: 404 }));
    return;
  }
  if (request.method !== "GET") lease = { ...JSON.parse(Buffer.concat(chunks).toString("utf8")) };
  response.end(JSON.stringify(lease));
}
