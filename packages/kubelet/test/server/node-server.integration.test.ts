import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { get as secureGet } from "node:https";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock, silentLogger } from "@wherry/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { KubeletConfiguration } from "../../src/configuration/kubelet-configuration.ts";
import { resolveConfiguration } from "../../src/configuration/resolve-configuration.ts";
import { pingCheck } from "../../src/server/health-checks.ts";
import { type NodeServer, openNodeServer } from "../../src/server/node-server.ts";
import { createTestAuthority } from "./test-authority.ts";

let directory: string;
const stops: (() => Promise<void>)[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "wherry-node-server-"));
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await rm(directory, { recursive: true, force: true });
});

const open: KubeletConfiguration = {
  address: "127.0.0.1",
  healthzPort: 0,
  authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
  authorization: { mode: "AlwaysAllow" },
};

async function start(
  configuration: KubeletConfiguration,
  more: { syncloop?: () => void; clock?: FakeClock } = {},
): Promise<NodeServer> {
  const { resolved } = resolveConfiguration({ ...open, ...configuration });
  // Port 0 is no valid setting; tests take any port all the same.
  const server = { ...resolved.server, port: configuration.port ?? 0 };
  const node = await openNodeServer({
    configuration: { ...resolved, server },
    client: undefined as never,
    nodeName: "n1",
    addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
    certDirectory: join(directory, "pki"),
    pods: { list: () => [], get: () => undefined, getByUid: () => undefined },
    logs: {
      containerLog: async () => ({ status: 404, message: "none" }),
      activeLogs: () => [],
      reopenLog: async () => undefined,
    },
    healthChecks: [pingCheck, { name: "syncloop", check: more.syncloop ?? (() => undefined) }],
    clock: more.clock ?? new FakeClock(Date.now()),
    logger: silentLogger,
  });
  const stop = new AbortController();
  const ran = node.run(stop.signal);
  stops.push(async () => {
    stop.abort();
    await ran;
  });
  return node;
}

async function read(response: IncomingMessage): Promise<{ status: number; text: string; issuer?: string }> {
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, text };
}

async function ask(port: number | undefined, path: string): Promise<{ status: number; text: string }> {
  const call = secureGet({ host: "127.0.0.1", port, path, rejectUnauthorized: false, agent: false });
  const [response] = (await once(call, "response")) as [IncomingMessage];
  return read(response);
}

/** Common name in the certificate that a new connection meets. */
async function servedName(port: number | undefined): Promise<string> {
  const call = secureGet({ host: "127.0.0.1", port, path: "/healthz", rejectUnauthorized: false, agent: false });
  const [response] = (await once(call, "response")) as [IncomingMessage];
  const { socket } = response as unknown as { socket: { getPeerCertificate(): { subject: { CN: string } } } };
  const name = socket.getPeerCertificate().subject.CN;
  response.resume();
  return name;
}

describe("openNodeServer()", () => {
  test("openNodeServer() serves health, metrics and configuration", async () => {
    const { port } = await start({ maxPods: 7 });
    expect(await ask(port, "/healthz")).toEqual({ status: 200, text: "ok" });
    expect((await ask(port, "/healthz?verbose")).text).toBe("[+]ping ok\n[+]syncloop ok\nhealthz check passed\n");
    expect(await ask(port, "/metrics/probes")).toMatchObject({ status: 200, text: "" });
    expect((await ask(port, "/metrics")).text).toContain('kubelet_node_name{node="n1"} 1');
    const { text } = await ask(port, "/configz");
    expect(JSON.parse(text)).toMatchObject({
      kubeletconfig: { kind: "KubeletConfiguration", maxPods: 7, port: 10_250 },
    });
  });

  test("openNodeServer() answers 500 without the reason while a check fails", async () => {
    const syncloop = () => {
      throw new Error("secret detail");
    };
    const { port } = await start({}, { syncloop });
    const answer = await ask(port, "/healthz");
    expect(answer).toEqual({
      status: 500,
      text: "[+]ping ok\n[-]syncloop failed: reason withheld\nhealthz check failed",
    });
    expect((await ask(port, "/healthz/ping")).status).toBe(200);
    expect((await ask(port, "/healthz?exclude=syncloop")).status).toBe(200);
  });

  test("openNodeServer() serves health on a plain port of its own", async () => {
    const free = createServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const { port: healthzPort } = free.address() as { port: number };
    free.close();
    await once(free, "close");
    await start({ healthzPort, enableServer: false });
    const call = get({ host: "127.0.0.1", port: healthzPort, path: "/healthz", agent: false });
    const [response] = (await once(call, "response")) as [IncomingMessage];
    expect(await read(response)).toEqual({ status: 200, text: "ok" });
  });

  test("openNodeServer() names flag and port when the health port is taken, and gives its other port back", async () => {
    const taken: Server = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port: healthzPort } = taken.address() as { port: number };
    const message = expect.stringMatching(new RegExp(`127\\.0\\.0\\.1:${healthzPort}: .* healthzPort of`));
    await expect(start({ healthzPort })).rejects.toMatchObject({ code: "PortInUse", message });
    taken.close();
  });

  test("openNodeServer() refuses debugging endpoints when they are off", async () => {
    const { port } = await start({ enableDebuggingHandlers: false });
    for (const path of ["/containerLogs/ns/pod/main", "/exec/ns/pod/main", "/runningpods/"])
      expect(await ask(port, path)).toEqual({ status: 405, text: "Debug endpoints are disabled." });
    expect((await ask(port, "/pods")).status).toBe(200);
  });

  test("openNodeServer() keeps its self-signed certificate over a restart", async () => {
    const first = await servedName((await start({})).port);
    expect(first).toMatch(/^n1@\d+$/);
    const later = new FakeClock(Date.now() + 86_400_000);
    expect(await servedName((await start({}, { clock: later })).port)).toBe(first);
    const muchLater = new FakeClock(Date.now() + 350 * 86_400_000);
    expect(await servedName((await start({}, { clock: muchLater })).port)).not.toBe(first);
  });

  test("openNodeServer() refuses a file of client authorities without a certificate (it let nobody in, and said nothing)", async () => {
    const clientCAFile = join(directory, "ca.crt");
    await writeFile(clientCAFile, "no certificate\n");
    await expect(start({ authentication: { ...open.authentication, x509: { clientCAFile } } })).rejects.toThrow(
      `clientCAFile "${clientCAFile}": it must begin with a certificate in PEM`,
    );
  });

  test("openNodeServer() follows a replaced certificate, and stays with the old one while files do not match", async () => {
    const authority = await createTestAuthority();
    const [one, two] = [await authority.issueClient("one", []), await authority.issueClient("two", [])];
    const tlsCertFile = join(directory, "tls.crt");
    const tlsPrivateKeyFile = join(directory, "tls.key");
    await writeFile(tlsCertFile, one.certificate);
    await writeFile(tlsPrivateKeyFile, one.privateKey);
    const clock = new FakeClock(Date.now());
    const { port } = await start({ tlsCertFile, tlsPrivateKeyFile }, { clock });
    expect(await servedName(port)).toBe("one");
    await writeFile(tlsCertFile, two.certificate);
    await clock.advance(61_000);
    expect(await servedName(port)).toBe("one");
    await writeFile(tlsPrivateKeyFile, two.privateKey);
    await clock.advance(61_000);
    await expect.poll(() => servedName(port)).toBe("two");
  });
});
