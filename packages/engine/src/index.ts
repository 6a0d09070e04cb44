/**
 * Runs WebAssembly guests: one Node process for each pod, taken from a pool, with one worker thread for each container.
 *
 * @packageDocumentation
 */
export { createEngine, type Engine, type EngineCapabilities, type EngineOptions, type HostRequest } from "./engine.ts";
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
export type { AttachSession, CallOptions, Host, HostLimits } from "./host.ts";
export type { Cgroup, CgroupBackend, CgroupLimits } from "./platform/cgroup.ts";
export { type CgroupDetection, detectCgroups } from "./platform/detect-cgroups.ts";
