import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";

/** The real kubectl: from KUBEBUILDER_ASSETS, as envtest has it, or else from PATH. */
export function findKubectl(): string | undefined {
  const assets = process.env["KUBEBUILDER_ASSETS"];
  const directories = [...(assets === undefined ? [] : [assets]), ...(process.env["PATH"] ?? "").split(delimiter)];
  return directories
    .map((directory) => join(directory, "kubectl"))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

export interface KubectlResult {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

export interface RunningKubectl {
  readonly ended: Promise<KubectlResult>;
  /** Resolves when the text has come on either stream; throws when the run ends without it. */
  says(part: string): Promise<void>;
}

const run = promisify(execFile);

/** kubectl as one user of one cluster. */
export class Kubectl {
  readonly #executable: string;
  readonly #env: NodeJS.ProcessEnv;

  /** @param home directory for caches */
  constructor(executable: string, kubeconfigPath: string, home: string) {
    this.#executable = executable;
    this.#env = { ...process.env, KUBECONFIG: kubeconfigPath, HOME: home, KUBE_EDITOR: "true" };
  }

  get env(): NodeJS.ProcessEnv {
    return this.#env;
  }

  async run(...args: string[]): Promise<KubectlResult> {
    try {
      const { stdout, stderr } = await run(this.#executable, args, { env: this.#env });
      return { code: 0, out: stdout.trim(), error: stderr.trim() };
    } catch (failure) {
      const { code, stdout, stderr } = failure as { code: number; stdout: string; stderr: string };
      return { code, out: stdout.trim(), error: stderr.trim() };
    }
  }

  /** A run to look at while it is under way. */
  start(...args: string[]): RunningKubectl {
    const child = spawn(this.#executable, args, { env: this.#env, stdio: ["ignore", "pipe", "pipe"] });
    const text = { out: "", error: "" };
    child.stdout.on("data", (chunk: Buffer) => {
      text.out += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      text.error += chunk.toString();
    });
    const ended = once(child, "close").then(([code]) => ({ code: Number(code), ...text }));
    return {
      ended,
      async says(part) {
        const isSaid = () => `${text.out}${text.error}`.includes(part);
        while (!isSaid()) {
          const over = await Promise.race([ended, once(child.stderr, "data"), once(child.stdout, "data")]);
          if ("code" in over && !isSaid()) throw new Error(`kubectl ended without saying "${part}": ${text.error}`);
        }
      },
    };
  }

  /** The output of a run without complaints. */
  async succeed(...args: string[]): Promise<string> {
    const result = await this.run(...args);
    expect(result.error, args.join(" ")).toBe("");
    expect(result.code).toBe(0);
    return result.out;
  }
}
