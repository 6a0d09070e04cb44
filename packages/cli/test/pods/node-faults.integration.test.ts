import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { resources } from "@wherry/client";
import {
  LoggedProcess,
  nodeAddress,
  type TestControlPlane,
  TestNode,
  type TestNodeOptions,
  wherryProgram,
  workloadKit,
} from "@wherry/testkit";
import { describe, expect, test } from "vitest";
import { memoryDirectoryPath } from "../../src/node/memory-directory.ts";
import { sharedCluster } from "./shared-cluster.ts";

const cluster = sharedCluster({ furtherNodes: ["node-2", "node-3", "node-4"] });

/** What a node says that cannot start. */
async function failureOf(node: TestNode): Promise<{ code: number | undefined; text: string }> {
  const child = await node.launch();
  const { code } = await child.exited;
  return { code, text: child.tail() };
}

async function anotherNode(name: string, options: Partial<TestNodeOptions> = {}): Promise<TestNode> {
  const { directory, plane } = cluster();
  return new TestNode({ directory: await mkdtemp(join(directory, "other-")), plane, name, ...options });
}

describe.concurrent("a node that cannot start", () => {
  test("says that another kubelet uses its name, and leaves that one alone", async () => {
    await using second = await anotherNode("node-1");
    const { code, text } = await failureOf(second);
    expect(code).toBe(1);
    expect(text).toMatch(/error: Cannot run as node "node-1": another kubelet \(instance \S+\) is renewing its lease/);
    expect(text).toContain("--hostname-override");
    expect(cluster().node.process.running).toBe(true);
    await cluster().createPod("undisturbed", ["exit", "0"], { nodeName: "node-1" });
    await cluster().observer.untilPhase("undisturbed", "Succeeded");
  });

  test("says that another process runs pods from its directory, and leaves those alone", async () => {
    const { node, observer } = cluster();
    await cluster().createPod("not-mine", ["hold"], { nodeName: "node-1" });
    const pod = await observer.untilPhase("not-mine", "Running");
    const { pid } = node.hostOf(pod);
    // Not to be disposed of: that would end what is in the other's directory.
    const { code, text } = await failureOf(await anotherNode("node-2", { rootDirectory: node.rootDirectory }));
    expect(code).toBe(1);
    expect(text).toMatch(/error: Cannot open runtime state ".*": another process runs pods from this directory/);
    expect(node.hostOf(pod).pid).toBe(pid);
    expect(observer.pod("not-mine")?.status).toEqual(pod.status);
  });

  test("leaves what a node without pods has in memory to that one", async () => {
    await using idle = await anotherNode("node-4");
    await idle.start();
    const memory = memoryDirectoryPath(idle.rootDirectory);
    expect(existsSync(memory)).toBe(true);
    const { code } = await failureOf(await anotherNode("node-2", { rootDirectory: idle.rootDirectory }));
    expect(code).toBe(1);
    expect(existsSync(memory)).toBe(true);
  });

  test("says that its port is in use", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, nodeAddress(), resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    await using node = await anotherNode("node-2", { flags: [`--port=${port}`] });
    const { code, text } = await failureOf(node);
    server.close();
    expect(code).toBe(1);
    expect(text).toMatch(new RegExp(`error: Cannot .*${nodeAddress()}.*${port}.* in use`));
    expect(text).toContain("--port");
  });

  test("says that its directory cannot be written", async () => {
    // Not even root may make a directory there.
    await using node = await anotherNode("node-2", { rootDirectory: "/proc/wherry" });
    const { code, text } = await failureOf(node);
    expect(code).toBe(1);
    expect(text).toMatch(/^error: Cannot use --root-dir "\/proc\/wherry": ENOENT: .* this user can write to$/);
  });

  test("says which field of its configuration is wrong", async () => {
    await using node = await anotherNode("node-2", { configuration: { maxPods: -1 } });
    const { code, text } = await failureOf(node);
    expect(code).toBe(1);
    expect(text).toMatch(/error: Cannot use the kubelet configuration of the file ".*": maxPods: is -1/);
  });

  test("says that its kubeconfig is missing or no kubeconfig", async () => {
    const bad = join(cluster().directory, "bad.kubeconfig");
    await writeFile(bad, "clusters: 3\n");
    for (const [path, message] of [
      ["/no/such/file", /error: Cannot load a kubeconfig: \/no\/such\/file does not exist/],
      [bad, /error: .*bad\.kubeconfig.*clusters/s],
    ] as const) {
      const child = await LoggedProcess.start({
        name: "wherry kubelet",
        logPath: join(cluster().directory, "bad.log"),
        ...wherryProgram("kubelet", `--kubeconfig=${path}`, "--root-dir", join(cluster().directory, "bad-root")),
      });
      expect((await child.exited).code).toBe(1);
      expect(child.tail()).toMatch(message);
    }
  });
});

