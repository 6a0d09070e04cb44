import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { kubeBuilderAssets, startKubeApiServer } from "../../testkit/src/control-planes/kube-apiserver.ts";

export interface PeerCluster extends AsyncDisposable {
  readonly kubeconfig: string;
  /** Ends the API server without grace and starts it again; absent if it is not ours. */
  readonly restart?: () => Promise<void>;
}

/** How to get a real API server, or why there is none. */
export function peerCluster(): { readonly start: () => Promise<PeerCluster> } | { readonly skip: string } {
  const kubeconfig = process.env["WHERRY_TEST_KUBECONFIG"];
  if (kubeconfig)
    return { start: () => Promise.resolve({ kubeconfig, [Symbol.asyncDispose]: () => Promise.resolve() }) };
  const assets = kubeBuilderAssets();
  if ("skip" in assets) return { skip: `${assets.skip}, nor is WHERRY_TEST_KUBECONFIG` };
  return {
    async start() {
      const directory = await mkdtemp(join(tmpdir(), "wherry-client-peer-"));
      const plane = await startKubeApiServer(assets.directory, { directory, nodeNames: [] });
      return {
        kubeconfig: plane.adminKubeconfig,
        restart: () => plane.restart(),
        async [Symbol.asyncDispose]() {
          await plane[Symbol.asyncDispose]();
          await rm(directory, { recursive: true });
        },
      };
    },
  };
}
