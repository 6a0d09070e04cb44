import type { Pod, Volume } from "@wherry/kubernetes";
import type { PodCertificates } from "../certificates/pod-certificates.ts";
import type { NodeFacts } from "../ports/node-facts.ts";
import type { ObjectCache } from "../ports/object-cache.ts";
import type { ServiceAccountTokens } from "../tokens/service-account-tokens.ts";
import type { Payload } from "./atomic-writer.ts";

/** Where the content of volumes comes from. */
export interface VolumeSources {
  readonly objects: Pick<ObjectCache, "configMap" | "secret" | "trustAnchors">;
  readonly tokens: ServiceAccountTokens;
  readonly certificates: PodCertificates;
  readonly node: Pick<NodeFacts, "allocatable">;
}

export interface VolumeRequest<TField extends VolumeField> {
  readonly pod: Pod;
  readonly name: string;
  /** The volume's own field, such as `spec.volumes[].configMap`. */
  readonly spec: NonNullable<Volume[TField]>;
  readonly sources: VolumeSources;
  readonly signal: AbortSignal | undefined;
}

/** Field of a `Volume` that says of which kind it is. */
export type VolumeField = Exclude<keyof Volume, "name">;

/** What containers mount. */
export type MountedVolume =
  | { readonly type: "path"; readonly path: string; readonly readOnly: boolean; readonly sharing: VolumeSharing }
  | { readonly type: "image" };

/**
 * How sub paths are taken: of a `live` volume the path itself, of a `payload` volume a copy, because its files are replaced
 * under their names.
 */
export type VolumeSharing = "live" | "payload";

/** A kind whose files the kubelet writes and keeps up to date; always read-only in containers, as upstream has it. */
export interface PayloadVolumeKind<TField extends VolumeField = VolumeField> {
  readonly type: "payload";
  readonly field: TField;
  /** Directory of the kind in a pod's `volumes` directory, such as `kubernetes.io~configmap`. */
  readonly directoryName: string;
  /** Whether the files may be secret: they are kept off the disk where the node has a memory file system. */
  readonly confidential: boolean;
  /** The files as they are to be now. @throws VolumeFault for what is missing or wrong */
  payload(request: VolumeRequest<TField>): Promise<Payload>;
}

/** A kind that provides a place. */
export interface PlaceVolumeKind<TField extends VolumeField = VolumeField> {
  readonly type: "place";
  readonly field: TField;
  /** Makes the place ready, idempotently. @throws VolumeFault for what is missing or wrong */
  mount(request: VolumeRequest<TField>, places: VolumePlaces): Promise<MountedVolume>;
}

/** Directories that a volume may use on this node; they are removed with the pod. */
export interface VolumePlaces {
  /** Makes the volume's directory below the kubelet's root directory, with these permission bits. */
  directory(directoryName: string, mode: number): Promise<string>;
  /** The same on a file system in memory; undefined where the node has none. */
  readonly memoryDirectory: ((directoryName: string, mode: number) => Promise<string>) | undefined;
}

export type VolumeKind<TField extends VolumeField = VolumeField> = PayloadVolumeKind<TField> | PlaceVolumeKind<TField>;
