/**
 * The boundary between a kubelet and what runs pods, shaped like CRI, and the WebAssembly runtime behind it.
 *
 * @packageDocumentation
 */
export type {
  ContainerConfig,
  ContainerFilter,
  ContainerPort,
  ContainerResources,
  ContainerState,
  ContainerStats,
  ContainerStatus,
  Mount,
} from "./container.ts";
export { RuntimeError, type RuntimeErrorCode } from "./errors.ts";
export { RuntimeEventStream } from "./event-stream.ts";
export type { AuthConfig, FilesystemUsage, Image, ImageSpec, ImageStatus, PullProgress } from "./image.ts";
export type {
  CallOptions,
  ContainerSummary,
  ExecSyncOptions,
  ImageService,
  Runtime,
  RuntimeCondition,
  RuntimeEvent,
  RuntimeEventType,
  RuntimeHandler,
  RuntimeStatus,
  RuntimeVersion,
} from "./runtime.ts";
export type {
  DnsConfig,
  PodSandboxConfig,
  PodSandboxFilter,
  PodSandboxMetadata,
  PodSandboxStatus,
  PodSandboxSummary,
  PortMapping,
  SandboxResources,
  SandboxState,
} from "./sandbox.ts";
export type { AttachRequest, ExecRequest, ExecSyncResult, StreamSession } from "./streaming.ts";
export { type ContentImagesOptions, contentImages } from "./wasm/content-images.ts";
export type { ModuleImages, RunnableImage } from "./wasm/module-images.ts";
export { loopbackRange } from "./wasm/network/ipv4-range.ts";
export type { PodNetworkOptions } from "./wasm/network/pod-network.ts";
export { openWasmRuntime } from "./wasm/open-wasm-runtime.ts";
export { WasmRuntime, type WasmRuntimeOptions } from "./wasm/wasm-runtime.ts";
