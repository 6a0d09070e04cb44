import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createPreview1,
  createSystemGuestClock,
  emptySource,
  MemoryFileSystem,
  type Preview1,
  wasm,
} from "@wherry/wasi";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findGuestCompilers, skipReason } from "../../testkit/src/modules/guest-compilers.ts";
import { socketEnvironment } from "../src/host/sockets/announce-sockets.ts";
import { GuestSockets } from "../src/host/sockets/guest-sockets.ts";

const compiler = findGuestCompilers().go;
const missing = skipReason("an HTTP server in Go", compiler.missing);
const specs = ["http", "admin"].map((name) => ({ name, listen: [{ address: "127.0.0.1", port: 0 }] }));

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

describe.skipIf(missing !== undefined)("a guest in Go that serves HTTP by net.FileListener", () => {
  const directory = mkdtempSync(join(tmpdir(), "wherry-guest-"));
  const module = join(directory, "guest.wasm");
  const agent = new Agent({ keepAlive: true });
  let sockets: GuestSockets;
  let host: Preview1;
  let ended: ReturnType<Preview1["start"]>;
  let output = "";
  let clockReads = 0;

  beforeAll(async () => {
    compiler.compile(join(import.meta.dirname, "guests/http-go"), module);
    sockets = await GuestSockets.open(specs);
    const sink = {
      write(bytes: Uint8Array) {
        output += Buffer.from(bytes).toString();
      },
    };
    const fs = new MemoryFileSystem({ file: "from a directory" });
    const clock = createSystemGuestClock();
    host = createPreview1({
      args: ["guest"],
      env: socketEnvironment(specs),
      stdin: emptySource,
      stdout: sink,
      stderr: sink,
      sockets: sockets.listeners,
      preopens: [{ guestPath: "/data", fs }],
      clock: {
        ...clock,
        monotonicNs: () => {
          clockReads += 1;
          return clock.monotonicNs();
        },
      },
    });
    ended = host.start(new wasm.Instance(new wasm.Module(readFileSync(module)), host.imports));
  }, 120_000);
  afterAll(() => {
    agent.destroy();
    host.close();
    if (output !== "") console.log(output);
    rmSync(directory, { recursive: true, force: true });
  });

  async function get(path: string, body?: string | Buffer, index = 0): Promise<Answer> {
    const { address, port } = sockets.listeners[index]!.addresses[0]!;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const call = request({ host: address, port, path, agent, method: body === undefined ? "GET" : "POST" }, resolve);
      call.on("error", reject);
      call.end(body);
    });
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    return { status: answer.statusCode, body: Buffer.concat(chunks).toString() };
  }

  test("answers on each of its ports, and finds its directories behind them", async () => {
    expect(await get("/name")).toEqual({ status: 200, body: "http" });
    expect(await get("/name", undefined, 1)).toEqual({ status: 200, body: "admin" });
    expect(await get("/file")).toEqual({ status: 200, body: "from a directory" });
  });

  test("takes and gives bodies larger than all buffers, many connections at a time", async () => {
    const body = Buffer.alloc(3_000_000, "0123456789");
    const answers = await Promise.all(Array.from({ length: 20 }, () => get("/echo", body)));
    for (const answer of answers) expect(answer.body === body.toString()).toBe(true);
  });

  test("waits in poll_oneoff: it does not look at the clock again and again", async () => {
    const before = clockReads;
    await Promise.all(Array.from({ length: 10 }, () => get("/slow")));
    // A guest that spins for 20 ms looks thousands of times.
    expect(clockReads - before).toBeLessThan(1000);
  });

  test("leaves nothing open when it exits, and says what it had to say", async () => {
    await expect(get("/quit")).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(await ended).toEqual({ kind: "exited", code: 7 });
    agent.destroy();
    await sockets.flushed();
    expect(sockets.connections).toBe(0);
    expect(output).toBe("");
  });
});
