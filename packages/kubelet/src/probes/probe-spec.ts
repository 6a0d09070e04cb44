import type { Probe } from "@wherry/kubernetes";

export type ProbeKind = "startup" | "liveness" | "readiness";

/** A probe with the API's defaults filled in. */
export interface ProbeSpec {
  readonly kind: ProbeKind;
  readonly probe: Probe;
  readonly initialDelayMs: number;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

/** The API server checks these numbers; what got past it all the same is raised to the smallest allowed. */
export function probeSpec(kind: ProbeKind, probe: Probe): ProbeSpec {
  return {
    kind,
    probe,
    initialDelayMs: Math.max(0, probe.initialDelaySeconds ?? 0) * 1000,
    periodMs: Math.max(1, probe.periodSeconds ?? 10) * 1000,
    timeoutMs: Math.max(1, probe.timeoutSeconds ?? 1) * 1000,
    successThreshold: kind === "readiness" ? Math.max(1, probe.successThreshold ?? 1) : 1,
    failureThreshold: Math.max(1, probe.failureThreshold ?? 3),
  };
}
