import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createControlPlane } from "../src/index.ts";
import { ApiClient } from "./api-client.ts";
import { startPlane } from "./test-plane.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "wherry-lifecycle-"));
});

afterEach(() => {
  chmodSync(directory, 0o700);
  rmSync(directory, { recursive: true, force: true });
});

const configMaps = "/api/v1/namespaces/default/configmaps";

interface Program {
  readonly child: ChildProcess;
  readonly admin: ApiClient;
}

/** A control plane in a process of its own, so that it can be killed. */
async function startProgram(): Promise<Program> {
  const program = `
    import { createControlPlane } from ${JSON.stringify(join(import.meta.dirname, "../src/index.ts"))};
    const plane = createControlPlane({ stateDirectory: ${JSON.stringify(directory)} });
    const { kubeconfigPath } = await plane.start();
    console.log(kubeconfigPath);
  `;
  const file = join(directory, "program.ts");
  writeFileSync(file, program);
  const child = spawn(process.execPath, ["--conditions=@wherry/source", file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output] = (await once(child.stdout as NonNullable<typeof child.stdout>, "data")) as [Buffer];
  return { child, admin: new ApiClient(output.toString().trim()) };
}

describe("createControlPlane()", () => {
  test("keeps state, identities and watch positions over a restart", async () => {
    const first = await startPlane({ stateDirectory: directory });
    const { body } = await first.admin.post(configMaps, { metadata: { name: "kept" }, data: { a: "b" } });
    await first.admin.patch(`${configMaps}/kept`, { data: { a: "c" } });
    const kubeconfig = await first.plane.nodeKubeconfig("n1");
    await using oldNode = new ApiClient(kubeconfig);
    expect((await oldNode.get("/api")).code).toBe(200);
    await first[Symbol.asyncDispose]();
    await using second = await startPlane({ stateDirectory: directory });
    expect((await second.admin.get(`${configMaps}/kept`)).body.data).toEqual({ a: "c" });
    using watch = await second.admin.watch(`${configMaps}?resourceVersion=${body.metadata.resourceVersion}`);
    expect(await watch.next()).toMatchObject({ type: "MODIFIED", object: { data: { a: "c" } } });
    const { readFileSync } = await import("node:fs");
    const token = JSON.parse(readFileSync(kubeconfig, "utf8")).users[0].user.token;
    await using node = new ApiClient(second.kubeconfigPath, token);
    expect((await node.get("/api")).code).toBe(200);
  });

  test("loses nothing that was acknowledged when it is killed", async () => {
    const first = await startProgram();
    const acknowledged: string[] = [];
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let index = 0; ; index++) {
        const name = `w${writer}-${index}`;
        const { code } = await first.admin.post(configMaps, { metadata: { name } });
        if (code === 201) acknowledged.push(name);
        if (acknowledged.length === 150) first.child.kill("SIGKILL");
      }
    });
    await Promise.allSettled(writers);
    await using second = await startPlane({ stateDirectory: directory });
    const { body } = await second.admin.get(configMaps);
    const found = new Set(body.items.map((item: { metadata: { name: string } }) => item.metadata.name));
    expect(acknowledged.length).toBeGreaterThanOrEqual(150);
    expect(acknowledged.filter((name) => !found.has(name))).toEqual([]);
    const revisions = body.items.map((item: { metadata: { resourceVersion: string } }) =>
      Number(item.metadata.resourceVersion),
    );
    expect(Number(body.metadata.resourceVersion)).toBeGreaterThanOrEqual(Math.max(...revisions));
    await first.admin[Symbol.asyncDispose]();
  });

  test("says which port is in use", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const plane = createControlPlane({ stateDirectory: directory, port });
    await expect(plane.start()).rejects.toMatchObject({
      code: "ADDRESS_IN_USE",
      message: expect.stringContaining(`port ${port} of 127.0.0.1 is in use`),
    });
    await expect(plane.ready).rejects.toMatchObject({ code: "ADDRESS_IN_USE" });
    await plane.stop();
    server.close();
    const again = createControlPlane({ stateDirectory: directory });
    await again.start();
    await again.stop();
  });

  test("says when its state directory cannot be used", async () => {
    const file = join(directory, "file");
    writeFileSync(file, "");
    const plane = createControlPlane({ stateDirectory: join(file, "state") });
    await expect(plane.start()).rejects.toMatchObject({
      code: "STATE_DIRECTORY_UNUSABLE",
      message: expect.stringContaining(`Cannot use state directory "${join(file, "state")}"`),
    });
  });

  test("says when another one has its state directory", async () => {
    await using _first = await startPlane({ stateDirectory: directory });
    const second = createControlPlane({ stateDirectory: directory });
    await expect(second.start()).rejects.toMatchObject({ code: "STATE_DIRECTORY_IN_USE" });
  });

  test("run() ends when told to, with watches open", async () => {
    const plane = createControlPlane({ stateDirectory: directory });
    const controller = new AbortController();
    const running = plane.run(controller.signal);
    const { kubeconfigPath } = await plane.ready;
    await using client = new ApiClient(kubeconfigPath);
    using watch = await client.watch(`${configMaps}?resourceVersion=1`);
    controller.abort();
    await running;
    await watch.find(() => false).catch(() => undefined);
  });

  test("nodeKubeconfig() refuses names that are none", async () => {
    const plane = createControlPlane({ stateDirectory: directory });
    await expect(plane.nodeKubeconfig("n1")).rejects.toMatchObject({ code: "NOT_STARTED" });
    await plane.start();
    await expect(plane.nodeKubeconfig("../escape")).rejects.toMatchObject({ code: "INVALID_NODE_NAME" });
    await plane.stop();
  });
});
