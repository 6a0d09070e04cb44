import { createServer as createHttpServer, type Server } from "node:http";
import { constants } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";

import { silentLogger, systemClock } from "@wherry/base";
import { describe, expect, test } from "vitest";

import {
  ApiError,
  type Credentials,
  createClient,
  isTransportError,
  resources,
  TransportError,
  type WatchEvent,
} from "../src/index.ts";
import { readBody } from "../src/transport/read-body.ts";
import { SessionPool } from "../src/transport/session-pool.ts";
import { answerJson, eventually, openWatch, TestServer, Wire } from "./http2-server.ts";

const { nodes } = resources;

/** Starts a watch; the answer is its first event and then what ended it. */
function follow(events: AsyncIterable<WatchEvent<object>>): { first: Promise<void>; end: Promise<unknown> } {
  const first = Promise.withResolvers<void>();
  const end = (async () => {
    try {
      for await (const _ of events) first.resolve();
      return undefined;
    } catch (error) {
      first.reject(error);
      return error;
    } finally {
      first.reject(new Error("watch ended before its first event"));
    }
  })();
  first.promise.catch(() => undefined);
  return { first: first.promise, end };
}

describe("SessionPool", () => {
  test("sends concurrent requests over one connection", async () => {
    await using server = await new TestServer().listen();
    const client = server.client();
    await Promise.all(Array.from({ length: 50 }, (_, i) => client.get(nodes, `n${i}`)));
    expect(server.sessions).toHaveLength(1);
    expect(server.streams).toHaveLength(50);
  });

  test("opens further connections at the peer's stream limit, and none beyond its own", async () => {
    await using server = await new TestServer({ settings: { maxConcurrentStreams: 4 } }).listen();
    server.handler = (stream, headers) =>
      String(headers[":path"]).includes("watch") ? openWatch(stream) : answerJson(stream, 200, {});
    const client = server.client({ maxSessions: 2 });
    const controllers = Array.from({ length: 8 }, () => new AbortController());
    const watches = controllers.map((controller) => follow(client.watch(nodes, { signal: controller.signal })));
    // Two of the eight streams are kept for short requests.
    await Promise.all(watches.slice(0, 6).map((watch) => watch.first));
    expect(server.sessions).toHaveLength(2);
    await client.get(nodes, "n");
    expect(server.streams).toHaveLength(7);
    server.streams[0]?.stream.end();
    await watches[6]?.first;
    for (const controller of controllers) controller.abort();
    expect(await watches[0]?.end).toBeUndefined();
    for (const watch of watches.slice(1)) expect(await watch.end).toHaveProperty("name", "AbortError");
  });

  test("drains on GOAWAY: open streams end in peace, new ones go to another connection", async () => {
    await using server = await new TestServer().listen();
    const client = server.client();
    let finish = () => {};
    server.handler = (stream) => {
      finish = () => answerJson(stream, 200, { kind: "Node", metadata: { name: "slow" } });
    };
    const slow = client.get(nodes, "slow");
    await eventually(() => server.streams.length === 1);
    server.handler = (stream) => answerJson(stream, 200, { kind: "Node", metadata: { name: "fast" } });
    server.sessions[0]?.goaway(constants.NGHTTP2_NO_ERROR);
    for (let name = ""; server.sessions.length < 2; ) {
      name = (await client.get(nodes, "fast")).metadata?.name ?? "";
      expect(name).toBe("fast");
    }
    finish();
    expect((await slow).metadata?.name).toBe("slow");
  });

  test("repeats any request on a stream that was refused", async () => {
    await using server = await new TestServer().listen();
    server.handler = (stream) => {
      if (server.streams.length === 1) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else answerJson(stream, 201, { kind: "Node", metadata: { name: "n" } });
    };
    const created = await server.client().create(nodes, { metadata: { name: "n" } });
    expect(created.metadata?.name).toBe("n");
    expect(server.streams).toHaveLength(2);
  });

  test("repeats GET but not PATCH when the connection is lost", async () => {
    await using server = await new TestServer().listen();
    const client = server.client();
    server.handler = (stream) => {
      if (server.streams.length === 1) stream.session?.destroy();
      else answerJson(stream, 200, { kind: "Node" });
    };
    await client.get(nodes, "n");
    server.streams.length = 0;
    const failure = await client.patch(nodes, "n", {}, { type: "merge" }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "TransportError", kind: "connection", retryable: true });
    expect(server.streams).toHaveLength(1);
  });

  test("drops a connection whose peer answers no pings, and dials anew", async () => {
    await using server = await new TestServer().listen();
    await using wire = await new Wire(server.port).listen();
    server.handler = openWatch;
    const client = server.client({ pingIdleMs: 60, pingTimeoutMs: 60 }, { server: wire.url });
    const watch = follow(client.watch(nodes));
    await watch.first;
    wire.cut();
    expect(await watch.end).toMatchObject({ code: "TransportError", kind: "connection" });
    wire.mend();
    server.handler = (stream) => answerJson(stream, 200, { kind: "Node" });
    await client.get(nodes, "n");
    expect(server.sessions).toHaveLength(2);
  });

  test("goes on over another connection when a request was given up in silence, and comes back after a ping", async () => {
    await using server = await new TestServer().listen();
    await using wire = await new Wire(server.port).listen();
    const pool = new SessionPool({
      target: { host: "127.0.0.1", port: Number(new URL(wire.url).port), insecureSkipVerify: true },
      clock: systemClock,
      random: Math.random,
      logger: silentLogger,
      suspectAfterMs: 0,
    });
    const get = async (signal?: AbortSignal) => {
      const response = await pool.request({ method: "GET", path: "/", headers: {}, signal });
      return await readBody(response, 100);
    };
    await get();
    wire.hold();
    const controller = new AbortController();
    const first = get(controller.signal);
    await wire.holding;
    controller.abort();
    await expect(first).rejects.toThrow();
    wire.letNewThrough();
    await get();
    expect(server.sessions).toHaveLength(2);
    expect(server.streams).toHaveLength(2);
    wire.release();
    // The request that was given up, and the ping, arrive now; the older connection is the fuller one while it has a stream.
    await eventually(() => server.streams.length === 3);
    await get();
    await pool.close();
  });

  test("tells a request that cannot be put into HTTP, and keeps the connection", async () => {
    await using server = await new TestServer().listen();
    const client = server.client();
    await client.get(nodes, "n");
    const failure = client.raw("GET", "/x", { headers: { "bad header": "x" } });
    await expect(failure).rejects.toMatchObject({ code: "TransportError", kind: "protocol" });
    await client.get(nodes, "n");
    expect(server.sessions).toHaveLength(1);
  });

  test("keeps a quiet connection whose peer answers pings", async () => {
    await using server = await new TestServer().listen();
    server.handler = openWatch;
    const client = server.client({ pingIdleMs: 15, pingTimeoutMs: 10_000 });
    let pings = 0;
    const controller = new AbortController();
    const watch = follow(client.watch(nodes, { signal: controller.signal }));
    await watch.first;
    server.sessions[0]?.on("ping", () => pings++);
    await eventually(() => pings >= 3);
    controller.abort();
    await watch.end;
    expect(server.sessions).toHaveLength(1);
  });

  test("fails waiting requests when the server is away and recovers when it is back", async () => {
    await using server = await new TestServer().listen();
    const client = server.client();
    await client.get(nodes, "n");
    const restart = await server.crash();
    const failure = await client.patch(nodes, "n", {}, { type: "merge" }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "TransportError", retryable: true });
    await restart();
    for (;;) {
      const again = await client.get(nodes, "n").catch((error: unknown) => error);
      if (!isTransportError(again)) break;
      expect(again.kind).toBe("dial");
    }
  });

  test("refuses a server certificate of another authority, and of another name", async () => {
    await using server = await new TestServer().listen();
    await using other = await new TestServer().listen();
    const foreign = server.client({}, { certificateAuthority: other.authority.certificate });
    await expect(foreign.get(nodes, "n")).rejects.toMatchObject({ kind: "dial" });
    const misnamed = server.client({}, { tlsServerName: "other.test" });
    await expect(misnamed.get(nodes, "n")).rejects.toMatchObject({ kind: "dial" });
    await server.client({}, { tlsServerName: "server.test" }).get(nodes, "n");
    await server
      .client({}, { certificateAuthority: other.authority.certificate, insecureSkipTlsVerify: true })
      .get(nodes, "n");
  });

  test("opens new connections when the client certificate changed, and retires watches on the old ones", async () => {
    await using server = await new TestServer({ requestCert: true, rejectUnauthorized: true }).listen();
    const names: string[] = [];
    server.handler = (stream, headers) => {
      const socket = stream.session?.socket as TLSSocket;
      names.push(String(socket.getPeerCertificate().subject.CN));
      if (String(headers[":path"]).includes("watch")) openWatch(stream);
      else answerJson(stream, 200, {});
    };
    let credentials: Credentials = { identity: server.authority.issue("first") };
    const client = server.client(
      {},
      { credentials: { get: () => credentials, refresh: () => Promise.resolve(false) } },
    );
    const controller = new AbortController();
    const watch = follow(client.watch(nodes, { signal: controller.signal }));
    await watch.first;
    await client.get(nodes, "n");
    credentials = { identity: server.authority.issue("second") };
    await client.get(nodes, "n");
    expect(names).toEqual(["first", "first", "second"]);
    expect(server.sessions).toHaveLength(2);
    controller.abort();
    await watch.end;
    await eventually(() => server.sessions[0]?.destroyed === true);
  });

  test("gives a lane connections of its own, one for each name", async () => {
    await using server = await new TestServer().listen();
    const client = server.client();
    await client.get(nodes, "n");
    await client.withLane("heartbeat").get(nodes, "n");
    await client.withLane("heartbeat").get(nodes, "n");
    expect(server.sessions).toHaveLength(2);
  });
});

