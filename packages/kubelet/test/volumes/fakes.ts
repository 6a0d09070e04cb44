import { FakeClock, silentLogger } from "@wherry/base";
import type { ConfigMap, Pod, PodSpec, Secret, Volume } from "@wherry/kubernetes";
import type { IssuedCertificate } from "../../src/certificates/issued-certificate.ts";
import type { PodCertificateSource, PodCertificates } from "../../src/certificates/pod-certificates.ts";
import type { ObjectChange, ObservableObjectCache } from "../../src/objects/object-cache.ts";
import { selectionText, trustAnchorsOf } from "../../src/objects/trust-bundles.ts";
import type { EventContent, EventRecorder, EventSubject } from "../../src/ports/event-recorder.ts";
import type { TrustAnchors, TrustBundleSelection } from "../../src/ports/object-cache.ts";
import type { ServiceAccountTokens, TokenOptions } from "../../src/tokens/service-account-tokens.ts";
import {
  type NodeVolumeManager,
  openVolumeManager,
  type VolumeManagerOptions,
} from "../../src/volumes/volume-manager.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** Objects that a test sets; a change is told to listeners for pods "uid-…" given with it. */
export class FakeObjects implements ObservableObjectCache {
  readonly configMaps: Map<string, ConfigMap> = new Map();
  readonly secrets: Map<string, Secret> = new Map();
  /** Texts of bundles by the text of the selection. */
  readonly trustBundles: Map<string, readonly string[]> = new Map();
  failure: Error | undefined;
  readonly #listeners: Set<(change: ObjectChange) => void> = new Set();

  async configMap(_: string, name: string): Promise<ConfigMap | undefined> {
    if (this.failure !== undefined) throw this.failure;
    return this.configMaps.get(name);
  }

  async secret(_: string, name: string): Promise<Secret | undefined> {
    if (this.failure !== undefined) throw this.failure;
    return this.secrets.get(name);
  }

  async trustAnchors(selection: TrustBundleSelection): Promise<TrustAnchors | undefined> {
    if (this.failure !== undefined) throw this.failure;
    const text = selectionText(selection);
    const bundles = this.trustBundles.get(text) ?? [];
    return trustAnchorsOf(
      text,
      bundles.map((trustBundle, index) => ({ metadata: { name: `b${index}` }, spec: { trustBundle } })),
    );
  }

  async serviceAccount(): Promise<undefined> {
    return undefined;
  }

  registerPod(): void {}
  unregisterPod(): void {}

  onChange(listener: (change: ObjectChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  setConfigMap(name: string, data: Record<string, string>, binaryData?: Record<string, string>): void {
    this.configMaps.set(name, { metadata: { name, namespace: "ns" }, data, binaryData });
  }

  setSecret(name: string, data: Record<string, string>): void {
    const encoded = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, btoa(value)]));
    this.secrets.set(name, { metadata: { name, namespace: "ns" }, data: encoded });
  }

  tell(kind: ObjectChange["kind"], name: string, podUids: readonly string[]): void {
    for (const listener of this.#listeners) listener({ kind, namespace: "ns", name, podUids });
  }
}

export class FakeTokens implements ServiceAccountTokens {
  readonly asked: TokenOptions[] = [];
  readonly forgotten: string[] = [];
  generation = 1;

  async token(pod: Pod, options: TokenOptions = {}): Promise<string> {
    this.asked.push(options);
    return `token-${this.generation} of ${pod.metadata?.name} for ${options.audience ?? "api"}`;
  }

  forgetPod(podUid: string): void {
    this.forgotten.push(podUid);
  }
}

export class FakeCertificates implements PodCertificates {
  readonly asked: PodCertificateSource[] = [];
  readonly forgotten: string[] = [];
  failure: Error | undefined;
  generation = 1;
  readonly #listeners: Set<(podUid: string) => void> = new Set();

  async certificate(source: PodCertificateSource): Promise<IssuedCertificate> {
    this.asked.push(source);
    if (this.failure !== undefined) throw this.failure;
    const [privateKey, chain] = [`key ${this.generation}\n`, `chain ${this.generation}\n`];
    return { privateKey, chain, beginRefreshAtMs: 0, notAfterMs: 0 };
  }

  forgetPod(podUid: string): void {
    this.forgotten.push(podUid);
  }

  onIssued(listener: (podUid: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  issue(podUid: string): void {
    this.generation++;
    for (const listener of this.#listeners) listener(podUid);
  }
}

export class FakeEvents implements EventRecorder {
  readonly recorded: (EventContent & { readonly subject: EventSubject })[] = [];

  event(subject: EventSubject, content: EventContent): void {
    this.recorded.push({ ...content, subject });
  }
}

export interface ManagerFixture {
  readonly manager: NodeVolumeManager;
  readonly root: string;
  readonly objects: FakeObjects;
  readonly tokens: FakeTokens;
  readonly certificates: FakeCertificates;
  readonly events: FakeEvents;
  readonly clock: FakeClock;
}

export async function managerFixture(options: Partial<VolumeManagerOptions> = {}): Promise<ManagerFixture> {
  const root = options.rootDirectory ?? (await temporaryDirectory());
  const objects = new FakeObjects();
  const tokens = new FakeTokens();
  const certificates = new FakeCertificates();
  const events = new FakeEvents();
  const clock = new FakeClock();
  const manager = await openVolumeManager({
    rootDirectory: root,
    objects,
    tokens,
    certificates,
    events,
    node: { allocatable: { cpu: "4", memory: "8Gi", "ephemeral-storage": "10Gi" } },
    logger: silentLogger,
    clock,
    random: () => 0,
    ...options,
  });
  return { manager, root, objects, tokens, certificates, events, clock };
}

export function podWith(volumes: Volume[], spec: Partial<PodSpec> = {}, uid = "uid-1"): Pod {
  return {
    metadata: { name: "pod", namespace: "ns", uid, labels: { app: "web" }, annotations: { note: 'a "quoted"\nline' } },
    spec: { containers: [{ name: "main" }], serviceAccountName: "builder", volumes, ...spec },
  };
}
