import type { Pod, Volume } from "@wherry/kubernetes";

/** Names of what a pod refers to in its own namespace, by resource. */
export interface PodReferences {
  readonly secrets: ReadonlySet<string>;
  readonly configmaps: ReadonlySet<string>;
  readonly serviceaccounts: ReadonlySet<string>;
  readonly persistentvolumeclaims: ReadonlySet<string>;
}

/** Collects what the kubelet must be able to read in order to run `pod`. */
export function referencesOf(pod: Pod): PodReferences {
  const secrets = new Set<string>();
  const configmaps = new Set<string>();
  const serviceaccounts = new Set<string>();
  const persistentvolumeclaims = new Set<string>();
  const { spec } = pod;
  const add = (set: Set<string>, name: string | undefined): void => {
    if (name) set.add(name);
  };
  add(serviceaccounts, spec?.serviceAccountName);
  for (const reference of spec?.imagePullSecrets ?? []) add(secrets, reference.name);
  for (const container of [
    ...(spec?.containers ?? []),
    ...(spec?.initContainers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ]) {
    for (const source of container.envFrom ?? []) {
      add(secrets, source.secretRef?.name);
      add(configmaps, source.configMapRef?.name);
    }
    for (const variable of container.env ?? []) {
      add(secrets, variable.valueFrom?.secretKeyRef?.name);
      add(configmaps, variable.valueFrom?.configMapKeyRef?.name);
    }
  }
  for (const volume of spec?.volumes ?? []) {
    add(secrets, volume.secret?.secretName);
    add(configmaps, volume.configMap?.name);
    add(persistentvolumeclaims, volume.persistentVolumeClaim?.claimName);
    for (const source of volume.projected?.sources ?? []) {
      add(secrets, source.secret?.name);
      add(configmaps, source.configMap?.name);
    }
    add(secrets, driverSecret(volume));
  }
  return { secrets, configmaps, serviceaccounts, persistentvolumeclaims };
}

function driverSecret(volume: Volume): string | undefined {
  return volume.csi?.nodePublishSecretRef?.name;
}