describe("RestClient", () => {
  test("gives up a request without an answer in time", async () => {
    await using server = await new TestServer().listen();
    server.handler = () => undefined;
    const failure = server.client({ requestTimeoutMs: 50 }).get(nodes, "n");
    await expect(failure).rejects.toMatchObject({
      kind: "timeout",
      message: 'Cannot get nodes "n": no answer in 50 ms',
    });
    await eventually(() => server.streams[0]?.stream.rstCode === constants.NGHTTP2_CANCEL);
  });

  test("gives up a body that stalls, and reads one that is merely slow", async () => {
    await using server = await new TestServer().listen();
    server.handler = (stream) => {
      stream.respond({ ":status": 200 });
      stream.write('{"kind":');
    };
    await expect(server.client({ requestTimeoutMs: 50 }).get(nodes, "n")).rejects.toMatchObject({ kind: "timeout" });
    server.handler = (stream) => {
      stream.respond({ ":status": 200 });
      const text = JSON.stringify({ kind: "Node", metadata: { name: "slow" } });
      let at = 0;
      const timer = setInterval(() => {
        if (at < text.length) stream.write(text[at++]);
        else {
          clearInterval(timer);
          stream.end();
        }
      }, 1);
    };
    expect((await server.client().get(nodes, "n")).metadata?.name).toBe("slow");
  });

  test("bounds answers and cancels the rest", async () => {
    await using server = await new TestServer().listen();
    server.handler = (stream) => {
      stream.respond({ ":status": 200 });
      stream.end(Buffer.alloc(4096, 0x20));
    };
    const failure = server.client({ maxResponseBytes: 1024 }).get(nodes, "n");
    await expect(failure).rejects.toMatchObject({ kind: "limit", retryable: false });
  });

  test("reads a truncated answer again", async () => {
    await using server = await new TestServer().listen();
    server.handler = (stream) => {
      stream.respond({ ":status": 200 });
      if (server.streams.length === 1) {
        stream.write("{");
        stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      } else stream.end(JSON.stringify({ kind: "Node" }));
    };
    expect((await server.client().get(nodes, "n")).kind).toBe("Node");
  });

  test("cancels the stream when the caller aborts or leaves a watch", async () => {
    await using server = await new TestServer().listen();
    server.handler = openWatch;
    for await (const event of server.client().watch(nodes)) {
      expect(event.type).toBe("BOOKMARK");
      break;
    }
    await eventually(() => server.streams[0]?.stream.rstCode === constants.NGHTTP2_CANCEL);
    server.handler = () => undefined;
    const controller = new AbortController();
    const reason = new Error("enough");
    const failure = server.client().get(nodes, "n", { signal: controller.signal });
    await eventually(() => server.streams.length === 2);
    controller.abort(reason);
    await expect(failure).rejects.toBe(reason);
  });

  test("streams an answer of any length", async () => {
    await using server = await new TestServer().listen();
    server.handler = (stream) => {
      stream.respond({ ":status": 200 });
      stream.write("one\n");
      stream.end("two\n");
    };
    const body = await server.client().stream("/api/v1/namespaces/a/pods/b/log");
    expect((await body.toArray()).join("")).toBe("one\ntwo\n");
    server.handler = (stream) => answerJson(stream, 404, { kind: "Status", code: 404, reason: "NotFound" });
    await expect(server.client().stream("/x")).rejects.toBeInstanceOf(ApiError);
  });

  test("fails a stream that is cut short, and cancels one that the caller destroys", async () => {
    await using server = await new TestServer().listen();
    server.handler = (stream) => {
      stream.respond({ ":status": 200 });
      stream.write("one\n");
    };
    const cut = await server.client().stream("/log");
    const rest = cut.toArray();
    server.sessions[0]?.destroy();
    await expect(rest).rejects.toMatchObject({ code: "TransportError", kind: "connection" });
    const left = await server.client().stream("/log");
    for await (const chunk of left) {
      expect(String(chunk)).toBe("one\n");
      break;
    }
    await eventually(() => server.streams[1]?.stream.rstCode === constants.NGHTTP2_CANCEL);
  });

  test("leaves waiting requests alone when a further connection cannot be had", async () => {
    await using server = await new TestServer({ settings: { maxConcurrentStreams: 1 } }).listen();
    await using wire = await new Wire(server.port).listen();
    let finish = () => {};
    server.handler = (stream) => {
      finish = () => answerJson(stream, 200, { kind: "Node" });
    };
    const client = server.client({}, { server: wire.url });
    const first = client.get(nodes, "first");
    await eventually(() => server.streams.length === 1);
    wire.refuse();
    const second = client.patch(nodes, "second", {}, { type: "merge" });
    second.catch(() => undefined);
    await wire.refused;
    server.handler = (stream) => answerJson(stream, 200, { kind: "Node", metadata: { name: "second" } });
    finish();
    await first;
    expect((await second).metadata?.name).toBe("second");
  });
});

