import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  absent,
  findGuestCompilers,
  type GuestCompiler,
  type GuestLanguage,
} from "../../testkit/src/modules/guest-compilers.ts";
import { createPreview1, wasm } from "../src/index.ts";
import { collector } from "./guest-driver.ts";

const guests = join(import.meta.dirname, "guests");

export const compilers: Readonly<Record<GuestLanguage, GuestCompiler>> = findGuestCompilers();

/** The reference host to compare with, from `WHERRY_WASMTIME` or `PATH`. */
export const wasmtime: string = process.env["WHERRY_WASMTIME"] ?? "wasmtime";
export const wasmtimeMissing: string | undefined = absent(wasmtime, ["--version"]);

export interface GuestRun {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
}

export interface Outcome {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a guest in Wherry's host, with an empty directory as `/data` and as `/`. */
export async function runHere(module: string, guest: GuestRun, guestPath: string): Promise<Outcome> {
  const scratch = mkdtempSync(join(tmpdir(), "wherry-peer-"));
  const [stdout, stderr] = [collector(), collector()];
  const input = [Buffer.from(guest.stdin)];
  try {
    const host = createPreview1({
      args: ["guest", ...guest.args],
      env: guest.env,
      stdin: { read: () => input.shift() ?? new Uint8Array(0) },
      stdout,
      stderr,
      preopens: [{ guestPath, hostPath: scratch }],
    });
    const instance = new wasm.Instance(new wasm.Module(readFileSync(module)), host.imports);
    const status = await host.start(instance);
    const code = status.kind === "exited" ? status.code : status.trap;
    return { code, stdout: stdout.text, stderr: stderr.text };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Runs a guest in wasmtime, likewise. */
export function runInWasmtime(module: string, guest: GuestRun, guestPath: string): Outcome {
  const scratch = mkdtempSync(join(tmpdir(), "wherry-peer-"));
  const env = Object.entries(guest.env).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
  try {
    const result = spawnSync(
      wasmtime,
      ["run", "--dir", `${scratch}::${guestPath}`, ...env, "--argv0", "guest", module, ...guest.args],
      { input: guest.stdin, encoding: "utf8" },
    );
    return { code: result.status ?? String(result.signal), stdout: result.stdout, stderr: result.stderr };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The path of a guest's source. */
export function guestSource(name: string): string {
  return join(guests, name);
}
