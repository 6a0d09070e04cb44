/**
 * The contracts of `Runtime` and `Provider` as suites for vitest, to be run through any implementation.
 *
 * Apart from the rest of the package, because importing vitest works in its processes only.
 *
 * @packageDocumentation
 */
export { type ProviderComplianceOptions, providerCompliance } from "./provider-compliance.ts";
export type { ProviderSubject, ProviderSurroundings } from "./provider-subject.ts";
export { runtimeCompliance } from "./runtime-compliance.ts";
export type { MountedImage, RuntimeSubject } from "./runtime-subject.ts";
export type { Workload } from "./workload.ts";
