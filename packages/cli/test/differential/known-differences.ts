import type { KnownDifference } from "./compare-traces.ts";

/** What a pod on Wherry shows otherwise than on the Go kubelet with containerd, and why; docs/conformance.md is made from it. */
export const knownDifferences: readonly KnownDifference[] = [];