describe("Http1Transport", () => {
  async function listen(server: Server): Promise<AsyncDisposable & { port: number }> {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    return {
      port: (server.address() as AddressInfo).port,
      async [Symbol.asyncDispose]() {
        server.closeAllConnections();
        await new Promise<void>((resolve) => server.close(() => resolve()));
      },
    };
  }

  test("serves plain http URLs, keeps connections, and keeps the path of the URL", async () => {
    const paths: string[] = [];
    let connections = 0;
    const server = createHttpServer((request, response) => {
      paths.push(`${request.method} ${request.url}`);
      request.resume().on("end", () => response.end(JSON.stringify({ kind: "Node" })));
    });
    server.on("connection", () => connections++);
    await using listening = await listen(server);
    const client = createClient({ server: `http://127.0.0.1:${listening.port}/prefix/` });
    await client.get(nodes, "n");
    await client.patch(nodes, "n", { spec: {} }, { type: "merge" });
    expect(paths).toEqual(["GET /prefix/api/v1/nodes/n", "PATCH /prefix/api/v1/nodes/n"]);
    expect(connections).toBe(1);
    await client.close();
    await expect(client.get(nodes, "n")).rejects.toMatchObject({ kind: "closed" });
  });

  test("is fallen back to where a TLS server does not speak HTTP/2", async () => {
    await using authority = await new TestServer().listen();
    const { certificate, key } = authority.authority.issue("old server");
    const server = createHttpsServer({ cert: certificate, key }, (_, response) => response.end('{"kind":"Node"}'));
    await using listening = await listen(server as unknown as Server);
    const client = createClient({
      server: `https://127.0.0.1:${listening.port}`,
      certificateAuthority: authority.authority.certificate,
    });
    expect((await client.get(nodes, "n")).kind).toBe("Node");
    await client.close();
  });

  test("aborts, bounds time, and tells a refused connection", async () => {
    const server = createHttpServer(() => undefined);
    let url = "";
    {
      await using listening = await listen(server);
      url = `http://127.0.0.1:${listening.port}`;
      const client = createClient({ server: url });
      await expect(client.get(nodes, "n", { timeoutMs: 30 })).rejects.toMatchObject({ kind: "timeout" });
      await expect(client.get(nodes, "n", { signal: AbortSignal.abort() })).rejects.toMatchObject({
        name: "AbortError",
      });
      await client.close();
    }
    const client = createClient({ server: url });
    await expect(client.get(nodes, "n")).rejects.toBeInstanceOf(TransportError);
    await expect(client.get(nodes, "n")).rejects.toMatchObject({ kind: "dial" });
    await client.close();
  });
});
