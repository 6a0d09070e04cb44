import { join } from "node:path";
import type { ContainerFilter, ContainerStatus } from "../container.ts";
import type { ContainerSummary } from "../runtime.ts";
import type { PodSandboxFilter, PodSandboxStatus, PodSandboxSummary } from "../sandbox.ts";
import type { ContainerRecord, SandboxRecord } from "./record.ts";

/** A sandbox as `listPodSandboxes` shows it. */
export function sandboxSummaryOf(record: SandboxRecord): PodSandboxSummary {
  const { metadata, labels, annotations, runtimeHandler } = record.config;
  return {
    id: record.id,
    metadata,
    state: record.state,
    createdAtMs: record.createdAtMs,
    labels,
    annotations,
    runtimeHandler,
  };
}

/** A sandbox as `podSandboxStatus` shows it; one that was stopped has given its addresses back. */
export function sandboxStatusOf(record: SandboxRecord): PodSandboxStatus {
  return {
    ...sandboxSummaryOf(record),
    ips: record.state === "ready" ? (record.ips ?? []) : [],
    resources: record.config.resources ?? {},
  };
}

/** A container as `listContainers` shows it. */
export function summaryOf(record: ContainerRecord): ContainerSummary {
  const { id, sandboxId, state, createdAtMs, imageRef } = record;
  const { name, attempt, labels, annotations } = record.config;
  return { id, sandboxId, name, attempt, state, createdAtMs, imageRef, labels, annotations };
}

/** A container as `containerStatus` shows it. */
export function containerStatusOf(record: ContainerRecord, logDirectory: string): ContainerStatus {
  const { config, startedAtMs, finishedAtMs, exitCode, reason, message } = record;
  const { image, mounts, resources } = config;
  const logPath = logDirectory === "" ? "" : join(logDirectory, config.logPath);
  return {
    ...summaryOf(record),
    startedAtMs,
    finishedAtMs,
    exitCode,
    reason,
    message,
    image,
    mounts,
    logPath,
    resources,
  };
}

export function matchesSandbox(record: SandboxRecord, filter: PodSandboxFilter): boolean {
  return (
    (filter.id === undefined || record.id === filter.id) &&
    (filter.podUid === undefined || record.config.metadata.uid === filter.podUid) &&
    (filter.state === undefined || record.state === filter.state) &&
    hasLabels(record.config.labels, filter.labels)
  );
}

export function matchesContainer(
  record: ContainerRecord,
  podUid: string | undefined,
  filter: ContainerFilter,
): boolean {
  return (
    (filter.id === undefined || record.id === filter.id) &&
    (filter.sandboxId === undefined || record.sandboxId === filter.sandboxId) &&
    (filter.podUid === undefined || podUid === filter.podUid) &&
    (filter.state === undefined || record.state === filter.state) &&
    hasLabels(record.config.labels, filter.labels)
  );
}

function hasLabels(labels: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>> = {}): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}
