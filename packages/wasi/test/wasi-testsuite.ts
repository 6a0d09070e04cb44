import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { createPreview1, type ExitStatus, inspectModule, type Preopen, wasm } from "../src/index.ts";
import { collector } from "./guest-driver.ts";

/** One test of a directory laid out like the public WASI test suite: `NAME.wasm`, and `NAME.json` unless all is default. */
export interface SuiteCase {
  readonly name: string;
  readonly module: string;
}

export interface CaseResult {
  readonly status: ExitStatus;
  readonly stdout: string;
  readonly stderr: string;
  /** What was expected otherwise; empty for a test that passed. */
  readonly failures: readonly string[];
}

/** What a test's JSON file says, in the suite's own words. */
interface CaseFile {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Directories beside the test, preopened under their own names. */
  readonly dirs?: readonly string[];
  /** A directory beside the test, preopened as `/`. */
  readonly root?: string;
  readonly exit_code?: number;
  readonly stdout?: string;
  readonly stderr?: string;
  /** The newer form: a dialogue. */
  readonly operations?: readonly (CaseFile & {
    readonly type: string;
    readonly id?: string;
    readonly payload?: string;
  })[];
}

/** All tests beneath `directory` that are core modules importing nothing but preview 1. */
export function findCases(directory: string): SuiteCase[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".wasm"))
    .map((path) => ({ name: path.slice(0, -".wasm".length), module: join(directory, path) }))
    .filter(({ module }) => isPreview1(module))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function isPreview1(path: string): boolean {
  const { kind, unknownImports, entry } = inspectModule(readFileSync(path));
  return kind === "module" && unknownImports.length === 0 && entry === "command";
}

/** Runs one test on fresh copies of its directories. */
export async function runCase(suiteCase: SuiteCase): Promise<CaseResult> {
  const expected = readCaseFile(suiteCase.module);
  const scratch = mkdtempSync(join(tmpdir(), "wherry-suite-"));
  const [stdout, stderr] = [collector(), collector()];
  const input = [Buffer.from(expected.stdin)];
  try {
    const host = createPreview1({
      args: [basename(suiteCase.module), ...expected.args],
      env: expected.env,
      stdin: { read: () => input.shift() ?? new Uint8Array(0) },
      stdout,
      stderr,
      preopens: expected.preopens.map((preopen) => copied(preopen, scratch)),
    });
    const module = new wasm.Module(readFileSync(suiteCase.module));
    const status = await host.start(new wasm.Instance(module, host.imports));
    const result = { status, stdout: stdout.text, stderr: stderr.text };
    return { ...result, failures: failuresOf(result, expected) };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface Expectation {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly preopens: readonly Preopen[];
  readonly stdin: string;
  readonly exitCode: number;
  readonly stdout: string | undefined;
  readonly stderr: string | undefined;
}

function readCaseFile(module: string): Expectation {
  const path = module.replace(/\.wasm$/, ".json");
  const file: CaseFile = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as CaseFile) : {};
  const operations = file.operations ?? [];
  const run = operations.find(({ type }) => type === "run") ?? file;
  const wait = operations.find(({ type }) => type === "wait") ?? file;
  const said = (type: string, id: string) => {
    const payloads = operations.filter((operation) => operation.type === type && operation.id === id);
    return payloads.length === 0 ? undefined : payloads.map(({ payload }) => payload ?? "").join("");
  };
  const beside = (name: string) => join(dirname(module), name);
  const dirs = (run.dirs ?? []).map((dir) => ({ guestPath: basename(dir), hostPath: beside(dir) }));
  const root = run.root === undefined ? [] : [{ guestPath: "/", hostPath: beside(run.root) }];
  return {
    args: run.args ?? [],
    env: run.env ?? {},
    preopens: [...root, ...dirs],
    stdin: said("write", "stdin") ?? "",
    exitCode: wait.exit_code ?? 0,
    stdout: said("read", "stdout") ?? file.stdout,
    stderr: said("read", "stderr") ?? file.stderr,
  };
}

function copied(preopen: Preopen, scratch: string): Preopen {
  const target = join(scratch, relative("/", join("/", preopen.guestPath)) || "root");
  mkdirSync(target, { recursive: true });
  if (preopen.hostPath !== undefined && existsSync(preopen.hostPath)) {
    cpSync(preopen.hostPath, target, { recursive: true, verbatimSymlinks: true });
  }
  return { ...preopen, hostPath: target };
}

function failuresOf(result: Omit<CaseResult, "failures">, expected: Expectation): string[] {
  const failures: string[] = [];
  const { status, stdout, stderr } = result;
  if (status.kind === "trapped") failures.push(`trapped: ${status.message}`);
  else if (status.code !== expected.exitCode) failures.push(`exit code ${status.code}, expected ${expected.exitCode}`);
  if (expected.stdout !== undefined && stdout !== expected.stdout) {
    failures.push(`stdout ${JSON.stringify(stdout)}, expected ${JSON.stringify(expected.stdout)}`);
  }
  if (expected.stderr !== undefined && stderr !== expected.stderr) {
    failures.push(`stderr ${JSON.stringify(stderr)}, expected ${JSON.stringify(expected.stderr)}`);
  }
  if (failures.length > 0 && stderr !== "") failures.push(`it said: ${stderr}`);
  return failures;
}
