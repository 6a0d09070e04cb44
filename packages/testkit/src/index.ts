/**
 * What Wherry's tests stand on: control planes and nodes as processes, guests, registries, fakes and observers.
 *
 * @packageDocumentation
 */
export { KubernetesObserver } from "./clusters/kubernetes-observer.ts";
export { type LogQuery, TestCluster, type TestClusterOptions } from "./clusters/test-cluster.ts";
export { startEmbeddedControlPlane } from "./control-planes/embedded-control-plane.ts";
export { kubeBuilderAssets, startKubeApiServer } from "./control-planes/kube-apiserver.ts";
export { startTestControlPlane } from "./control-planes/start-test-control-plane.ts";
export type { TestControlPlane, TestControlPlaneOptions } from "./control-planes/test-control-plane.ts";
export { EventFeed } from "./fake-runtime/event-feed.ts";
export type { ContainerScript, FakeContainer } from "./fake-runtime/fake-container.ts";
export { FakeImages, resolvedReference } from "./fake-runtime/fake-images.ts";
export { FakeRuntime, type FakeRuntimeOptions } from "./fake-runtime/fake-runtime.ts";
export { type FakeCall, type Fault, FaultInjector, type FaultPlan, failing } from "./fake-runtime/faults.ts";
export { type BusyboxImage, writeBusyboxArchive } from "./images/busybox-archive.ts";
export { compileAssemblyScript, workloadKit } from "./modules/assembly-script.ts";
export {
  findGuestCompilers,
  type GuestCompiler,
  type GuestLanguage,
  skipReason,
} from "./modules/guest-compilers.ts";
export { assembleWat } from "./modules/wat.ts";
export { type GoKubeletNode, type GoKubeletNodeOptions, startGoKubeletNode } from "./nodes/go-kubelet-node.ts";
export { findGoKubeletPeers, type GoKubeletPeers } from "./nodes/go-kubelet-peers.ts";
export { type HostProcessNote, nodeAddress, TestNode, type TestNodeOptions } from "./nodes/test-node.ts";
export { untilNodeReady } from "./nodes/until-node-ready.ts";
export { containerConfig, podSandboxConfig } from "./pods/runtime-configs.ts";
export { type ContainerTemplate, wasmPod } from "./pods/wasm-pod.ts";
export { freePort } from "./processes/free-port.ts";
export { LoggedProcess, type LoggedProcessOptions, type ProcessEnd } from "./processes/logged-process.ts";
export { eventually, PeerProcess, type PeerProcessOptions, processEnded } from "./processes/peer-process.ts";
export { type EnclosedProcess, ProcessEnclosure, type ProcessEnclosureOptions } from "./processes/process-enclosure.ts";
export { childPids, descendantPids } from "./processes/process-tree.ts";
export { type SourceProgram, sourceProgram, wherryProgram } from "./processes/source-program.ts";
export {
  FakeRegistry,
  type Interceptor,
  type SeenRequest,
  sendError,
  sendJson,
} from "./registries/fake-registry.ts";
export {
  findProgram,
  type RunningRegistry,
  runCrane,
  startCraneRegistry,
  startDockerRegistry,
} from "./registries/peer-registries.ts";
