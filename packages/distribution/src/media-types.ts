/** Media types of manifests and indexes. */
export const ociManifestType = "application/vnd.oci.image.manifest.v1+json";
export const ociIndexType = "application/vnd.oci.image.index.v1+json";
export const dockerManifestType = "application/vnd.docker.distribution.manifest.v2+json";
export const dockerIndexType = "application/vnd.docker.distribution.manifest.list.v2+json";
/** Docker's signed and unsigned schema 1, which is refused. */
export const dockerSchema1Types: readonly string[] = [
  "application/vnd.docker.distribution.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v1+prettyjws",
];
/** The empty JSON object as a descriptor's content (OCI image specification v1.1, "Guidance for an Empty Descriptor"). */
export const ociEmptyType = "application/vnd.oci.empty.v1+json";

/** Value of the Accept header for manifests; some registries refuse a request that lists too little. */
export const manifestAccept: string = [
  ociManifestType,
  ociIndexType,
  dockerManifestType,
  dockerIndexType,
  "*/*;q=0.1",
].join(", ");

/** Whether a media type is that of an index: OCI's, or Docker's manifest list. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === ociIndexType || mediaType === dockerIndexType;
}

/** Whether a media type is that of the manifest of one image: OCI's, or Docker's schema 2. */
export function isManifestType(mediaType: string): boolean {
  return mediaType === ociManifestType || mediaType === dockerManifestType;
}
