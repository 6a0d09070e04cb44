import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPreview1, wasm } from "../src/index.ts";
import { collector } from "./guest-driver.ts";

/** A compiler of guests that may be absent. */
export interface GuestCompiler {
  readonly language: string;
  /** Why it cannot be used here. */
  readonly missing: string | undefined;
  /** Compiles a file or package of `guests/` to `output`. */
  compile(source: string, output: string): void;
}

const guests = join(import.meta.dirname, "guests");
const rustc = process.env["WHERRY_RUSTC"] ?? "rustc";

export const compilers: Readonly<Record<"c" | "rust" | "go", GuestCompiler>> = {
  c: {
    language: "C",
    missing: absent("clang", ["--version"]) ?? absentPath("/usr/lib/wasm32-wasi/crt1.o", "wasi-libc is not installed"),
    compile: (source, output) =>
      run("clang", ["--target=wasm32-wasi", "--sysroot=/usr", "-O1", "-Wno-unused-result", "-o", output, source]),
  },
  rust: {
    language: "Rust",
    missing:
      absent(rustc, ["--version"]) ??
      absent(rustc, ["--print", "target-libdir", "--target", "wasm32-wasi"]) ??
      absentPath(rustLibrary(), `${rustc} has no standard library for wasm32-wasi`),
    compile: (source, output) => run(rustc, ["--target", "wasm32-wasi", "-O", "-o", output, source]),
  },
  go: {
    language: "Go",
    missing: absent("go", ["version"]),
    compile: (source, output) =>
      run("go", ["build", "-C", source, "-o", output, "."], { GOOS: "wasip1", GOARCH: "wasm" }),
  },
};

/** The reference host to compare with, from `WHERRY_WASMTIME` or `PATH`. */
export const wasmtime: string = process.env["WHERRY_WASMTIME"] ?? "wasmtime";
export const wasmtimeMissing: string | undefined = absent(wasmtime, ["--version"]);

/** The reason, printed once, for which tests are skipped. */
export function skipReason(subject: string, ...reasons: (string | undefined)[]): string | undefined {
  const reason = reasons.find((text) => text !== undefined);
  if (reason !== undefined) console.warn(`Skipping ${subject}: ${reason}`);
  return reason;
}

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

function absent(command: string, args: readonly string[]): string | undefined {
  const { error, status } = spawnSync(command, args, { stdio: "ignore" });
  if (error !== undefined) return `${command} is not installed`;
  return status === 0 ? undefined : `${command} ${args.join(" ")} fails`;
}

function absentPath(path: string, reason: string): string | undefined {
  return spawnSync("test", ["-e", path]).status === 0 ? undefined : reason;
}

function rustLibrary(): string {
  return (
    spawnSync(rustc, ["--print", "target-libdir", "--target", "wasm32-wasi"], { encoding: "utf8" }).stdout?.trim() ?? ""
  );
}

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  const result = spawnSync(command, args, { encoding: "utf8", env: { ...process.env, ...env } });
  if (result.status !== 0) throw new Error(`${command} failed: ${result.stderr}${result.error ?? ""}`);
}
