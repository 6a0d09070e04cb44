import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine, GuestExit, Sandbox } from "@wherry/engine";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ContainerConfig } from "../src/container.ts";
import type { PodSandboxConfig } from "../src/sandbox.ts";
import type { ModuleImages } from "../src/wasm/module-images.ts";
import { openWasmRuntime } from "../src/wasm/open-wasm-runtime.ts";
import type { WasmRuntime } from "../src/wasm/wasm-runtime.ts";

let directory: string;
let runtime: WasmRuntime;
let engineSandbox: FakeSandbox;
let startError: Error | undefined;
beforeEach(async () => {
  startError = undefined;
  directory = mkdtempSync(join(tmpdir(), "wasm-runtime-"));
  runtime = await openWasmRuntime({
    stateDirectory: directory,
    engine: {
      recover: async () => [],
      createSandbox: async ({ id }: { id: string }) => {
        if (startError !== undefined) throw startError;
        engineSandbox = new FakeSandbox(id);
        return engineSandbox as unknown as Sandbox;
      },
    } as unknown as Engine,
    images: {
      runnable: async () => ({
        ref: "r",
        modulePath: "/m",
        moduleName: "m",
        entrypoint: [],
        cmd: [],
        env: {},
        workingDir: "",
        stopSignal: "",
        rootfsPath: undefined,
      }),
    } as unknown as ModuleImages,
    version: "0",
    network: { nodeAddress: "192.0.2.1", podCidr: "127.40.0.0/29" },
  });
});
afterEach(async () => {
  await runtime[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

class FakeSandbox {
  readonly id: string;
  readonly creating = Promise.withResolvers<void>();
  readonly exit = Promise.withResolvers<GuestExit>();
  usable = true;
  killed = false;
  obeys = false;
  guest = "created";
  created = "";
  sockets: unknown;

  constructor(id: string) {
    this.id = id;
  }

  onExit = () => () => undefined;
  createGuest = ({ id, sockets }: { id: string; sockets: unknown }) => {
    this.created = id;
    this.sockets = sockets;
    return this.creating.promise;
  };
  startGuest = async () => ({ startedAtMs: 5 });
  listGuests = () => [{ id: this.created, state: this.guest }];
  waitGuest = () => this.exit.promise;
  killGuest = async () => {
    if (!this.obeys) throw new Error("does not answer");
    this.exit.resolve({ exitCode: 137, reason: "Error", message: "killed", startedAtMs: 5, finishedAtMs: 9 });
  };
  updateLimits = async (_limits: object): Promise<void> => undefined;
  shutdown = async () => {
    this.usable = false;
    this.killed = true;
  };
}

const sandboxConfig = {
  metadata: { name: "p", namespace: "n", uid: "u", attempt: 0 },
  runtimeHandler: "",
  portMappings: [],
  labels: {},
  annotations: {},
} as unknown as PodSandboxConfig;

const containerConfig = {
  name: "c",
  image: { image: "i", runtimeHandler: "" },
  command: [],
  args: [],
  env: [],
  mounts: [],
  ports: [],
  resources: {},
  stopSignal: "",
  labels: {},
  workingDir: "",
  logPath: "",
} as unknown as ContainerConfig;

function sandbox(): Promise<string> {
  return runtime.runPodSandbox({ ...sandboxConfig, logDirectory: join(directory, "logs") });
}

describe("WasmRuntime", () => {
  test("runPodSandbox() leaves no log directory that nobody removes when it fails", async () => {
    startError = new Error("no processes left");
    await expect(sandbox()).rejects.toThrow("no processes left");
    expect(existsSync(join(directory, "logs"))).toBe(false);
    expect(await runtime.listPodSandboxes()).toEqual([]);
  });

  test("createContainer() in a sandbox that is removed meanwhile fails and leaves no record", async () => {
    const id = await sandbox();
    const created = runtime.createContainer(id, { ...containerConfig, logPath: "" });
    const outcome = expect(created).rejects.toMatchObject({ code: "FailedPrecondition" });
    await runtime.removePodSandbox(id);
    engineSandbox.creating.resolve();
    await outcome;
    expect(await runtime.listContainers()).toEqual([]);
  });

  test("stopContainer() kills a guest whose start was never answered", async () => {
    const id = await sandbox();
    engineSandbox.creating.resolve();
    const container = await runtime.createContainer(id, containerConfig);
    engineSandbox.startGuest = () => Promise.reject(new Error("connection lost"));
    await expect(runtime.startContainer(container)).rejects.toThrow("connection lost");
    engineSandbox.guest = "running";
    engineSandbox.obeys = true;
    await runtime.stopContainer(container, 0);
    expect(await runtime.containerStatus(container)).toMatchObject({ state: "exited", message: "killed" });
  });

  test("stopPodSandbox() ends the sandbox of a container that cannot be stopped, and the container with it", async () => {
    const id = await sandbox();
    engineSandbox.creating.resolve();
    const container = await runtime.createContainer(id, containerConfig);
    await runtime.startContainer(container);
    await runtime.stopPodSandbox(id);
    expect(engineSandbox.killed).toBe(true);
    expect(await runtime.containerStatus(container)).toMatchObject({ state: "exited", exitCode: 137 });
  });
});

describe("WasmRuntime's limits of a sandbox", () => {
  const resources = { cpuLimitMillis: 1000, memoryLimitBytes: 300 };
  const limited = () => runtime.runPodSandbox({ ...sandboxConfig, resources });
  const has = async (id: string) => (await runtime.podSandboxStatus(id)).resources;

  test("updatePodSandboxResources() changes what it names and leaves the rest", async () => {
    const id = await limited();
    const asked: object[] = [];
    engineSandbox.updateLimits = async (limits) => void asked.push(limits);
    await runtime.updatePodSandboxResources(id, { memoryLimitBytes: 400 });
    expect(asked).toEqual([{ memoryLimitBytes: 400 }]);
    expect(await has(id)).toEqual({ cpuLimitMillis: 1000, memoryLimitBytes: 400 });
  });

  test("updatePodSandboxResources() leaves all where the guests have no room, and says so", async () => {
    const id = await limited();
    engineSandbox.updateLimits = () =>
      Promise.reject(Object.assign(new Error("350 are in use"), { code: "ResourceExhausted" }));
    await expect(runtime.updatePodSandboxResources(id, { memoryLimitBytes: 200 })).rejects.toMatchObject({
      code: "ResourceExhausted",
      message: `Cannot change the limits of sandbox "${id}": 350 are in use`,
    });
    expect(await has(id)).toEqual(resources);
  });

  test("updatePodSandboxResources() goes well on a node that may make no groups", async () => {
    const id = await limited();
    engineSandbox.updateLimits = () =>
      Promise.reject(Object.assign(new Error("no cgroup"), { code: "FailedPrecondition" }));
    await runtime.updatePodSandboxResources(id, { cpuLimitMillis: 500 });
    expect(await has(id)).toEqual({ ...resources, cpuLimitMillis: 500 });
  });

  test("updateContainerResources() and another instance of a container leave them alone (they once followed)", async () => {
    const id = await limited();
    engineSandbox.updateLimits = () => Promise.reject(new Error("not asked for"));
    engineSandbox.creating.resolve();
    const container = await runtime.createContainer(id, { ...containerConfig, resources: { cpuLimitMillis: 100 } });
    await runtime.updateContainerResources(container, { cpuLimitMillis: 200 });
    await runtime.createContainer(id, { ...containerConfig, attempt: 1, resources: { cpuLimitMillis: 900 } });
    expect(await has(id)).toEqual(resources);
  });
});

describe("WasmRuntime's addresses of pods", () => {
  const port = (more: object = {}) => ({
    protocol: "TCP" as const,
    containerPort: 80,
    hostPort: 0,
    hostIp: "",
    ...more,
  });
  const run = (...ports: ReturnType<typeof port>[]) => runtime.runPodSandbox({ ...sandboxConfig, portMappings: ports });
  const ips = async (id: string) => (await runtime.podSandboxStatus(id)).ips;

  test("are given with the sandbox and taken back when it stops, or cannot be made", async () => {
    const first = await run(port());
    expect(await ips(first)).toEqual(["127.40.0.2"]);
    expect(await ips(await run())).toEqual([]);
    startError = new Error("no processes left");
    for (let count = 0; count < 10; count++) await expect(run(port())).rejects.toThrow("no processes left");
    startError = undefined;
    for (let count = 0; count < 4; count++) await run(port());
    await expect(run(port())).rejects.toThrow(
      "Cannot give the pod an address: all 5 of the pod range 127.40.0.0/29 are in use",
    );
    await runtime.stopPodSandbox(first);
    expect(await ips(first)).toEqual([]);
    expect(await ips(await run(port()))).toEqual(["127.40.0.2"]);
  });

  test("host ports for other protocols than TCP are refused", async () => {
    const udp = { ...port({ hostPort: 53 }), protocol: "UDP" as "TCP" };
    await expect(run(udp)).rejects.toThrow(
      'pod "n/p": hostPort 53 is for UDP, a WebAssembly guest listens on TCP only',
    );
  });

  test("createContainer() gives the guest its sockets, and refuses a port of the node's address that is taken", async () => {
    const hosted = { ...sandboxConfig, hostNetwork: true };
    const [first, second] = [await runtime.runPodSandbox(hosted), await runtime.runPodSandbox(hosted)];
    const config = { ...containerConfig, ports: [{ name: "http", ...port() }] };
    engineSandbox.creating.resolve();
    const container = await runtime.createContainer(second, config);
    expect(engineSandbox.sockets).toEqual([{ name: "http", listen: [{ address: "192.0.2.1", port: 80 }] }]);
    const clash =
      'Cannot create container "c": ports[0].containerPort is 80, and container "c" of pod "n/p" listens on 192.0.2.1:80 already';
    await expect(runtime.createContainer(first, config)).rejects.toThrow(clash);
    engineSandbox.guest = "exited";
    await runtime.stopContainer(container, 0);
    await expect(runtime.createContainer(second, config)).resolves.toBeTypeOf("string");
  });
});

test("openWasmRuntime() names the file when its state is damaged", async () => {
  const stateDirectory = join(directory, "damaged");
  mkdirSync(stateDirectory);
  writeFileSync(join(stateDirectory, "runtime.db"), "not a database, but long enough to look like one to nobody");
  const opening = openWasmRuntime({ stateDirectory, engine: {} as Engine, images: {} as ModuleImages, version: "0" });
  await expect(opening).rejects.toThrow(/Cannot open runtime state ".*damaged\/runtime.db": file is not a database/);
});
