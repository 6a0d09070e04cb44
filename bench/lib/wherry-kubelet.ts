import { existsSync, globSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestControlPlane } from "../../packages/testkit/src/control-planes/test-control-plane.ts";
import { freePort } from "../../packages/testkit/src/processes/free-port.ts";
import { startWherry } from "./wherry-process.ts";

/** `wherry kubelet` in a process of its own. Its pods outlive it, so a benchmark deletes them before. */
export interface WherryKubelet extends AsyncDisposable {
  readonly kubeletPid: number;
  readonly rootDirectory: string;
}

/** Starts it as a node of `plane` and resolves when it is registered; its log is `wherry.log` in the directory. */
export async function startWherryKubelet(
  directory: string,
  plane: TestControlPlane,
  nodeName: string,
): Promise<WherryKubelet> {
  const configuration = join(directory, "kubelet.json");
  await writeFile(
    configuration,
    JSON.stringify({
      apiVersion: "kubelet.config.k8s.io/v1beta1",
      kind: "KubeletConfiguration",
      port: await freePort(),
      healthzPort: 0,
      maxPods: 500,
      podLogsDir: join(directory, "logs"),
      authentication: { x509: { clientCAFile: plane.kubeletClientCaPath } },
    }),
  );
  const rootDirectory = join(directory, "root");
  const args = ["kubelet", "--kubeconfig", await plane.nodeKubeconfig(nodeName), "--config", configuration];
  args.push("--hostname-override", nodeName, "--root-dir", rootDirectory);
  const { process } = await startWherry(args, "Node is registered", join(directory, "wherry.log"));
  return { kubeletPid: process.pid, rootDirectory, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
}

/** The processes that a node has given to pods, from the records by which the engine finds them again. */
export function readHostPids(rootDirectory: string): number[] {
  const directory = join(rootDirectory, "engine/sandboxes");
  return globSync("*/guests/*/process.json", { cwd: directory }).flatMap((path) => {
    try {
      const { pid } = JSON.parse(readFileSync(join(directory, path), "utf8")) as { pid: number };
      return existsSync(`/proc/${pid}`) ? [pid] : [];
    } catch {
      return [];
    }
  });
}
