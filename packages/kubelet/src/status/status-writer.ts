import { type Clock, errorMessage, type Logger, WorkQueue } from "@wherry/base";
import { isTerminalPhase, kubeletConditionTypes, type Pod, type PodStatus } from "@wherry/kubernetes";
import type { PodStatusApi } from "./pod-status-api.ts";
import { type StatusKnowledge, statusPatch } from "./status-patch.ts";

export interface StatusWriterOptions {
  readonly api: PodStatusApi;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Writes under way at the same time. @default 32 */
  readonly concurrency?: number | undefined;
  /** Told of each successful PATCH, for metrics. */
  readonly onPatch?: ((pod: Pod, durationMs: number) => void) | undefined;
}

interface Entry {
  pod: Pod;
  desired: PodStatus;
  own: Set<string>;
  knowledge: StatusKnowledge;
  /** Resource version of what was stored last; older echoes of the watch are ignored. */
  storedVersion: string | undefined;
  finished: boolean;
}

/**
 * The only writer of pod statuses: one write at a time for each pod, always of the latest status, repeated until it is stored.
 *
 * It needs no GET: a patch names the pod by UID and holds what changed since the last write, or what somebody else changed
 * since. Once a pod is `finished` and its terminal phase stored, and the API wants it gone, the object is deleted.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #entries: Map<string, Entry> = new Map();
  readonly #queue: WorkQueue;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#queue = new WorkQueue((uid, signal) => this.#write(uid, signal), {
      concurrency: options.concurrency ?? 32,
      backoff: { initialMs: 100, maxMs: 10_000, jitter: 0.2 },
      clock: options.clock,
      onError: (uid, error, retryInMs) =>
        options.logger.warn("Cannot write pod status, will retry", { uid, error: errorMessage(error), retryInMs }),
    });
  }

  /** The watch shows the pod; the first call for a UID must come before `set`. Never blocks. */
  observed(pod: Pod): void {
    const uid = uidOf(pod);
    const status = pod.status ?? {};
    const entry = this.#entries.get(uid);
    if (entry === undefined) {
      const knowledge = { sent: status, stored: status, observed: status };
      const own = new Set(kubeletConditionTypes);
      this.#entries.set(uid, { pod, desired: status, own, knowledge, storedVersion: undefined, finished: false });
      return;
    }
    entry.pod = pod;
    if (isOlder(pod.metadata?.resourceVersion, entry.storedVersion)) return;
    entry.knowledge = { ...entry.knowledge, observed: status };
    this.#queue.add(uid);
  }

  /** The status the pod is to have. Never blocks; a terminal phase is never taken back. */
  set(uid: string, status: PodStatus): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined) return;
    if (isTerminalPhase(entry.desired.phase) && status.phase !== entry.desired.phase) return;
    entry.desired = status;
    for (const condition of status.conditions ?? [])
      if (!isForeign(entry, condition.type)) entry.own.add(condition.type);
    this.#queue.add(uid);
  }

  /** Nothing of the pod runs and its last status is set: the object may be deleted once the API asks for it. Idempotent. */
  finish(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined) return;
    entry.finished = true;
    this.#queue.add(uid);
  }

  /** The object is gone; nothing is written for this UID any more. */
  forget(uid: string): void {
    this.#entries.delete(uid);
    this.#queue.forget(uid);
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#queue.run(signal);
  }

  async #write(uid: string, signal: AbortSignal): Promise<undefined> {
    const entry = this.#entries.get(uid);
    if (entry === undefined) return;
    const desired = entry.desired;
    const patch = statusPatch(desired, entry.knowledge, entry.own);
    if (patch !== undefined) {
      const before = this.#options.clock.monotonic();
      const stored = await this.#options.api.patchStatus(entry.pod, { metadata: { uid }, status: patch }, signal);
      if (stored === undefined) {
        this.#options.logger.debug("Pod is gone or another has its name, dropping its status", { uid });
        return;
      }
      this.#options.onPatch?.(entry.pod, this.#options.clock.monotonic() - before);
      const status = stored.status ?? {};
      entry.storedVersion = stored.metadata?.resourceVersion;
      const newer = isOlder(entry.storedVersion, entry.pod.metadata?.resourceVersion) ? entry.pod.status : undefined;
      entry.knowledge = { sent: desired, stored: status, observed: newer ?? status };
    }
    if (entry.desired !== desired) this.#queue.add(uid);
    else if (entry.finished && isTerminalPhase(desired.phase)) await this.#deleteIfAsked(entry, signal);
  }

  async #deleteIfAsked(entry: Entry, signal: AbortSignal): Promise<void> {
    if (entry.pod.metadata?.deletionTimestamp === undefined) return;
    await this.#options.api.deletePod(entry.pod, signal);
  }
}

/** Whether a condition of this type is somebody else's although the status carries it along. */
function isForeign(entry: Entry, type: string): boolean {
  return (
    !entry.own.has(type) && (entry.knowledge.observed.conditions ?? []).some((condition) => condition.type === type)
  );
}

/** Resource versions of one resource compare as numbers since Kubernetes 1.35 (KEP-5504); others never count as older. */
function isOlder(version: string | undefined, than: string | undefined): boolean {
  if (version === undefined || than === undefined) return false;
  if (!/^\d+$/.test(version) || !/^\d+$/.test(than)) return false;
  return BigInt(version) < BigInt(than);
}

function uidOf(pod: Pod): string {
  return pod.metadata?.uid ?? "";
}
