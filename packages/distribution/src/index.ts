/**
 * OCI references and the OCI distribution protocol: resolve, fetch, push, tags and referrers, with authentication, mirrors and
 * verification. Knows no store.
 *
 * @packageDocumentation
 */
export type { BlobReadOptions } from "./blob-reader.ts";
export type { PushBlobOptions, PushSource } from "./blob-upload.ts";
export { type Challenge, parseChallenges } from "./challenge.ts";
export {
  createDistributionClient,
  type DistributionClient,
  type DistributionClientOptions,
  type HostTls,
  type Mirror,
  type RepositoryOptions,
} from "./client.ts";
export type { Credential, CredentialProvider } from "./credentials.ts";
export {
  type Digest,
  type DigestAlgorithm,
  Digester,
  digestAlgorithm,
  digestHex,
  digestOf,
  isDigest,
  parseDigest,
} from "./digest.ts";
export { type DockerConfigEntry, dockerConfigCredentials, parseDockerConfig } from "./docker-config.ts";
export { DistributionError, type DistributionErrorCode, type DistributionErrorOptions } from "./errors.ts";
export type { ReferrersOptions, TagsOptions } from "./listing.ts";
export {
  type Descriptor,
  type Index,
  type Manifest,
  maxManifestBytes,
  type Platform,
  parseManifest,
} from "./manifest.ts";
export {
  dockerIndexType,
  dockerManifestType,
  isIndexType,
  isManifestType,
  ociEmptyType,
  ociIndexType,
  ociManifestType,
} from "./media-types.ts";
export {
  formatReference,
  imageName,
  parseReference,
  type Reference,
  referenceTarget,
  repositoryName,
  tryParseReference,
} from "./reference.ts";
export type { CallOptions, FetchedManifest, Repository } from "./repository.ts";
export type { RetryOptions } from "./retry.ts";
