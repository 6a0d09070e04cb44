import {
  formatQuantity,
  type Pod,
  podEphemeralStorageLimit,
  type Quantity,
  quantityValue,
  tryParseQuantity,
} from "@wherry/kubernetes";

/** What a pod may take up of the node's local storage. */
export interface LocalStorageLimits {
  /** `sizeLimit` of its `emptyDir` volumes of any medium, by name. */
  readonly volumes: ReadonlyMap<string, Quantity>;
  /** `ephemeral-storage` of its app containers, by name. */
  readonly containers: ReadonlyMap<string, Quantity>;
  /** For all its containers and the volumes of {@link countedVolumes} together. */
  readonly pod: Quantity | undefined;
}

/** What a pod takes up of the node's local storage, in bytes; what is left out takes up nothing. */
export interface LocalStorageUsage {
  readonly volumes: ReadonlyMap<string, number>;
  /** Logs of all instances, with the rotated ones, by container. */
  readonly containers: ReadonlyMap<string, number>;
  readonly podBytes: number;
}

/** A limit that a pod exceeds. */
export interface ExceededLimit {
  /** Upstream's name of it, for metrics. */
  readonly signal: "emptydirfs.limit" | "ephemeralpodfs.limit" | "ephemeralcontainerfs.limit";
  /** Upstream's words, with the blank that they end with. */
  readonly message: string;
}

const zero: Quantity = { nano: 0n, format: "decimalSi" };

/**
 * The limits that the pod's spec sets; undefined where there are none. Of a volume and of a container alone 0 is no limit, but for the
 * pod it is one, as upstream has it.
 */
export function localStorageLimits({ spec }: Pod): LocalStorageLimits | undefined {
  const { volumes = [], containers = [] } = spec ?? {};
  const limits: LocalStorageLimits = {
    volumes: positive(volumes.map(({ name, emptyDir }) => [name, emptyDir?.sizeLimit])),
    containers: positive(containers.map(({ name, resources }) => [name, resources?.limits?.["ephemeral-storage"]])),
    pod: podEphemeralStorageLimit(spec ?? { containers: [] }),
  };
  return limits.volumes.size === 0 && limits.pod === undefined ? undefined : limits;
}

/** Names of the pod's volumes on the node's disk that live and count with it: config maps, and `emptyDir` of the default medium. */
export function countedVolumes({ spec }: Pod): string[] {
  return (spec?.volumes ?? [])
    .filter(({ configMap, emptyDir }) => configMap !== undefined || (emptyDir !== undefined && !emptyDir.medium))
    .map(({ name }) => name);
}

/** The limit that a pod is to be evicted for, looked for in upstream's order; undefined where it keeps all. Pure. */
export function exceededLimit(limits: LocalStorageLimits, usage: LocalStorageUsage): ExceededLimit | undefined {
  const volume = firstOver(limits.volumes, usage.volumes);
  if (volume !== undefined) {
    const message = `Usage of EmptyDir volume "${volume.name}" exceeds the limit "${volume.limit}". `;
    return { signal: "emptydirfs.limit", message };
  }
  if (limits.pod !== undefined && usage.podBytes > quantityValue(limits.pod)) {
    const limit = formatQuantity(limits.pod);
    const message = `Pod ephemeral local storage usage exceeds the total limit of containers ${limit}. `;
    return { signal: "ephemeralpodfs.limit", message };
  }
  const container = firstOver(limits.containers, usage.containers);
  if (container === undefined) return undefined;
  const message = `Container ${container.name} exceeded its local ephemeral storage limit "${container.limit}". `;
  return { signal: "ephemeralcontainerfs.limit", message };
}

function firstOver(
  limits: ReadonlyMap<string, Quantity>,
  usage: ReadonlyMap<string, number>,
): { readonly name: string; readonly limit: string } | undefined {
  for (const [name, limit] of limits)
    if ((usage.get(name) ?? 0) > quantityValue(limit)) return { name, limit: formatQuantity(limit) };
  return undefined;
}

function positive(
  texts: readonly (readonly [name: string, text: string | undefined])[],
): ReadonlyMap<string, Quantity> {
  const quantities = texts.map(([name, text]) => [name, tryParseQuantity(text ?? "") ?? zero] as const);
  return new Map(quantities.filter(([, { nano }]) => nano > 0n));
}
