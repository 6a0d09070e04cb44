import type { Digest } from "@wherry/distribution";
import { type Labels, setLabels } from "./labels.ts";
import { addToLease } from "./leases.ts";
import type { Transaction } from "./metadata-database.ts";

export interface BlobInfo {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly createdAtMs: number;
}

export interface NewBlob extends BlobInfo {
  readonly labels: Labels;
  readonly lease: string | undefined;
}

/** Enters a blob within a transaction; `moveIntoPlace` is called only when there is none yet. */
export function addBlob(transaction: Transaction, blob: NewBlob, moveIntoPlace: () => void): void {
  const { digest, sizeBytes, createdAtMs, labels, lease } = blob;
  if (transaction.get("SELECT 1 FROM blobs WHERE digest = ?", digest) === undefined) {
    moveIntoPlace();
    transaction.run(
      "INSERT INTO blobs (digest, size_bytes, created_at_ms) VALUES (?, ?, ?)",
      digest,
      sizeBytes,
      createdAtMs,
    );
  }
  setLabels(transaction, "blob", digest, labels);
  if (lease !== undefined) addToLease(transaction, lease, { kind: "blob", key: digest });
}
