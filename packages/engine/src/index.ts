/**
 * Runs WebAssembly guests: one Node process for each container, taken from a pool.
 *
 * @packageDocumentation
 */
export {
  createEngine,
  type Engine,
  type EngineCapabilities,
  type EngineOptions,
  type SandboxRequest,
} from "./engine.ts";
export { EngineError, type EngineErrorCode } from "./errors.ts";
export type {
  GuestExit,
  GuestExitReason,
  GuestMount,
  GuestPhase,
  GuestSpec,
  GuestState,
  GuestStats,
} from "./guest.ts";
export type { GuestSocket, SocketAddress } from "./guest-socket.ts";

export type { Cgroup, CgroupBackend, CgroupLimits } from "./platform/cgroup.ts";
export { type CgroupDetection, detectCgroups } from "./platform/detect-cgroups.ts";
export type { AttachOptions, AttachSession, CallOptions, Sandbox, SandboxLimits } from "./sandbox.ts";
