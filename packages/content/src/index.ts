/**
 * A content-addressed store with images, leases and garbage collection, and the transfer between it and OCI registries.
 *
 * @packageDocumentation
 */
export type { BlobInfo } from "./blob-record.ts";
export type { Blobs, IngestOptions, ReadOptions } from "./blobs.ts";
export { type ContentStore, type ContentStoreOptions, openContentStore, type Usage } from "./content-store.ts";
export { ContentError, type ContentErrorCode } from "./errors.ts";
export type { GarbageCollectionOptions, GarbageCollectionResult } from "./garbage-collection.ts";
export { type ImageConfig, parseImageConfig } from "./image-config.ts";
export type { Image, Images, NewImage } from "./images.ts";
export type { CommitOptions, Ingest, IngestTarget } from "./ingest.ts";
export type { IngestFile, IngestFiles } from "./ingest-files.ts";
export { contentReferenceLabel, type Labels, snapshotReferenceLabel } from "./labels.ts";
export type { LayerCompression } from "./layer-decompression.ts";
export type { UnpackLimits } from "./layer-limits.ts";
export type { Lease, LeaseOptions, LeaseResource, Leases } from "./leases.ts";
export {
  type ModuleImage,
  type ModuleImageForm,
  type ResolveModuleOptions,
  resolveModuleImage,
} from "./module-image.ts";
export { defaultPlatforms, type PlatformPreference } from "./platform.ts";
export type { ProcessIdentity } from "./process-identity.ts";
export { type PulledImage, type PullOptions, pullImage, type TransferProgress } from "./pull-image.ts";
export { type ModuleSource, type PushedModule, type PushModuleOptions, pushModule } from "./push-module.ts";
export type { SnapshotInfo, Snapshots, WrittenSnapshot } from "./snapshots.ts";
export { readStoredImage, type StoredImage } from "./stored-image.ts";
export { readTar, type TarEntry, type TarEntryType } from "./tar-reader.ts";
export type { UnpackJob, UnpackLayer } from "./unpack-job.ts";
export type { LayerUnpacker } from "./unpacker.ts";
export { resolveVolumeImage, type VolumeImage, type VolumeImageOptions } from "./volume-image.ts";
export type { WasmKind } from "./wasm-kind.ts";
export { wasmConfigV0Type, wasmConfigV1Type, wasmContentLayerType, wasmLayerType } from "./wasm-media-types.ts";
