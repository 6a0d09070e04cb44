import { type Clock, HandlerSet, type Logger, runTogether, systemClock } from "@wherry/base";
import type { ConfigMap, Pod, Secret, ServiceAccount } from "@wherry/kubernetes";
import type { ObjectCache, ObjectCallOptions, TrustAnchors, TrustBundleSelection } from "../ports/object-cache.ts";
import { type ReferencedKind, referencedObjects, trustBundleSelections } from "./referenced-objects.ts";
import { retryLag } from "./retry-lag.ts";
import { selectionText } from "./trust-bundles.ts";
import { type ObjectSource, WatchedObjects } from "./watched-objects.ts";

/** A referenced object was created, changed or deleted, or what cluster trust bundles hold together changed. */
export interface ObjectChange {
  readonly kind: ReferencedKind | "ClusterTrustBundle";
  /** Empty for trust bundles. */
  readonly namespace: string;
  /** Of trust bundles the text of their selection. */
  readonly name: string;
  /** UIDs of the pods that refer to it. */
  readonly podUids: readonly string[];
}

/** An object cache that also tells of changes, for volumes that follow them. */
export interface ObservableObjectCache extends ObjectCache {
  /** Calls `listener` for each change of an object some pod holds; the answer ends that. */
  onChange(listener: (change: ObjectChange) => void): () => void;
}

export interface WatchingObjectCacheOptions {
  readonly configMaps: ObjectSource<ConfigMap>;
  readonly secrets: ObjectSource<Secret>;
  /** By the text of the selection, in no namespace. */
  readonly trustBundles: ObjectSource<TrustAnchors>;
  readonly serviceAccounts: Pick<ObjectSource<ServiceAccount>, "get">;
  readonly logger: Logger;
  /** @default systemClock */
  readonly clock?: Clock;
  /** How long an object that no pod refers to any longer stays watched. @default 60 s */
  readonly lingerMs?: number;
}

/**
 * The object cache of upstream's change detection strategy `Watch`: one watch per object while some registered pod refers to it
 * and a little longer, shared by all pods; of cluster trust bundles one per selection.
 *
 * Registering a pod starts to read what its containers and volumes need. Objects of pods that are not registered are read at each
 * call. Service accounts are read at each call: they are needed for
 * pulls only. Getters answer undefined for an object that does not exist; everything else rejects, a refusal by the node
 * authorizer after a short time of retries.
 */
export class WatchingObjectCache implements ObservableObjectCache {
  readonly #configMaps: WatchedObjects<ConfigMap>;
  readonly #secrets: WatchedObjects<Secret>;
  readonly #trustBundles: WatchedObjects<TrustAnchors>;
  readonly #serviceAccounts: Pick<ObjectSource<ServiceAccount>, "get">;
  readonly #clock: Clock;
  readonly #listeners: HandlerSet<[ObjectChange]>;

  constructor(options: WatchingObjectCacheOptions) {
    const { logger, lingerMs = 60_000, clock = systemClock } = options;
    this.#clock = clock;
    this.#listeners = new HandlerSet(logger);
    this.#serviceAccounts = options.serviceAccounts;
    this.#configMaps = new WatchedObjects({
      source: options.configMaps,
      clock,
      logger,
      lingerMs,
      onChange: (namespace, name, podUids) => this.#listeners.tell({ kind: "ConfigMap", namespace, name, podUids }),
    });
    this.#secrets = new WatchedObjects({
      source: options.secrets,
      clock,
      logger,
      lingerMs,
      onChange: (namespace, name, podUids) => this.#listeners.tell({ kind: "Secret", namespace, name, podUids }),
    });
    this.#trustBundles = new WatchedObjects({
      source: options.trustBundles,
      clock,
      logger,
      lingerMs,
      onChange: (namespace, name, podUids) =>
        this.#listeners.tell({ kind: "ClusterTrustBundle", namespace, name, podUids }),
    });
  }

  configMap(namespace: string, name: string, options?: ObjectCallOptions): Promise<ConfigMap | undefined> {
    return this.#configMaps.get(namespace, name, options);
  }

  secret(namespace: string, name: string, options?: ObjectCallOptions): Promise<Secret | undefined> {
    return this.#secrets.get(namespace, name, options);
  }

  trustAnchors(selection: TrustBundleSelection, options?: ObjectCallOptions): Promise<TrustAnchors | undefined> {
    return this.#trustBundles.get("", selectionText(selection), options);
  }

  serviceAccount(
    namespace: string,
    name: string,
    options: ObjectCallOptions = {},
  ): Promise<ServiceAccount | undefined> {
    const { signal } = options;
    return retryLag(() => this.#serviceAccounts.get(namespace, name, signal), this.#clock, signal);
  }

  registerPod(pod: Pod): void {
    const uid = pod.metadata?.uid;
    if (uid === undefined) return;
    const references = referencedObjects(pod);
    const configMaps = references.filter(({ kind }) => kind === "ConfigMap");
    const secrets = references.filter(({ kind }) => kind === "Secret");
    this.#configMaps.hold(uid, configMaps);
    this.#secrets.hold(uid, secrets);
    const selections = trustBundleSelections(pod).map((selection) => ({
      namespace: "",
      name: selectionText(selection),
    }));
    this.#trustBundles.hold(uid, selections);
    for (const { namespace, name } of selections) this.#trustBundles.prefetch(namespace, name);
    // Pull secrets are not needed while the image is present.
    const pullOnly = pullSecretNames(pod).difference(contentSecretNames(pod));
    for (const { namespace, name } of configMaps) this.#configMaps.prefetch(namespace, name);
    for (const { namespace, name } of secrets) if (!pullOnly.has(name)) this.#secrets.prefetch(namespace, name);
  }

  unregisterPod(podUid: string): void {
    this.#configMaps.release(podUid);
    this.#secrets.release(podUid);
    this.#trustBundles.release(podUid);
  }

  onChange(listener: (change: ObjectChange) => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Watches until `signal` aborts. */
  run(signal: AbortSignal): Promise<void> {
    return runTogether(
      signal,
      [this.#configMaps, this.#secrets, this.#trustBundles].map((objects) => (inner) => objects.run(inner)),
    );
  }
}

function pullSecretNames(pod: Pod): Set<string> {
  return new Set((pod.spec?.imagePullSecrets ?? []).map(({ name = "" }) => name));
}

/** Names of secrets that the pod refers to otherwise than for pulling. */
function contentSecretNames(pod: Pod): Set<string> {
  if (pod.spec === undefined) return new Set();
  const references = referencedObjects({ ...pod, spec: { ...pod.spec, imagePullSecrets: [] } });
  return new Set(references.filter(({ kind }) => kind === "Secret").map(({ name }) => name));
}
