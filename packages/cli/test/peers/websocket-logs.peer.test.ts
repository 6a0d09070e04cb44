// The WebSocket is the API server's, and only the real one speaks it; the log that it carries is the node's.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import type { Duplex } from "node:stream";
import { loadClusterConfig } from "@wherry/client";
import { eventually, kubeBuilderAssets, skipReason, TestCluster } from "@wherry/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const assets = kubeBuilderAssets();
const skip = skipReason("logs over WebSockets", "skip" in assets ? assets.skip : undefined);
/** RFC 6455. */
const keySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const closeFrame = 8;
const protocol = "binary.k8s.io";

describe.skipIf(skip !== undefined)("a WebSocket of the real control plane", () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start();
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  test("Pods should support retrieving logs from the container over websockets", async () => {
    await cluster.createPod("websocket", ["print", "container is alive", "hold"]);
    await cluster.observer.untilPhase("websocket", "Running");
    await eventually("the line of the log", async () => (await cluster.log("websocket")) !== "");
    const socket = await openWebSocket(cluster, "/api/v1/namespaces/default/pods/websocket/log?container=main");
    expect(await messagesOf(socket)).toBe("container is alive\n");
  });
});

async function openWebSocket({ plane }: TestCluster, path: string): Promise<Duplex> {
  const { server, certificateAuthority, credentials } = await loadClusterConfig({ paths: [plane.adminKubeconfig] });
  const { authorization } = (await credentials?.get()) ?? {};
  const key = randomBytes(16).toString("base64");
  const call = request(new URL(path, server), {
    ca: certificateAuthority,
    headers: {
      authorization,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": key,
      "sec-websocket-protocol": protocol,
    },
  }).end();
  call.once("response", ({ statusCode }) => call.destroy(new Error(`The API server answered ${statusCode}, not 101`)));
  const [response, socket, head] = (await once(call, "upgrade")) as [IncomingMessage, Duplex, Buffer];
  expect(response.headers["sec-websocket-protocol"]).toBe(protocol);
  expect(response.headers["sec-websocket-accept"]).toBe(
    createHash("sha1").update(`${key}${keySuffix}`).digest("base64"),
  );
  socket.unshift(head);
  return socket;
}

/** The text of all messages until the server closes. */
async function messagesOf(socket: Duplex): Promise<string> {
  let input = Buffer.alloc(0);
  const texts: Buffer[] = [];
  for await (const bytes of socket) {
    input = Buffer.concat([input, bytes as Buffer]);
    for (let frame = takeFrame(input); frame !== undefined; frame = takeFrame(input)) {
      input = input.subarray(frame.sizeBytes);
      if (frame.opcode === closeFrame) {
        socket.destroy();
        return Buffer.concat(texts).toString();
      }
      texts.push(frame.payload);
    }
  }
  return Buffer.concat(texts).toString();
}

/** The first whole frame; a server masks none. */
function takeFrame(
  input: Buffer,
): { readonly opcode: number; readonly payload: Buffer; readonly sizeBytes: number } | undefined {
  if (input.length < 4) return undefined;
  const short = input.readUInt8(1);
  if (short > 126) throw new Error("A log of this test needs no frame of more than 64 KiB");
  const [start, length] = short === 126 ? [4, input.readUInt16BE(2)] : [2, short];
  if (input.length < start + length) return undefined;
  return {
    opcode: input.readUInt8(0) & 0x0f,
    payload: input.subarray(start, start + length),
    sizeBytes: start + length,
  };
}
