import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { FakeClock } from "@wherry/base";
import {
  createServiceClient,
  type Handlers,
  RpcError,
  serviceHandlers,
  TtrpcClient,
  TtrpcServer,
  taskService,
} from "@wherry/rpc";
import { encodeHeader, maxDataSizeBytes, messageTypes } from "@wherry/rpc/ttrpc";
import { describe, expect, onTestFinished, test } from "vitest";
import { RequestSchema } from "../src/gen/ttrpc/ttrpc_pb.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const empty = new Uint8Array(0);

async function serve(handlers: Handlers, options: { clock?: FakeClock; maxConcurrentCalls?: number } = {}) {
  const path = join(temporaryDirectory(), "s");
  const server = new TtrpcServer({ handlers, ...options });
  await server.listen(path);
  onTestFinished(() => server.close());
  return { server, path };
}

async function connect(path: string, options: { clock?: FakeClock } = {}): Promise<TtrpcClient> {
  const client = await TtrpcClient.connect(path, options);
  onTestFinished(() => client.close());
  return client;
}

describe("TtrpcClient.call()", () => {
  test("call() gets answers of many calls in the order they come", async () => {
    const waiting = new Map<number, () => void>();
    const { path } = await serve({
      test: {
        Echo: (payload) =>
          new Promise((resolve) => {
            waiting.set(payload[0] ?? 0, () => resolve(payload));
            // The last one in is the first one out.
            if (waiting.size === 100) for (const answer of [...waiting.values()].reverse()) answer();
          }),
      },
    });
    const client = await connect(path);
    const order: number[] = [];
    const calls = Array.from({ length: 100 }, async (_, index) => {
      const answer = await client.call("test", "Echo", Uint8Array.of(index));
      order.push(index);
      return answer[0];
    });
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 100 }, (_, index) => index));
    expect(order.indexOf(90)).toBeLessThan(order.indexOf(10));
  });

  test("call() carries messages up to the limit and refuses larger ones", async () => {
    const { path } = await serve({ test: { Size: (payload) => Buffer.from(String(payload.length)) } });
    const client = await connect(path);
    const large = new Uint8Array(maxDataSizeBytes - 100);
    expect(String(Buffer.from(await client.call("test", "Size", large)))).toBe(String(large.length));
    await expect(client.call("test", "Size", new Uint8Array(maxDataSizeBytes))).rejects.toMatchObject({
      code: "ResourceExhausted",
    });
    expect(String(Buffer.from(await client.call("test", "Size", empty)))).toBe("0");
  });

  test("call() is answered an error when the answer is above the limit", async () => {
    const { path } = await serve({ test: { Large: () => new Uint8Array(maxDataSizeBytes) } });
    await expect((await connect(path)).call("test", "Large", empty)).rejects.toMatchObject({
      code: "ResourceExhausted",
    });
  });

  test.each([
    ["service", "other", "Echo"],
    ["method", "test", "Other"],
    ["name of Object's prototype", "test", "constructor"],
  ])("call() of an unknown %s is Unimplemented", async (_, service, method) => {
    const { path } = await serve({ test: { Echo: (payload) => payload } });
    await expect((await connect(path)).call(service, method, empty)).rejects.toMatchObject({ code: "Unimplemented" });
  });

  test("call() rejects with the status of the handler", async () => {
    const { path } = await serve({
      test: {
        Known: () => Promise.reject(new RpcError("NotFound", "no such thing")),
        Unknown: () => Promise.reject(new Error("broken")),
      },
    });
    const client = await connect(path);
    await expect(client.call("test", "Known", empty)).rejects.toMatchObject({
      code: "NotFound",
      message: "no such thing",
    });
    await expect(client.call("test", "Unknown", empty)).rejects.toMatchObject({ code: "Unknown", message: "broken" });
  });

  test("call() rejects pending calls when the peer goes away, and later ones", async () => {
    const { server, path } = await serve({ test: { Never: () => new Promise(() => undefined) } });
    const client = await connect(path);
    const pending = client.call("test", "Never", empty);
    await client.call("test", "Absent", empty).catch(() => undefined);
    await server.close();
    await expect(pending).rejects.toMatchObject({ code: "Unavailable", retryable: true });
    await client.closed;
    await expect(client.call("test", "Never", empty)).rejects.toMatchObject({ code: "Unavailable" });
  });

  test("call() gives up at the signal and forgets the late answer", async () => {
    const answer = Promise.withResolvers<Uint8Array>();
    const { path } = await serve({ test: { Slow: () => answer.promise, Fast: (payload) => payload } });
    const client = await connect(path);
    const controller = new AbortController();
    const slow = client.call("test", "Slow", empty, { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(slow).rejects.toThrow("enough");
    answer.resolve(Uint8Array.of(1));
    expect(await client.call("test", "Fast", Uint8Array.of(2))).toEqual(Uint8Array.of(2));
  });

  test("call() rejects with DeadlineExceeded on the client's clock", async () => {
    const { path } = await serve({ test: { Never: () => new Promise(() => undefined) } });
    const clock = new FakeClock();
    const call = (await connect(path, { clock })).call("test", "Never", empty, { timeoutMs: 1000 });
    call.catch(() => undefined);
    await clock.advance(1000);
    await expect(call).rejects.toMatchObject({ code: "DeadlineExceeded" });
  });
});

