import { join } from "node:path";
import { type Digest, digestAlgorithm, digestHex } from "@wherry/distribution";

/** Places below a store's directory. All of them are on one file system, so that renaming moves between them. */
export class StorePaths {
  readonly directory: string;
  readonly metadata: string;
  readonly blobs: string;
  readonly ingest: string;
  readonly snapshots: string;
  /** What was removed but not yet deleted. */
  readonly trash: string;

  constructor(directory: string) {
    this.directory = directory;
    this.metadata = join(directory, "metadata.db");
    this.blobs = join(directory, "blobs");
    this.ingest = join(directory, "ingest");
    this.snapshots = join(directory, "snapshots");
    this.trash = join(directory, "trash");
  }

  blob(digest: Digest): string {
    return join(this.blobs, digestAlgorithm(digest), digestHex(digest));
  }

  blobDirectory(digest: Digest): string {
    return join(this.blobs, digestAlgorithm(digest));
  }

  snapshot(chainId: Digest): string {
    return join(this.snapshots, `${digestAlgorithm(chainId)}-${digestHex(chainId)}`);
  }

  ingestDirectory(name: string): string {
    return join(this.ingest, name);
  }
}
