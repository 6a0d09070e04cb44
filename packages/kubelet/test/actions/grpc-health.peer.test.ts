import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { grpcHealth } from "../../src/actions/grpc-health.ts";

const missing = spawnSync("go", ["version"]).status === 0 ? undefined : "go is not installed";
if (missing !== undefined) console.log(`Skipping the tests against a health service in Go: ${missing}`);

describe.skipIf(missing !== undefined)("grpcHealth() and grpc-go", () => {
  const directory = mkdtempSync(join(tmpdir(), "wherry-go-health-"));
  const cleanup = new DisposableStack();
  let healthy = 0;
  let bare = 0;

  beforeAll(async () => {
    const peer = join(directory, "go-health-server");
    const cwd = join(import.meta.dirname, "go-health-server");
    execFileSync("go", ["build", "-o", peer, "."], { cwd, stdio: "inherit" });
    const child = spawn(peer, { stdio: ["pipe", "pipe", "inherit"] });
    cleanup.defer(() => void child.kill());
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    [healthy = 0, bare = 0] = String(line).trim().split(" ").map(Number);
  });

  afterAll(() => {
    cleanup.dispose();
    rmSync(directory, { recursive: true, force: true });
  });

  const check = (port: number, service: string) =>
    grpcHealth(
      { host: "127.0.0.1", port, service, userAgent: "kube-probe/1.36" },
      { timeoutMs: 10_000, signal: AbortSignal.timeout(10_000) },
    );

  test("grpcHealth() learns the status of a service", async () => {
    expect(await check(healthy, "")).toBe("SERVING");
    expect(await check(healthy, "up")).toBe("SERVING");
    expect(await check(healthy, "down")).toBe("NOT_SERVING");
  });

  test("grpcHealth() says what the server says of a service it does not know", async () => {
    await expect(check(healthy, "stranger")).rejects.toThrow(
      "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service",
    );
  });

  test("grpcHealth() says of a server without a health service what upstream says", async () => {
    await expect(check(bare, "")).rejects.toThrow(
      "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown service grpc.health.v1.Health",
    );
  });

  test("grpcHealth() can be called many times at once", async () => {
    const statuses = await Promise.all(Array.from({ length: 100 }, () => check(healthy, "up")));
    expect(new Set(statuses)).toEqual(new Set(["SERVING"]));
  });
});
