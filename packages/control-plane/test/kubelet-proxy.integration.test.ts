import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeOf, podOf, startPlane, type TestPlane } from "./test-plane.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let plane: TestPlane;
let kubelet: Server;
let handle: Handler;

const pods = "/api/v1/namespaces/default/pods";

beforeEach(async () => {
  plane = await startPlane();
  const pki = (file: string) => readFileSync(join(plane.directory, "pki", file));
  kubelet = createServer(
    {
      // Any certificate will do: kubelets sign their own.
      cert: pki("apiserver.crt"),
      key: pki("apiserver.key"),
      ca: readFileSync(plane.plane.kubeletClientCaPath),
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, response) => handle(request, response),
  );
  await new Promise<void>((resolve) => kubelet.listen(0, "127.0.0.1", resolve));
  const { port } = kubelet.address() as AddressInfo;
  const node = nodeOf("n1") as { status: object };
  Object.assign(node.status, { daemonEndpoints: { kubeletEndpoint: { Port: port } } });
  await plane.admin.post("/api/v1/nodes", node);
  await plane.admin.post(pods, podOf("p", { nodeName: "n1" }));
});

afterEach(async () => {
  kubelet.closeAllConnections();
  kubelet.close();
  await plane[Symbol.asyncDispose]();
});

test("pods/log asks the kubelet, as the client whose certificate it knows", async () => {
  const seen: string[] = [];
  handle = (request, response) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    seen.push(`${request.url} ${subject.CN} ${subject.O}`);
    response.writeHead(200, { "content-type": "text/plain" }).end("line 1\nline 2\n");
  };
  const { code, body } = await plane.admin.get(`${pods}/p/log?tailLines=2&timestamps=true&evil=1`);
  expect({ code, body }).toEqual({ code: 200, body: "line 1\nline 2\n" });
  expect(seen).toEqual([
    "/containerLogs/default/p/main?timestamps=true&tailLines=2 kube-apiserver-kubelet-client system:masters",
  ]);
});

test("pods/log hands on each part as it comes, and stops the kubelet when the client goes", async () => {
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>();
  const { promise: writer, resolve: onWriter } = Promise.withResolvers<(line: string) => void>();
  handle = (_request, response) => {
    response.writeHead(200).flushHeaders();
    response.on("close", () => onClosed());
    onWriter((line) => void response.write(line));
  };
  // A followed log reads like a watch: lines of JSON here, one at a time.
  const log = await plane.admin.watch(`${pods}/p/log?follow=true`);
  const write = await writer;
  write('{"type":"one","object":1}\n');
  expect(await log.next()).toEqual({ type: "one", object: 1 });
  write('{"type":"two","object":2}\n');
  expect(await log.next()).toEqual({ type: "two", object: 2 });
  log[Symbol.dispose]();
  await closed;
});

test("pods/log breaks off when the kubelet does, so that half a log does not look whole", async () => {
  handle = (_request, response) => {
    response.writeHead(200);
    response.write("half");
    setImmediate(() => response.destroy());
  };
  await expect(plane.admin.get(`${pods}/p/log`)).rejects.toThrow();
});

test("pods/log hands on the kubelet's refusals, and says what it cannot reach", async () => {
  const text = 'container "main" in pod "p" is waiting to start: ContainerCreating';
  handle = (_request, response) => response.writeHead(400).end(text);
  const refused = await plane.admin.get(`${pods}/p/log`);
  expect(refused).toMatchObject({ code: 400, body: { kind: "Status", reason: "BadRequest", message: text } });
  handle = (_request, response) => response.writeHead(404).end('container "main" in pod "p" is not available');
  const unknown = await plane.admin.get(`${pods}/p/log`);
  expect(unknown).toMatchObject({ code: 404, body: { kind: "Status", reason: "NotFound" } });
  kubelet.closeAllConnections();
  await new Promise((resolve) => kubelet.close(resolve));
  const gone = await plane.admin.get(`${pods}/p/log`);
  expect(gone).toMatchObject({ code: 500, body: { reason: "InternalError" } });
  expect(gone.body.message).toContain("ECONNREFUSED");
});

test("pods/log wants to know which container of many", async () => {
  const containers = [
    { name: "a", image: "x" },
    { name: "b", image: "x" },
  ];
  await plane.admin.post(
    pods,
    podOf("many", { nodeName: "n1", containers, initContainers: [{ name: "i", image: "x" }] }),
  );
  const { code, body } = await plane.admin.get(`${pods}/many/log`);
  expect(code).toBe(400);
  expect(body.message).toBe(
    "a container name must be specified for pod many, choose one of: [a b] or one of the init containers: [i]",
  );
  expect((await plane.admin.get(`${pods}/many/log?container=z`)).body.message).toBe(
    "container z is not valid for pod many",
  );
  expect((await plane.admin.get(`${pods}/none/log`)).code).toBe(404);
});

test("nodes/proxy reads from the kubelet", async () => {
  handle = (request, response) => response.writeHead(200, { "content-type": "text/plain" }).end(request.url);
  expect((await plane.admin.get("/api/v1/nodes/n1/proxy/metrics?x=1")).body).toBe("/metrics?x=1");
  expect((await plane.admin.post("/api/v1/nodes/n1/proxy/run", {})).code).toBe(501);
});

// An IPv6 address without brackets is no host of a URL: each such request answered 500.
test("pods/log and nodes/proxy reach a kubelet at an IPv6 address", async () => {
  handle = (request, response) => response.writeHead(200, { "content-type": "text/plain" }).end(request.headers.host);
  const { port } = kubelet.address() as AddressInfo;
  const node = nodeOf("n6") as { status: object };
  // The IPv6 form of the loopback address that the kubelet listens at.
  const addresses = [{ type: "InternalIP", address: "::ffff:127.0.0.1" }];
  Object.assign(node.status, { addresses, daemonEndpoints: { kubeletEndpoint: { Port: port } } });
  await plane.admin.post("/api/v1/nodes", node);
  await plane.admin.post(pods, podOf("p6", { nodeName: "n6" }));
  const host = `[::ffff:127.0.0.1]:${port}`;
  expect(await plane.admin.get(`${pods}/p6/log`)).toMatchObject({ code: 200, body: host });
  expect(await plane.admin.get("/api/v1/nodes/n6/proxy/metrics")).toMatchObject({ code: 200, body: host });
});

test("pods/exec says that it is not supported", async () => {
  const { code, body } = await plane.admin.post(`${pods}/p/exec?command=ls`, {});
  expect(code).toBe(501);
  expect(body).toMatchObject({ kind: "Status", reason: "NotImplemented" });
});
