import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { constants, createServer as createHttp2Server, type Http2ServerResponse } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { RuntimeError } from "@wherry/runtime";
import { afterEach, describe, expect, test } from "vitest";
import { freePort } from "../../../testkit/src/processes/free-port.ts";
import type { ContainerActions } from "../../src/actions/container-actions.ts";
import { createContainerActions } from "../../src/actions/create-container-actions.ts";
import { httpRequest } from "../../src/actions/http-request.ts";
import { selfSignedCertificate } from "./self-signed.ts";

const servers: { close(): unknown; closeAllConnections?(): void }[] = [];
const sockets = new Set<Socket>();
const actions: ContainerActions = createContainerActions({ execSync: () => Promise.reject(new Error("not here")) });
const container = { name: "main" };

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  for (const server of servers.splice(0)) server.close();
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function get(port: number, action: Partial<Parameters<typeof httpRequest>[0]> = {}, timeoutMs = 10_000) {
  const request = httpRequest({ port, ...action }, container, "127.0.0.1", "probe");
  return actions.httpGet(request, { timeoutMs, signal: AbortSignal.timeout(timeoutMs) });
}

const within = (timeoutMs: number) => ({ timeoutMs, signal: AbortSignal.timeout(timeoutMs) });

describe("httpGet()", () => {
  const serve = (listener: RequestListener) => listen(createHttpServer(listener));

  test("httpGet() sends what the probe says, on a connection of its own", async () => {
    const seen: string[][] = [];
    const port = await serve((request, response) => {
      seen.push(request.rawHeaders);
      response.end("fine");
    });
    const httpHeaders = [
      { name: "Host", value: "shop.example" },
      { name: "X-Custom", value: "yes" },
    ];
    expect(await get(port, { path: "/healthz?full=1", httpHeaders })).toEqual({ status: 200, body: "fine" });
    expect(seen[0]).toEqual([
      ...["Host", "shop.example", "X-Custom", "yes"],
      ...["User-Agent", "kube-probe/1.36", "Accept", "*/*", "Connection", "close"],
    ]);
    await get(port);
    expect(seen[1]?.slice(0, 2)).toEqual(["Host", `127.0.0.1:${port}`]);
    expect(sockets.size).toBe(2);
  });

  test("httpGet() answers with any status", async () => {
    const port = await serve((_request, response) => {
      response.statusCode = 503;
      response.end("down");
    });
    expect(await get(port)).toEqual({ status: 503, body: "down" });
  });

  test("httpGet() reads at most 10 KiB of a body that never ends", async () => {
    const port = await serve((_request, response) => {
      response.write("x".repeat(100_000));
    });
    expect((await get(port)).body).toBe("x".repeat(10_240));
  });

  test("httpGet() follows redirects on its host, keeping a Host header for paths only", async () => {
    const hosts: (string | undefined)[] = [];
    const port = await serve((request, response) => {
      hosts.push(request.headers.host);
      const location = request.url === "/" ? "/path" : `http://127.0.0.1:${port}/end`;
      if (request.url === "/end") response.end("here");
      else response.writeHead(302, { location }).end();
    });
    expect(await get(port, { httpHeaders: [{ name: "Host", value: "shop" }] })).toEqual({ status: 200, body: "here" });
    expect(hosts).toEqual(["shop", "shop", `127.0.0.1:${port}`]);
  });

  test("httpGet() answers with a redirect to another host", async () => {
    const port = await serve((_request, response) => {
      response.writeHead(301, { location: "http://elsewhere.example/" }).end("moved");
    });
    expect(await get(port)).toEqual({ status: 301, body: "moved" });
  });

  test("httpGet() gives up after ten redirects", async () => {
    let requests = 0;
    const port = await serve((_request, response) => {
      requests++;
      response.writeHead(307, { location: "/again" }).end();
    });
    await expect(get(port)).rejects.toThrow(`Get "http://127.0.0.1:${port}/again": stopped after 10 redirects`);
    expect(requests).toBe(11);
  });

  test("httpGet() fails in Go's words when nobody listens, answers, or answers in time", async () => {
    const closed = await freePort();
    await expect(get(closed)).rejects.toMatchObject({
      code: "Failed",
      message: `Get "http://127.0.0.1:${closed}/": dial tcp 127.0.0.1:${closed}: connect: connection refused`,
    });
    const dropping = await listen(createTcpServer((socket) => socket.end()));
    await expect(get(dropping)).rejects.toThrow(`Get "http://127.0.0.1:${dropping}/": EOF`);
    const silent = await listen(createTcpServer(() => undefined));
    await expect(get(silent, {}, 50)).rejects.toMatchObject({
      code: "Timeout",
      message: `Get "http://127.0.0.1:${silent}/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    });
    const other = await listen(createTcpServer((socket) => socket.write("220 mail.example ESMTP\r\n")));
    await expect(get(other)).rejects.toThrow("malformed HTTP response");
  });

  test("httpGet() takes any certificate, and tells a server that speaks plain HTTP", async () => {
    const { certificate, privateKey } = await selfSignedCertificate("elsewhere.example");
    const secure = createHttpsServer({ cert: certificate, key: privateKey }, (_request, response) => {
      response.end("secure");
    });
    const port = await listen(secure);
    expect(await get(port, { scheme: "HTTPS" })).toEqual({ status: 200, body: "secure" });
    const plain = await serve((_request, response) => response.end());
    await expect(get(plain, { scheme: "HTTPS" })).rejects.toMatchObject({
      code: "PlainHttp",
      message: `Get "https://127.0.0.1:${plain}/": http: server gave HTTP response to HTTPS client`,
    });
  });
});

describe("tcpConnect()", () => {
  test("tcpConnect() resolves when the port is open and fails in Go's words when not", async () => {
    const port = await listen(createTcpServer(() => undefined));
    await actions.tcpConnect({ host: "127.0.0.1", port }, within(5000));
    const closed = await freePort();
    await expect(actions.tcpConnect({ host: "127.0.0.1", port: closed }, within(5000))).rejects.toThrow(
      `dial tcp 127.0.0.1:${closed}: connect: connection refused`,
    );
    await expect(
      actions.tcpConnect({ host: "127.0.0.1", port }, { signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: "Timeout", message: `dial tcp 127.0.0.1:${port}: i/o timeout` });
  });
});

describe("grpcHealth()", () => {
  interface Call {
    readonly headers: Readonly<Record<string, unknown>>;
    readonly body: Buffer;
  }
  const calls: Call[] = [];

  async function serve(answer: (response: Http2ServerResponse) => void): Promise<number> {
    calls.length = 0;
    const server = createHttp2Server((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.once("end", () => {
        calls.push({ headers: request.headers, body: Buffer.concat(chunks) });
        response.setHeader("content-type", "application/grpc");
        answer(response);
      });
    });
    return listen(server as unknown as Server);
  }

  const check = (port: number, service = "", timeoutMs = 5000) =>
    actions.grpcHealth({ host: "127.0.0.1", port, service, userAgent: "kube-probe/1.36" }, within(timeoutMs));

  const status = (number: number) => (response: Http2ServerResponse) => {
    response.addTrailers({ "grpc-status": "0" });
    response.end(Buffer.from(number === 0 ? [0, 0, 0, 0, 0] : [0, 0, 0, 0, 2, 0x08, number]));
  };

  const trailers = (code: number, message: string) => (response: Http2ServerResponse) => {
    response.setHeader("grpc-status", String(code));
    response.setHeader("grpc-message", encodeURIComponent(message));
    response.end();
  };

  test("grpcHealth() asks for the service in gRPC's wire format", async () => {
    const port = await serve(status(1));
    expect(await check(port, "shop")).toBe("SERVING");
    expect(calls[0]?.headers).toMatchObject({
      ":method": "POST",
      ":path": "/grpc.health.v1.Health/Check",
      ":authority": `127.0.0.1:${port}`,
      "content-type": "application/grpc",
      "user-agent": "kube-probe/1.36",
      te: "trailers",
      "grpc-timeout": "5000m",
    });
    expect(calls[0]?.body).toEqual(Buffer.from([0, 0, 0, 0, 6, 0x0a, 4, ...Buffer.from("shop")]));
    await check(port);
    expect(calls[1]?.body).toEqual(Buffer.from([0, 0, 0, 0, 0]));
  });

  test.each([
    [0, "UNKNOWN"],
    [2, "NOT_SERVING"],
    [3, "SERVICE_UNKNOWN"],
    [9, "9"],
  ])("grpcHealth() of status %i is %s", async (number, name) => {
    expect(await check(await serve(status(number)))).toBe(name);
  });

  test.each([
    [
      12,
      "unknown service",
      "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown service",
    ],
    [5, "unknown service ä", "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service ä"],
    [99, "", "error: health rpc probe failed: rpc error: code = Code(99) desc = "],
  ])("grpcHealth() of gRPC status %i fails in grpc-go's words", async (code, message, expected) => {
    const port = await serve(trailers(code, message));
    await expect(check(port)).rejects.toMatchObject({ code: "Failed", message: expected });
  });

  test("grpcHealth() fails for no listener, no answer, no HTTP/2, and answers that are too much", async () => {
    const closed = await freePort();
    await expect(check(closed)).rejects.toThrow(
      `error: failed to connect service at "127.0.0.1:${closed}": dial tcp 127.0.0.1:${closed}: connect: connection refused`,
    );
    const silent = await listen(createTcpServer(() => undefined));
    await expect(check(silent, "", 50)).rejects.toThrow(
      `timeout: failed to connect service "127.0.0.1:${silent}" within 50ms: context deadline exceeded`,
    );
    const waiting = await serve(() => undefined);
    await expect(check(waiting, "", 1000)).rejects.toThrow("timeout: health rpc did not complete within 1s");
    const http1 = await listen(createHttpServer((_request, response) => response.end()));
    await expect(check(http1)).rejects.toMatchObject({ code: "Failed" });
    const greedy = await serve((response) => response.end(Buffer.alloc(100_000)));
    await expect(check(greedy)).rejects.toThrow("received message larger than max");
    const odd = await serve((response) => {
      response.addTrailers({ "grpc-status": "0" });
      response.end(Buffer.from([1, 0, 0, 0, 0]));
    });
    await expect(check(odd)).rejects.toThrow("malformed message");
    await expect(check(odd, "x".repeat(9000))).rejects.toMatchObject({ code: "Invalid" });
  });

  test("grpcHealth() fails for a server that breaks the call off, in grpc-go's words", async () => {
    const resets = await serve((response) => response.stream.close(constants.NGHTTP2_REFUSED_STREAM));
    await expect(check(resets)).rejects.toThrow(
      "error: health rpc probe failed: rpc error: code = Unavailable desc = stream terminated by RST_STREAM with error code: REFUSED_STREAM",
    );
    const closes = await serve((response) => response.stream.session?.destroy());
    await expect(check(closes)).rejects.toThrow(/code = Unavailable desc = /);
    const proxy = await serve((response) => {
      response.statusCode = 503;
      response.end("busy");
    });
    await expect(check(proxy)).rejects.toThrow(
      "code = Unknown desc = unexpected HTTP status code received from server: 503",
    );
    const ends = await listen(createTcpServer((socket) => socket.end()));
    await expect(check(ends)).rejects.toThrow(
      `error: failed to connect service at "127.0.0.1:${ends}": dial tcp 127.0.0.1:${ends}: EOF`,
    );
    const http1 = await listen(createTcpServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
    await expect(check(http1)).rejects.toThrow("http2: frame too large");
  });

  test("grpcHealth() reads an answer in many pieces, with more fields than one frame holds", async () => {
    const port = await serve((response) => {
      for (let index = 0; index < 40; index++) response.setHeader(`x-field-${index}`, `${index}-é-${"v".repeat(90)}`);
      response.write(Buffer.from([0, 0, 0]));
      response.addTrailers({ "grpc-status": "0", "grpc-message": "" });
      setImmediate(() => response.end(Buffer.from([0, 2, 8, 1])));
    });
    expect(await check(port)).toBe("SERVING");
  });

  test("grpcHealth() opens a connection for each call, which proves that the server accepts", async () => {
    let connections = 0;
    const server = createHttp2Server((_request, response) => status(1)(response));
    server.on("connection", () => connections++);
    const port = await listen(server as unknown as Server);
    for (let call = 1; call <= 3; call++) {
      expect(await check(port)).toBe("SERVING");
      expect(connections).toBe(call);
    }
  });
});

describe("exec()", () => {
  const run = (result: Promise<never> | { stdout: string; exitCode: number }) =>
    createContainerActions({
      execSync: async () => {
        const { stdout, exitCode } = await result;
        return { stdout: Buffer.from(stdout), stderr: Buffer.from("!"), exitCode };
      },
    }).exec("id", ["sh", "-c", "x"], within(1000));

  test("exec() answers with exit code and at most 10 KiB of output", async () => {
    expect(await run({ stdout: "hello", exitCode: 3 })).toEqual({ exitCode: 3, output: "hello!" });
    expect((await run({ stdout: "x".repeat(50_000), exitCode: 0 })).output).toHaveLength(10_240);
  });

  test("exec() tells what took too long from what could not be run", async () => {
    await expect(run(Promise.reject(new RuntimeError("DeadlineExceeded", "late")))).rejects.toMatchObject({
      code: "Timeout",
      message: 'command timed out: "sh -c x" timed out after 1s',
    });
    await expect(run(Promise.reject(new RuntimeError("Internal", "no such container")))).rejects.toMatchObject({
      code: "Invalid",
      message: "no such container",
    });
  });
});
