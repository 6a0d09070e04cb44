import { aborted, type Clock, errorMessage, type Logger, raceAbort, systemClock } from "@wherry/base";
import type { Pod, PodCertificateProjection, PodCertificateRequest } from "@wherry/kubernetes";
import { KubeletError } from "../errors.ts";
import { retryLag } from "../objects/retry-lag.ts";
import type { EventRecorder } from "../ports/event-recorder.ts";
import type { NodeFacts } from "../ports/node-facts.ts";
import { createCertificateKey } from "./certificate-key.ts";
import { type IssuedCertificate, outcomeOf, type RequestOutcome } from "./issued-certificate.ts";

/** Requests at the API server; `clientCertificateRequests` is the one over a client. */
export interface CertificateRequests {
  serviceAccountUid(namespace: string, name: string, signal: AbortSignal): Promise<string>;
  create(request: PodCertificateRequest, signal: AbortSignal): Promise<PodCertificateRequest>;
  /** Calls `onState` with the request now and after each change, undefined once it is deleted, until `signal` aborts. */
  follow(
    namespace: string,
    name: string,
    onState: (request: PodCertificateRequest | undefined) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

/** One projection of a pod: its volume, and its place among the volume's sources. */
export interface PodCertificateSource {
  readonly pod: Pod;
  readonly volume: string;
  readonly index: number;
  readonly projection: PodCertificateProjection;
  readonly signal?: AbortSignal | undefined;
}

/** Keys and certificates of pods (KEP-4317). */
export interface PodCertificates {
  /**
   * The key and certificate of a projection, asked for at the first call, for which the call waits a while.
   *
   * @throws KubeletError when it is not issued yet, was refused (for good), or could not be asked for
   */
  certificate(source: PodCertificateSource): Promise<IssuedCertificate>;
  /** Drops what a pod had. Idempotent. */
  forgetPod(podUid: string): void;
  /** Calls `listener` when a projection has a certificate that it had not before; the answer ends that. */
  onIssued(listener: (podUid: string) => void): () => void;
}

export interface RequestingPodCertificatesOptions {
  readonly requests: CertificateRequests;
  readonly node: Pick<NodeFacts, "nodeName" | "nodeUid">;
  readonly events: EventRecorder;
  readonly logger: Logger;
  /** @default systemClock */
  readonly clock?: Clock;
  /** @default Math.random */
  readonly random?: () => number;
}

interface Entry {
  readonly controller: AbortController;
  issued: (IssuedCertificate & { readonly refreshAtMs: number }) | undefined;
  refusal: KubeletError | undefined;
  /** The request under way, which ends without rejecting. */
  underWay: Promise<void> | undefined;
  /** Name of the request under way once it is created. */
  requestName: string | undefined;
  failure: Error | undefined;
  /** What was told of a certificate that is not renewed. */
  readonly told: Set<string>;
}

const waitMs = 30_000;
const refreshJitterMs = 5 * 60_000;
const overdueMs = 10 * 60_000;
/** A request that no watch has shown for so long was deleted at once. */
const unseenMs = 10 * 60_000;

/**
 * Certificates by PodCertificateRequest, one for each projection, kept in memory: after a restart each is asked for anew.
 *
 * From `beginRefreshAt` on, up to five minutes later at random, the next call asks for a new key and certificate; until that is
 * issued the old one is answered. Callers come again and again, as volumes are looked at every 60 to 90 s: that is also the pace
 * at which a renewal that could not be asked for is tried again. A signer's refusal is final, as it is upstream: no request
 * follows it, and a pod that has a certificate keeps it.
 */
export class RequestingPodCertificates implements PodCertificates {
  readonly #options: Required<RequestingPodCertificatesOptions>;
  readonly #entries: Map<string, Map<string, Entry>> = new Map();
  readonly #listeners: Set<(podUid: string) => void> = new Set();
  readonly #tasks: Set<Promise<void>> = new Set();

  constructor(options: RequestingPodCertificatesOptions) {
    this.#options = { clock: systemClock, random: Math.random, ...options };
  }

  async certificate(source: PodCertificateSource): Promise<IssuedCertificate> {
    const entry = this.#entry(source);
    if (entry.issued !== undefined) {
      if (this.#isDue(entry.issued) && entry.refusal === undefined) void this.#ask(entry, source);
      this.#tellOverdue(entry, entry.issued, source.pod);
      return entry.issued;
    }
    if (entry.refusal !== undefined) throw entry.refusal;
    const { clock } = this.#options;
    const timeout = new AbortController();
    const cancel = clock.setTimer(waitMs, () => timeout.abort());
    try {
      const signals = [
        timeout.signal,
        entry.controller.signal,
        ...(source.signal === undefined ? [] : [source.signal]),
      ];
      await raceAbort(this.#ask(entry, source), AbortSignal.any(signals));
    } catch (error) {
      if (!timeout.signal.aborted || source.signal?.aborted === true) throw error;
    } finally {
      cancel();
    }
    if (entry.issued !== undefined) return entry.issued;
    throw entry.refusal ?? entry.failure ?? notYet(entry, source);
  }

  forgetPod(podUid: string): void {
    for (const entry of this.#entries.get(podUid)?.values() ?? []) entry.controller.abort();
    this.#entries.delete(podUid);
  }

  onIssued(listener: (podUid: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Lets requests be made until `signal` aborts; resolves when none is under way any more. */
  async run(signal: AbortSignal): Promise<void> {
    await aborted(signal);
    for (const podUid of [...this.#entries.keys()]) this.forgetPod(podUid);
    await Promise.all(this.#tasks);
  }

  #entry({ pod, volume, index }: PodCertificateSource): Entry {
    const podUid = pod.metadata?.uid ?? "";
    const entries = this.#entries.get(podUid) ?? new Map<string, Entry>();
    this.#entries.set(podUid, entries);
    const key = `${volume}/${index}`;
    const entry = entries.get(key) ?? {
      controller: new AbortController(),
      issued: undefined,
      refusal: undefined,
      underWay: undefined,
      requestName: undefined,
      failure: undefined,
      told: new Set(),
    };
    entries.set(key, entry);
    return entry;
  }

  #isDue({ refreshAtMs }: { readonly refreshAtMs: number }): boolean {
    return this.#options.clock.now() >= refreshAtMs;
  }

  /** The request under way, or a new one. */
  #ask(entry: Entry, source: PodCertificateSource): Promise<void> {
    if (entry.underWay !== undefined) return entry.underWay;
    entry.failure = undefined;
    const task = this.#request(entry, source).finally(() => {
      entry.underWay = undefined;
      entry.requestName = undefined;
      this.#tasks.delete(task);
    });
    entry.underWay = task;
    this.#tasks.add(task);
    return task;
  }

  async #request(entry: Entry, source: PodCertificateSource): Promise<void> {
    const { logger } = this.#options;
    const { signal } = entry.controller;
    try {
      const { privateKey, request } = await createCertificateKey(source.projection.keyType);
      signal.throwIfAborted();
      const created = await this.#create(source, request, signal);
      const name = created.metadata?.name ?? "";
      entry.requestName = name;
      this.#settle(entry, source, name, await this.#outcome(created, privateKey, signal));
    } catch (error) {
      if (signal.aborted) return;
      entry.failure = error instanceof Error ? error : new Error(errorMessage(error));
      logger.warn("Cannot get a certificate of a pod", { ...describe(source), error: errorMessage(error) });
    }
  }

  #settle(entry: Entry, source: PodCertificateSource, name: string, outcome: RequestOutcome): void {
    if (entry.controller.signal.aborted) return;
    const { random, events } = this.#options;
    const { pod, projection } = source;
    if (outcome.kind === "issued") {
      const { certificate } = outcome;
      entry.issued = { ...certificate, refreshAtMs: certificate.beginRefreshAtMs + random() * refreshJitterMs };
      entry.told.clear();
      for (const listener of this.#listeners) listener(pod.metadata?.uid ?? "");
      return;
    }
    const { verdict, reason, message } = outcome;
    const text = `PodCertificateRequest ${pod.metadata?.namespace}/${name} of signer "${projection.signerName}" ${verdict === "Denied" ? "was denied" : "failed"}: reason ${JSON.stringify(reason)}, message ${JSON.stringify(message)}`;
    entry.refusal = new KubeletError(verdict, text);
    events.event({ kind: "Pod", pod }, { type: "Warning", reason: verdict, message: text });
  }

  async #create(source: PodCertificateSource, request: string, signal: AbortSignal): Promise<PodCertificateRequest> {
    const { requests, node, clock } = this.#options;
    const { metadata, spec } = source.pod;
    const namespace = metadata?.namespace ?? "default";
    const { name: podName = "", uid: podUID = "" } = metadata ?? {};
    const serviceAccountName = spec?.serviceAccountName || "default";
    const { signerName, maxExpirationSeconds, userAnnotations } = source.projection;
    const { nodeName, nodeUid } = node;
    if (nodeUid === undefined)
      throw new KubeletError("NotRegistered", `node "${nodeName}" is not registered yet`, { retryable: true });
    const serviceAccountUID = await retryLag(
      () => requests.serviceAccountUid(namespace, serviceAccountName, signal),
      clock,
      signal,
    );
    const body: PodCertificateRequest = {
      metadata: {
        namespace,
        generateName: "req-",
        ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: podName, uid: podUID }],
      },
      spec: {
        signerName,
        podName,
        podUID,
        serviceAccountName,
        serviceAccountUID,
        nodeName,
        nodeUID: nodeUid,
        maxExpirationSeconds,
        stubPKCS10Request: request,
        unverifiedUserAnnotations: userAnnotations,
      },
    };
    return retryLag(() => requests.create(body, signal), clock, signal);
  }

  /** Waits for the signer's verdict. */
  async #outcome(created: PodCertificateRequest, privateKey: string, signal: AbortSignal): Promise<RequestOutcome> {
    const { namespace = "", name = "" } = created.metadata ?? {};
    const end = new AbortController();
    const verdict = Promise.withResolvers<RequestOutcome>();
    const deleted = () =>
      new KubeletError("Deleted", `PodCertificateRequest ${namespace}/${name} was deleted undecided`);
    const cancelUnseen = this.#options.clock.setTimer(unseenMs, () => verdict.reject(deleted()));
    const following = this.#options.requests.follow(
      namespace,
      name,
      (request) => {
        try {
          cancelUnseen();
          if (request === undefined) throw deleted();
          const outcome = outcomeOf(request.status, privateKey);
          if (outcome !== undefined) verdict.resolve(outcome);
        } catch (error) {
          verdict.reject(error);
        }
      },
      AbortSignal.any([signal, end.signal]),
    );
    following.catch((error: unknown) => verdict.reject(error));
    try {
      return await raceAbort(verdict.promise, signal);
    } finally {
      cancelUnseen();
      end.abort();
      await following.catch(() => undefined);
    }
  }

  #tellOverdue(entry: Entry, { refreshAtMs, notAfterMs }: NonNullable<Entry["issued"]>, pod: Pod): void {
    const tell = (reason: string, message: string): void => {
      if (entry.told.has(reason)) return;
      entry.told.add(reason);
      this.#options.events.event({ kind: "Pod", pod }, { type: "Warning", reason, message });
    };
    const now = this.#options.clock.now();
    if (now > refreshAtMs + overdueMs) tell("CertificateOverdueForRefresh", "PodCertificate refresh overdue");
    if (now > notAfterMs) tell("CertificateExpired", "PodCertificate expired");
  }
}

function notYet({ requestName }: Entry, { pod, projection }: PodCertificateSource): KubeletError {
  const what =
    requestName === undefined ? "a request" : `PodCertificateRequest ${pod.metadata?.namespace}/${requestName}`;
  return new KubeletError("NotIssued", `signer "${projection.signerName}" has not answered ${what} yet`, {
    retryable: true,
  });
}

function describe({ pod, volume, projection }: PodCertificateSource): Record<string, unknown> {
  return {
    namespace: pod.metadata?.namespace,
    pod: pod.metadata?.name,
    volume,
    signerName: projection.signerName,
  };
}
