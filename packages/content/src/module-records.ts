import type { Digest } from "@wherry/distribution";
import type { StoreContext } from "./store-context.ts";
import type { WasmKind } from "./wasm-kind.ts";

/** What was found out about a module when it was first looked at. */
export interface ModuleRecord {
  readonly digest: Digest;
  readonly kind: WasmKind;
  readonly sizeBytes: number;
}

/** Findings about modules, kept with the blob or snapshot they are of. */
export class ModuleRecords {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /** @param owner digest of the blob or chain ID of the snapshot; @param path of the file in the snapshot, empty for a blob */
  get(owner: Digest, path: string): ModuleRecord | undefined {
    const row = this.#context.database.get("SELECT * FROM modules WHERE digest = ? AND path = ?", owner, path);
    if (row === undefined) return undefined;
    return {
      digest: String(row["module_digest"]) as Digest,
      kind: row["kind"] === "component" ? "component" : "module",
      sizeBytes: Number(row["size_bytes"]),
    };
  }

  async put(owner: Digest, path: string, record: ModuleRecord): Promise<void> {
    await this.#context.database.write((transaction) => {
      transaction.run(
        "INSERT OR REPLACE INTO modules (digest, path, module_digest, kind, size_bytes) VALUES (?, ?, ?, ?, ?)",
        owner,
        path,
        record.digest,
        record.kind,
        record.sizeBytes,
      );
    });
  }
}
