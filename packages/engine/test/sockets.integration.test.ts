import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { freePort } from "../../testkit/src/processes/free-port.ts";
import type { GuestSocket } from "../src/guest-socket.ts";
import { processExists } from "./engine-processes.ts";
import { eventually, startPod } from "./test-engine.ts";

const address = "127.0.0.1";

const http = (port: number): GuestSocket => ({ name: "http", listen: [{ address, port }] });

function dial(port: number): Socket {
  const socket = connect({ host: address, port });
  onTestFinished(() => void socket.destroy());
  return socket;
}

async function sizeOf(socket: Socket): Promise<number> {
  let size = 0;
  for await (const chunk of socket) size += (chunk as Buffer).length;
  return size;
}

describe("a guest with a socket", () => {
  test("takes connections from its creation on, one after the other", async () => {
    const { sandbox, spec } = await startPod();
    const port = await freePort();
    await sandbox.createGuest(await spec("greet", { sockets: [http(port)] }));
    await sandbox.startGuest("main");
    for (let count = 0; count < 3; count++) expect(await sizeOf(dial(port))).toBe(6);
    await sandbox.killGuest("main", 15);
    await expect(once(dial(port), "connect")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("is refused, with what is wrong, where something else listens", async () => {
    const { sandbox, spec } = await startPod();
    const taken = createServer().listen(0, address);
    onTestFinished(() => void taken.close());
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    await sandbox.createGuest(await spec("greet", { sockets: [http(port)] }));
    await expect(sandbox.startGuest("main")).rejects.toMatchObject({
      code: "StartError",
      message: `Cannot listen on ${address}:${port} for port "http": something else listens there already (EADDRINUSE)`,
    });
  });

  test("has its last words sent before its process ends", async () => {
    const { sandbox, spec } = await startPod();
    const port = await freePort();
    await sandbox.createGuest(await spec("pour", { sockets: [http(port)] }));
    await sandbox.startGuest("main");
    const { pid } = sandbox.guestState("main");
    const socket = dial(port);
    const exit = sandbox.waitGuest("main");
    expect(await sizeOf(socket)).toBe(16_777_216);
    expect(await exit).toMatchObject({ exitCode: 0 });
    await eventually(() => !processExists(pid), "the end of the guest's process");
  });

  test.each([
    [{ name: "a:b", listen: [{ address, port: 1 }] }, "needs a name"],
    [{ name: "a", listen: [] }, "needs an address"],
    [{ name: "a", listen: [{ address, port: 65_536 }] }, "has port 65536"],
  ])("%j is refused", async (socket, words) => {
    const { sandbox, spec } = await startPod();
    const creating = sandbox.createGuest(await spec("greet", { sockets: [socket] }));
    await expect(creating).rejects.toMatchObject({
      code: "InvalidArgument",
      message: expect.stringContaining(words) as unknown,
    });
  });
});