describe("TtrpcServer", () => {
  test("TtrpcServer answers DeadlineExceeded and aborts the handler's signal", async () => {
    const clock = new FakeClock();
    const started = Promise.withResolvers<AbortSignal>();
    const { path } = await serve(
      {
        test: {
          Never: (_, { signal }) => {
            started.resolve(signal);
            return new Promise(() => undefined);
          },
        },
      },
      { clock },
    );
    const call = (await connect(path)).call("test", "Never", empty, { timeoutMs: 60_000 });
    call.catch(() => undefined);
    const signal = await started.promise;
    await clock.advance(60_000);
    await expect(call).rejects.toMatchObject({ code: "DeadlineExceeded" });
    expect(signal.aborted).toBe(true);
  });

  test("TtrpcServer aborts handlers when their connection closes", async () => {
    const started = Promise.withResolvers<AbortSignal>();
    const { path } = await serve({
      test: {
        Never: (_, { signal }) => {
          started.resolve(signal);
          return new Promise(() => undefined);
        },
      },
    });
    const client = await connect(path);
    client.call("test", "Never", empty).catch(() => undefined);
    const signal = await started.promise;
    client.close();
    if (!signal.aborted) await once(signal, "abort");
    expect(signal.aborted).toBe(true);
  });

  test("TtrpcServer hands metadata to handlers", async () => {
    const { path } = await serve({ test: { Tenant: (_, { metadata }) => Buffer.from(metadata.get("tenant") ?? "") } });
    const answer = await (await connect(path)).call("test", "Tenant", empty, { metadata: { tenant: "blue" } });
    expect(String(Buffer.from(answer))).toBe("blue");
  });

  test("TtrpcServer bounds the calls of a connection", async () => {
    const { path } = await serve({ test: { Never: () => new Promise(() => undefined) } }, { maxConcurrentCalls: 2 });
    const client = await connect(path);
    for (let index = 0; index < 2; index++) client.call("test", "Never", empty).catch(() => undefined);
    await expect(client.call("test", "Never", empty)).rejects.toMatchObject({ code: "ResourceExhausted" });
  });

  test.each([
    ["a streaming call", 1, messageTypes.request, 2, 12],
    ["data of a stream", 1, messageTypes.data, 0, 12],
    ["an even stream", 2, messageTypes.request, 0, 3],
  ])("TtrpcServer refuses %s and goes on", async (_, streamId, type, flags, code) => {
    const { path } = await serve({ test: { Echo: (payload) => payload } });
    const socket = createConnection(path);
    onTestFinished(() => void socket.destroy());
    const data = toBinary(RequestSchema, create(RequestSchema, { service: "test", method: "Echo" }));
    socket.write(encodeHeader({ sizeBytes: data.length, streamId, type, flags }));
    socket.write(data);
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.readUInt32BE(4)).toBe(streamId);
    expect(answer[8]).toBe(messageTypes.response);
    // Field 1 (status), its length, field 1 (code).
    expect([answer[10], answer[12], answer[13]]).toEqual([0x0a, 0x08, code]);
  });

  test("TtrpcServer answers a request that is no message with InvalidArgument", async () => {
    const { path } = await serve({ test: { Echo: (payload) => payload } });
    const socket = createConnection(path);
    onTestFinished(() => void socket.destroy());
    socket.write(encodeHeader({ sizeBytes: 2, streamId: 1, type: messageTypes.request, flags: 0 }));
    socket.write(Buffer.from("ffff", "hex"));
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect([answer[12], answer[13]]).toEqual([0x08, 3]);
  });
});

