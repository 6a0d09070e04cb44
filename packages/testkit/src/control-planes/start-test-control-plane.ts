import { startEmbeddedControlPlane } from "./embedded-control-plane.ts";
import { kubeBuilderAssets, startKubeApiServer } from "./kube-apiserver.ts";
import type { TestControlPlane, TestControlPlaneOptions } from "./test-control-plane.ts";

/**
 * Starts the control plane this run tests against: real binaries where `KUBEBUILDER_ASSETS` names some, the embedded one otherwise.
 *
 * A directory without the binaries is an error: a run that is meant for the real one must not silently take the other.
 */
export function startTestControlPlane(options: TestControlPlaneOptions): Promise<TestControlPlane> {
  if ((process.env["KUBEBUILDER_ASSETS"] ?? "") === "") return startEmbeddedControlPlane(options);
  const assets = kubeBuilderAssets();
  if ("skip" in assets) throw new Error(`Cannot start a control plane: ${assets.skip}`);
  return startKubeApiServer(assets.directory, options);
}
