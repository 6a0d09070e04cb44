/** Names an image as the pod's author did, or by a resolved reference. */
export interface ImageSpec {
  readonly image: string;
  /** `RuntimeClass.handler` the image is for; empty for the default. */
  readonly runtimeHandler?: string | undefined;
}

export interface Image {
  /** `sha256:…` of the image's configuration. */
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly sizeBytes: number;
  readonly pinned: boolean;
}

export interface ImageStatus extends Image {
  /** Reference of this image to report as `imageID`, `repo@sha256:…`. */
  readonly ref: string;
}

/** Credentials for one pull; as CRI's `AuthConfig`. Never logged. */
export interface AuthConfig {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly auth?: string | undefined;
  readonly serverAddress?: string | undefined;
  readonly identityToken?: string | undefined;
  readonly registryToken?: string | undefined;
}

export interface PullProgress {
  readonly digest: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface FilesystemUsage {
  readonly mountpoint: string;
  readonly usedBytes: number;
  readonly inodesUsed: number;
}
