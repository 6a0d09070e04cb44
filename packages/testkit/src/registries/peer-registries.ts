import { type ChildProcess, execFile, spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../processes/free-port.ts";

const execFileAsync = promisify(execFile);

/** Finds a program by an environment variable, if one is given, or on the PATH; undefined when it is not there. */
export function findProgram(variable: string | undefined, name: string): string | undefined {
  const candidates = [
    variable === undefined ? undefined : process.env[variable],
    ...(process.env["PATH"] ?? "").split(delimiter).map((directory) => join(directory, name)),
  ];
  return candidates.find((path) => {
    if (path === undefined || path === "") return false;
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export interface RunningRegistry extends AsyncDisposable {
  readonly host: string;
}

/** `crane registry serve` on a free port. */
export async function startCraneRegistry(crane: string): Promise<RunningRegistry> {
  const child = spawn(crane, ["registry", "serve", "--address", "127.0.0.1:0"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const port = await waitForOutput(child, /serving on port ([0-9]+)/);
  return { host: `127.0.0.1:${port}`, [Symbol.asyncDispose]: () => stop(child) };
}

/** Debian's `docker-registry` (distribution) on a free port, with its storage in a temporary directory. */
export async function startDockerRegistry(program: string): Promise<RunningRegistry> {
  const directory = mkdtempSync(join(tmpdir(), "wherry-registry-"));
  // docker-registry 2.8 does not print which port it took for port 0.
  const port = await freePort();
  const config = join(directory, "config.yml");
  writeFileSync(
    config,
    `version: 0.1\nlog: {level: info}\nstorage: {filesystem: {rootdirectory: ${directory}/data}}\nhttp: {addr: "127.0.0.1:${port}"}\n`,
  );
  const child = spawn(program, ["serve", config], { stdio: ["ignore", "ignore", "pipe"] });
  await waitForOutput(child, /listening on ([^"]+)/);
  return {
    host: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      await stop(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Runs crane and answers what it printed. */
export async function runCrane(crane: string, ...parameters: string[]): Promise<string> {
  const { stdout } = await execFileAsync(crane, parameters, { maxBuffer: 16 * 1024 * 1024 });
  return stdout;
}

function waitForOutput(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      const match = pattern.exec(output);
      if (match !== null) resolve(match[1] ?? "");
    });
    child.on("error", reject);
    child.on("exit", () => reject(new Error(`ended early: ${output}`)));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  await ended;
}