describe.concurrent("a node that cannot reach its API server", () => {
  test.each([
    ["is not there", "https://127.0.0.1:1", /Cannot connect to 127\.0\.0\.1:1: connect ECONNREFUSED/],
    ["does not know it", undefined, /Cannot get leases .*kube-node-lease\/node-2.*: Unauthorized/],
  ])("which %s says so, tries again, and ends when it is told to", async (_, server, message) => {
    const { plane } = cluster();
    const directory = await mkdtemp(join(cluster().directory, "unreachable-"));
    const kubeconfig = join(directory, "kubeconfig");
    const document = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "test",
      clusters: [{ name: "test", cluster: { server: server ?? plane.url, "insecure-skip-tls-verify": true } }],
      users: [{ name: "test", user: { token: "unknown" } }],
      contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    };
    await writeFile(kubeconfig, JSON.stringify(document));
    const own: TestControlPlane = { ...plane, nodeKubeconfig: async () => kubeconfig };
    await using node = new TestNode({ directory, plane: own, name: "node-2" });
    const child = await node.launch();
    await child.line("why", (line) => (message.test(line) ? true : undefined));
    expect(await child.stop("SIGTERM")).toEqual({ code: 0, signal: undefined });
  });
});

/** A section that says nothing and takes room: what a module is made bigger by. */
function customSection(sizeBytes: number): Buffer {
  const length = [sizeBytes & 0x7f, (sizeBytes >> 7) & 0x7f, (sizeBytes >> 14) & 0x7f, sizeBytes >> 21];
  const leb = length.map((byte, index) => (index < 3 ? byte | 0x80 : byte));
  const content = randomBytes(sizeBytes);
  content.set([1, 0x78]);
  return Buffer.concat([Buffer.from([0, ...leb]), content]);
}

/** As the kernel says it, or SQLite. */
const noRoom = /no space (is )?left|disk is full/;

const mayMount = process.getuid?.() === 0 && process.platform === "linux";
if (!mayMount) console.log("node-faults: a full disk needs root, to mount a small file system");

describe.skipIf(!mayMount).concurrent("a full disk", () => {
  test("is told by the pod and the node, and pods start when there is room again", async () => {
    const { directory, observer } = cluster();
    const rootDirectory = join(directory, "small");
    await mkdir(rootDirectory, { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", rootDirectory]);
    try {
      await using node = await anotherNode("node-3", { rootDirectory });
      await node.start();
      const ballast = join(rootDirectory, "ballast");
      const image = cluster().addModule(
        "big",
        Buffer.concat([await readFile(await workloadKit()), customSection(2_000_000)]),
      );
      await expect(writeFile(ballast, Buffer.alloc(32 << 20))).rejects.toThrow("ENOSPC");
      const spec = { nodeName: "node-3", automountServiceAccountToken: false };
      await cluster().createPod("no-room", { image, args: ["print", "there is room"] }, spec);
      await observer.untilEvent("no-room", "FailedCreatePodSandBox", noRoom);
      // Room for what the node notes of a pod, not for the image.
      const { size } = await stat(ballast);
      await truncate(ballast, size - (1 << 20));
      await observer.untilEvent("no-room", "Failed", noRoom);
      await rm(ballast);
      await observer.untilPhase("no-room", "Succeeded");
      expect(await cluster().log("no-room")).toBe("there is room\n");
      expect(node.process.running).toBe(true);
    } finally {
      execFileSync("umount", ["--lazy", rootDirectory]);
    }
  });
});

test("a node whose object is deleted registers again, and its pods go on", async () => {
  const { client, observer } = cluster();
  await cluster().createPod("steadfast", ["hold"], { restartPolicy: "Always", nodeName: "node-1" });
  const pod = await observer.untilPhase("steadfast", "Running");
  const uid = observer.node("node-1")?.metadata?.uid;
  await client.delete(resources.nodes, "node-1");
  await observer.untilNode("node-1", "another object that is Ready", (node) => {
    const ready = node.status?.conditions?.find(({ type }) => type === "Ready");
    return node.metadata?.uid !== uid && ready?.status === "True";
  });
  await cluster().createPod("next", ["exit", "0"], { nodeName: "node-1" });
  await observer.untilPhase("next", "Succeeded");
  expect(observer.pod("steadfast")?.status?.containerStatuses).toEqual(pod.status?.containerStatuses);
});
