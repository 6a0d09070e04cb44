import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ScalarType } from "@bufbuild/protobuf";
import {
  containerdEvents,
  containerdTypes,
  createServiceClient,
  engineService,
  eventsService,
  RpcError,
  serviceHandlers,
  TtrpcClient,
  TtrpcServer,
  taskService,
  taskTypes,
} from "@wherry/rpc";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { temporaryDirectory } from "./temporary-directory.ts";

const missing = spawnSync("go", ["version"]).status === 0 ? undefined : "go is not installed";
if (missing !== undefined) console.log(`Skipping the tests against the Go peer: ${missing}`);

type Description = Record<string, Record<string, [number, string, boolean, boolean, string] | [string, string]>>;

describe.skipIf(missing !== undefined)("Go peer", () => {
  const directory = mkdtempSync(join(tmpdir(), "wherry-go-peer-"));
  const peer = join(directory, "go-peer");

  beforeAll(() => {
    execFileSync("go", ["build", "-o", peer, "."], { cwd: join(import.meta.dirname, "go-peer"), stdio: "inherit" });
  });

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  async function startServer(): Promise<string> {
    const socket = join(temporaryDirectory(), "s");
    const child: ChildProcess = spawn(peer, ["serve", socket], { stdio: ["pipe", "pipe", "inherit"] });
    onTestFinished(() => void child.kill());
    await once(child.stdout ?? child, "data");
    return socket;
  }

  test("definitions have the fields, numbers and types of containerd's", () => {
    const theirs = JSON.parse(execFileSync(peer, ["describe"], { maxBuffer: 64 << 20 }).toString()) as Description;
    const files = [
      taskService.file_containerd_task_v3_shim,
      containerdEvents.file_containerd_events_task,
      containerdTypes.file_containerd_types_mount,
      taskTypes.file_containerd_v1_types_task,
    ];
    for (const message of files.flatMap((file) => file.messages)) {
      const ours = Object.fromEntries(
        message.fields.map((field) => [field.name, { number: field.number, list: field.fieldKind === "list" }]),
      );
      const expected = Object.fromEntries(
        Object.entries(theirs[message.typeName] ?? {}).map(([name, [number, , list]]) => [name, { number, list }]),
      );
      expect(ours, message.typeName).toEqual(expected);
      for (const field of message.fields) {
        if (field.fieldKind !== "scalar") continue;
        expect(ScalarType[field.scalar].toLowerCase(), field.toString()).toBe(
          theirs[message.typeName]?.[field.name]?.[1],
        );
      }
    }
    const ours = taskService.Task.methods.map(({ name, input, output }) => [name, [input.typeName, output.typeName]]);
    expect(Object.fromEntries(ours)).toEqual(theirs[taskService.Task.typeName]);
    expect(Object.keys(theirs)).toContain(eventsService.Events.typeName);
  });

  test("TtrpcClient speaks to a server in Go", async () => {
    const connection = await TtrpcClient.connect(await startServer());
    onTestFinished(() => connection.close());
    const task = createServiceClient(taskService.Task, connection);
    const options = { typeUrl: engineService.GuestSpecSchema.typeName, value: new Uint8Array(77) };
    expect(await task.create({ id: "c", rootfs: [{ type: "bind" }], options })).toMatchObject({ pid: 77 });
    expect(await task.state({ id: "c" })).toMatchObject({
      id: "c",
      pid: 2 ** 32 - 1,
      status: taskTypes.Status.STOPPED,
      exitStatus: 137,
      exitedAt: { seconds: 1_700_000_000n, nanos: 999_999_999 },
      stdout: "ü",
    });
    await expect(task.kill({ id: "c" })).rejects.toMatchObject({ code: "NotFound", message: 'no process "c"' });
    await expect(task.wait({ id: "c" }, { timeoutMs: 50 })).rejects.toMatchObject({ code: "DeadlineExceeded" });
    expect((await task.stats({ id: "c" })).stats?.value.length).toBe(3 << 20);
    await expect(connection.call("no.such.Service", "Method", new Uint8Array(0))).rejects.toMatchObject({
      code: "Unimplemented",
    });
    const many = await Promise.all(Array.from({ length: 100 }, (_, index) => task.state({ id: String(index) })));
    expect(many.map((state) => state.id)).toEqual(Array.from({ length: 100 }, (_, index) => String(index)));
  });

  test("TtrpcServer answers a client in Go", async () => {
    const socket = join(temporaryDirectory(), "s");
    let tenant: string | undefined;
    const server = new TtrpcServer({
      handlers: serviceHandlers(taskService.Task, {
        create: ({ options }, { metadata }) => {
          tenant = metadata.get("tenant");
          return { pid: options?.value.length ?? 0 };
        },
        state: ({ id }) => ({
          id,
          status: taskTypes.Status.RUNNING,
          exitStatus: 7,
          exitedAt: { seconds: 5n, nanos: 9 },
        }),
        kill: ({ id }) => Promise.reject(new RpcError("NotFound", `no ${id}`)),
        start: ({ id }) => ({ pid: id.length }),
        wait: () => new Promise(() => undefined),
      }),
    });
    await server.listen(socket);
    onTestFinished(() => server.close());
    const child = spawn(peer, ["call", socket], { stdio: ["ignore", "pipe", "inherit"] });
    const output = await child.stdout.reduce((text: string, chunk: Buffer) => text + String(chunk), "");
    expect(JSON.parse(output)).toEqual({
      create: 3,
      state: ["c1", "RUNNING", 7, 5_000_000_009],
      kill: ["NotFound", "no c1"],
      pause: "Unimplemented",
      wait: true,
      large: true,
      start: Array.from({ length: 50 }, (_, index) => index),
      unknown: "Unimplemented",
    });
    expect(tenant).toBe("blue");
  });
});
