import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { findProgram, type TestCluster } from "@wherry/testkit";

const run = promisify(execFile);

/** The real kubectl: beside the control plane binaries, or from `WHERRY_KUBECTL` or the PATH. */
export function findKubectl(): string | undefined {
  const assets = process.env["KUBEBUILDER_ASSETS"];
  return assets ? join(assets, "kubectl") : findProgram("WHERRY_KUBECTL", "kubectl");
}

export type Kubectl = (args: readonly string[], stdin?: string) => Promise<string>;

/** Runs kubectl as the administrator of a cluster and answers what it printed; rejects with its complaint. */
export function kubectlOf(program: string, cluster: Pick<TestCluster, "directory" | "plane">): Kubectl {
  return async (args, stdin = "") => {
    // Its caches of discovery must not be another cluster's.
    const cache = join(cluster.directory, "kubectl-cache");
    const running = run(program, ["--kubeconfig", cluster.plane.adminKubeconfig, "--cache-dir", cache, ...args], {
      maxBuffer: 16 << 20,
      timeout: 60_000,
    });
    running.child.stdin?.end(stdin);
    return (await running).stdout;
  };
}
