import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../src/processes/free-port.ts";
import { eventually, PeerProcess } from "../src/processes/peer-process.ts";

test("a free port is none that an outgoing connection is given, which took it from kube-scheduler", async () => {
  const range = await readFile("/proc/sys/net/ipv4/ip_local_port_range", "utf8");
  const [lowest] = range.trim().split(/\s+/).map(Number);
  for (let count = 0; count < 20; count++) expect(await freePort()).toBeLessThan(lowest!);
});

test("a free port can be listened on", async () => {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    void freePort().then((port) => server.listen(port, "127.0.0.1", resolve));
  });
  server.close();
});

test("waiting for a peer that has ended says so, and how", async () => {
  const directory = await mkdtemp(join(tmpdir(), "wherry-peer-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const logPath = join(directory, "log");
  const peer = await PeerProcess.start({ command: process.execPath, args: ["-e", "process.exit(3)"], logPath });
  const waiting = eventually("its answer", () => false, undefined, peer.ended);
  await expect(waiting).rejects.toMatchObject({
    message: "its answer cannot happen any more",
    cause: expect.objectContaining({ message: `${process.execPath} has ended (exit code 3, log: ${logPath})` }),
  });
});
