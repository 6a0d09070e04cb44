/**
 * A Kubernetes API server, scheduler and controllers for one machine, kept in one SQLite database.
 *
 * @packageDocumentation
 */
export {
  type ControlPlane,
  type ControlPlaneAddress,
  type ControlPlaneOptions,
  createControlPlane,
} from "./control-plane.ts";
export { ApiError, ControlPlaneError, type ControlPlaneErrorCode } from "./errors.ts";
export { type Fault, FaultInjector, type RequestMatcher } from "./http/fault-injector.ts";
export type { StoreOptions } from "./storage/store.ts";
