import type { Container, EphemeralContainer, Pod, Volume } from "@wherry/kubernetes";
import type { TrustBundleSelection } from "../ports/object-cache.ts";
import { trustBundleSelection } from "./trust-bundles.ts";

/** Kinds of objects that pods refer to and the kubelet reads one by one. */
export type ReferencedKind = "ConfigMap" | "Secret";

export interface ObjectReference {
  readonly kind: ReferencedKind;
  readonly namespace: string;
  readonly name: string;
}

/**
 * Every config map and secret a pod refers to, each once: from the environment of containers of every kind, from volumes and
 * projections, and its image pull secrets. Pure.
 *
 * References of volume kinds that this node refuses are left out, so that it does not read secrets it has no use for.
 */
export function referencedObjects(pod: Pod): ObjectReference[] {
  const namespace = pod.metadata?.namespace ?? "default";
  const found = new Map<string, ObjectReference>();
  const add = (kind: ReferencedKind, name: string | undefined) => {
    if (name) found.set(`${kind}/${name}`, { kind, namespace, name });
  };
  const { spec } = pod;
  const containers: readonly (Container | EphemeralContainer)[] = [
    ...(spec?.initContainers ?? []),
    ...(spec?.containers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ];
  for (const container of containers) addContainer(container, add);
  for (const volume of spec?.volumes ?? []) addVolume(volume, add);
  for (const secret of spec?.imagePullSecrets ?? []) add("Secret", secret.name);
  return [...found.values()];
}

/** The selections of cluster trust bundles that a pod's volumes project. Pure. */
export function trustBundleSelections(pod: Pod): TrustBundleSelection[] {
  const sources = (pod.spec?.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
  return sources.flatMap(({ clusterTrustBundle }) => {
    const selection = clusterTrustBundle && trustBundleSelection(clusterTrustBundle);
    return selection === undefined ? [] : [selection];
  });
}

type Add = (kind: ReferencedKind, name: string | undefined) => void;

function addContainer(container: Container | EphemeralContainer, add: Add): void {
  for (const source of container.envFrom ?? []) {
    add("ConfigMap", source.configMapRef?.name);
    add("Secret", source.secretRef?.name);
  }
  for (const { valueFrom } of container.env ?? []) {
    add("ConfigMap", valueFrom?.configMapKeyRef?.name);
    add("Secret", valueFrom?.secretKeyRef?.name);
  }
}

function addVolume(volume: Volume, add: Add): void {
  add("ConfigMap", volume.configMap?.name);
  add("Secret", volume.secret?.secretName);
  for (const source of volume.projected?.sources ?? []) {
    add("ConfigMap", source.configMap?.name);
    add("Secret", source.secret?.name);
  }
}
