import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** A compiler of guests for WASI preview 1 that may be absent. */
export interface GuestCompiler {
  readonly language: string;
  /** Why it cannot be used here. */
  readonly missing: string | undefined;
  /** Compiles a file, or for Go the package of a directory, to `output`; throws with the compiler's words. */
  compile(source: string, output: string): void;
}

export type GuestLanguage = "c" | "rust" | "go";

/**
 * Looks for the compilers of the machine: clang with wasi-libc, rustc (or `WHERRY_RUSTC`) with the library of wasm32-wasi, Go.
 *
 * Starts each of them once to ask what it can do.
 */
export function findGuestCompilers(): Readonly<Record<GuestLanguage, GuestCompiler>> {
  const rustc = process.env["WHERRY_RUSTC"] ?? "rustc";
  return {
    c: {
      language: "C",
      missing:
        absent("clang", ["--version"]) ?? absentPath("/usr/lib/wasm32-wasi/crt1.o", "wasi-libc is not installed"),
      compile: (source, output) =>
        run("clang", ["--target=wasm32-wasi", "--sysroot=/usr", "-O1", "-Wno-unused-result", "-o", output, source]),
    },
    rust: {
      language: "Rust",
      missing:
        absent(rustc, ["--version"]) ??
        absent(rustc, ["--print", "target-libdir", "--target", "wasm32-wasi"]) ??
        absentPath(rustLibrary(rustc), `${rustc} has no standard library for wasm32-wasi`),
      compile: (source, output) => run(rustc, ["--target", "wasm32-wasi", "-O", "-o", output, source]),
    },
    go: {
      language: "Go",
      missing: absent("go", ["version"]),
      compile: (source, output) =>
        run("go", ["build", "-C", source, "-o", output, "."], { GOOS: "wasip1", GOARCH: "wasm" }),
    },
  };
}

/** The first reason not to test `subject`, printed so that no skip is silent. */
export function skipReason(subject: string, ...reasons: (string | undefined)[]): string | undefined {
  const reason = reasons.find((text) => text !== undefined);
  if (reason !== undefined) console.warn(`Skipping ${subject}: ${reason}`);
  return reason;
}

/** Why `command` cannot be run with `args`; undefined when it can. */
export function absent(command: string, args: readonly string[]): string | undefined {
  const { error, status } = spawnSync(command, args, { stdio: "ignore" });
  if (error !== undefined) return `${command} is not installed`;
  return status === 0 ? undefined : `${command} ${args.join(" ")} fails`;
}

function absentPath(path: string, reason: string): string | undefined {
  return existsSync(path) ? undefined : reason;
}

function rustLibrary(rustc: string): string {
  const { stdout } = spawnSync(rustc, ["--print", "target-libdir", "--target", "wasm32-wasi"], { encoding: "utf8" });
  return stdout?.trim() ?? "";
}

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  const result = spawnSync(command, args, { encoding: "utf8", env: { ...process.env, ...env } });
  if (result.status !== 0) throw new Error(`${command} failed: ${result.stderr}${result.error ?? ""}`);
}
