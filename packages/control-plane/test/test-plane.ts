import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ControlPlane, type ControlPlaneOptions, createControlPlane } from "../src/index.ts";
import { ApiClient } from "./api-client.ts";

/** A started control plane in a temporary directory, with an administrator's client. */
export interface TestPlane extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly admin: ApiClient;
  readonly kubeconfigPath: string;
  readonly directory: string;
}

export async function startPlane(options: Partial<ControlPlaneOptions> = {}): Promise<TestPlane> {
  const directory = options.stateDirectory ?? mkdtempSync(join(tmpdir(), "wherry-plane-"));
  const plane = createControlPlane({ ...options, stateDirectory: directory });
  const { kubeconfigPath } = await plane.start();
  const admin = new ApiClient(kubeconfigPath);
  return {
    plane,
    admin,
    kubeconfigPath,
    directory,
    async [Symbol.asyncDispose]() {
      await admin[Symbol.asyncDispose]();
      await plane.stop();
      if (options.stateDirectory === undefined) rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The smallest pod. */
export function podOf(name: string, spec: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: { containers: [{ name: "main", image: "registry.example/app:1" }], ...spec },
  };
}

/** A node with room for a few pods. */
export function nodeOf(name: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  const resources = { cpu: "2", memory: "4Gi", pods: "110" };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name } },
    status: {
      capacity: resources,
      allocatable: resources,
      conditions: [{ type: "Ready", status: "True" }],
      addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
    },
    ...more,
  };
}
