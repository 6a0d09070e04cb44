import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createEngine,
  type Engine,
  type EngineOptions,
  type GuestSpec,
  type Sandbox,
  type SandboxRequest,
} from "@wherry/engine";
import { onTestFinished } from "vitest";
import { engineOptions } from "./engine-options.ts";
import { guests, writeGuest } from "./wat.ts";

/** A new directory that goes away with the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "wherry-engine-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export interface TestPod {
  readonly engine: Engine;
  readonly sandbox: Sandbox;
  readonly directory: string;
  /** A specification with the named guest, to be adapted. */
  spec(name: keyof typeof guests, changes?: Partial<GuestSpec>): Promise<GuestSpec>;
  /** Creates and starts a guest. */
  run(name: keyof typeof guests, changes?: Partial<GuestSpec>): Promise<GuestSpec>;
  /** The lines of a guest's log, without timestamps. */
  log(id?: string): string[];
}

/** An engine and a sandbox that end with the test. */
export async function startPod(
  options: Partial<EngineOptions> = {},
  request: Partial<SandboxRequest> = {},
): Promise<TestPod> {
  const directory = temporaryDirectory();
  const engine = createEngine({ ...engineOptions(directory), ...options });
  const sandbox = await engine.createSandbox({ id: "pod", ...request });
  onTestFinished(() => sandbox.shutdown());
  return podOf(engine, sandbox, directory);
}

export function podOf(engine: Engine, sandbox: Sandbox, directory: string): TestPod {
  mkdirSync(join(directory, "log"), { recursive: true });
  const logPath = (guest: string) => join(directory, "log", `${guest}.log`);
  const spec: TestPod["spec"] = async (name, changes = {}) => {
    const guest = changes.id ?? "main";
    return {
      id: guest,
      modulePath: await writeGuest(join(directory, `${encodeURIComponent(guest)}-${name}.wasm`), guests[name]),
      args: [name],
      env: {},
      mounts: [],
      sockets: [],
      logPath: logPath(guest),
      stdin: false,
      stdinOnce: false,
      workingDir: "",
      ...changes,
    };
  };
  return {
    engine,
    sandbox,
    directory,
    spec,
    async run(name, changes) {
      const wanted = await spec(name, changes);
      await sandbox.createGuest(wanted);
      await sandbox.startGuest(wanted.id);
      return wanted;
    },
    log: (guest = "main") => readLog(logPath(guest)),
  };
}

/** Lines of a CRI log without their timestamps; empty when there is no file. */
export function readLog(path: string): string[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /, ""));
}

/** Resolves when `condition` holds; fails after ten seconds. */
export async function eventually(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Waited ten seconds for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