describe("listenUnix()", () => {
  test("listenUnix() makes a socket for its owner only", async () => {
    const { path } = await serve({});
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("listenUnix() replaces the socket of a process that was killed", async () => {
    const path = join(temporaryDirectory(), "s");
    await leaveStaleSocket(path);
    expect(existsSync(path)).toBe(true);
    const server = new TtrpcServer({ handlers: { test: { Echo: (payload) => payload } } });
    await server.listen(path);
    onTestFinished(() => server.close());
    expect(await (await connect(path)).call("test", "Echo", Uint8Array.of(7))).toEqual(Uint8Array.of(7));
  });

  test("listenUnix() leaves a live listener alone", async () => {
    const { path } = await serve({ test: { Echo: (payload) => payload } });
    await expect(new TtrpcServer({ handlers: {} }).listen(path)).rejects.toMatchObject({ code: "AlreadyExists" });
    expect(await (await connect(path)).call("test", "Echo", empty)).toEqual(new Uint8Array(0));
  });

  test("listenUnix() leaves a file that is no socket alone", async () => {
    const path = join(temporaryDirectory(), "s");
    writeFileSync(path, "mine");
    await expect(new TtrpcServer({ handlers: {} }).listen(path)).rejects.toThrow();
    expect(existsSync(path)).toBe(true);
  });

  test("listenUnix() and connect take paths beyond the length of a socket address", async () => {
    const directory = join(temporaryDirectory(), "d".repeat(150));
    mkdirSync(directory);
    const path = join(directory, "s");
    const server = new TtrpcServer({ handlers: { test: { Echo: (payload) => payload } } });
    await server.listen(path);
    expect(await (await connect(path)).call("test", "Echo", Uint8Array.of(1))).toEqual(Uint8Array.of(1));
    await server.close();
    expect(existsSync(path)).toBe(false);
  });

  test("TtrpcClient.connect() rejects with Unavailable where nobody listens", async () => {
    await expect(TtrpcClient.connect(join(temporaryDirectory(), "s"))).rejects.toMatchObject({ code: "Unavailable" });
  });
});

describe("createServiceClient()", () => {
  test("createServiceClient() and serviceHandlers() carry typed messages", async () => {
    const { path } = await serve(
      serviceHandlers(taskService.Task, {
        start: ({ id }) => ({ pid: id.length }),
        wait: () => ({ exitStatus: 7, exitedAt: { seconds: 5n, nanos: 6 } }),
      }),
    );
    const task = createServiceClient(taskService.Task, await connect(path));
    expect((await task.start({ id: "four" })).pid).toBe(4);
    expect(await task.wait({ id: "x" })).toMatchObject({ exitStatus: 7, exitedAt: { seconds: 5n, nanos: 6 } });
    await expect(task.pause({ id: "x" })).rejects.toMatchObject({ code: "Unimplemented" });
  });
});

/** A socket file whose listener is gone, as SIGKILL leaves it. */
async function leaveStaleSocket(path: string): Promise<void> {
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  await once(spawn(process.execPath, ["-e", script], { stdio: "ignore" }), "exit");
}
