import { ContentError } from "./errors.ts";
import type { MetadataDatabase, Transaction } from "./metadata-database.ts";

export type Labels = Readonly<Record<string, string>>;

export type LabelKind = "blob" | "image" | "lease" | "snapshot";

/** Label of a blob that refers to another blob (bare, or with a suffix after `.` or `/`), as containerd's garbage collector reads it. */
export const contentReferenceLabel = "containerd.io/gc.ref.content";
/** Label of a blob that refers to a snapshot. */
export const snapshotReferenceLabel = "containerd.io/gc.ref.snapshot.wherry";

/** Bound on key and value together, containerd's. */
const maxLabelBytes = 4096;

export function readLabels(
  database: MetadataDatabase | Transaction,
  kind: LabelKind,
  owner: string,
): Record<string, string> {
  const rows = database.all("SELECT name, value FROM labels WHERE kind = ? AND owner = ?", kind, owner);
  return Object.fromEntries(rows.map(({ name, value }) => [String(name), String(value)]));
}

/** Sets labels; an empty value removes one. Others are kept. */
export function setLabels(transaction: Transaction, kind: LabelKind, owner: string, labels: Labels): void {
  for (const [name, value] of Object.entries(labels)) {
    if (Buffer.byteLength(name) + Buffer.byteLength(value) > maxLabelBytes)
      throw new ContentError(
        "TooLarge",
        `Label ${JSON.stringify(name.slice(0, 64))} of ${owner} is longer than ${maxLabelBytes} bytes`,
      );
    if (value === "")
      transaction.run("DELETE FROM labels WHERE kind = ? AND owner = ? AND name = ?", kind, owner, name);
    else
      transaction.run(
        "INSERT INTO labels (kind, owner, name, value) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        kind,
        owner,
        name,
        value,
      );
  }
}

export function deleteLabels(transaction: Transaction, kind: LabelKind, owner: string): void {
  transaction.run("DELETE FROM labels WHERE kind = ? AND owner = ?", kind, owner);
}
