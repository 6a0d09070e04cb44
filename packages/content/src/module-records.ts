import type { Digest } from "@wherry/distribution";
import type { ModuleImage } from "./module-image.ts";
import type { StoreContext } from "./store-context.ts";
import type { WasmKind } from "./wasm-kind.ts";

/** What was found out about a module when it was first looked at. */
export interface ModuleRecord {
  readonly digest: Digest;
  readonly kind: WasmKind;
  readonly sizeBytes: number;
}

const maxResolved = 1000;

/** Findings about modules, kept with the blob or snapshot they are of. */
export class ModuleRecords {
  readonly #context: StoreContext;
  /** Answers given before, the one used last at the end; dropped as soon as anything may have been removed. */
  readonly #resolved: Map<string, ModuleImage> = new Map();
  #foreignVersion = -1;

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

  /** An earlier answer of `resolveModuleImage`. */
  resolved(key: string): ModuleImage | undefined {
    const { foreignVersion } = this.#context.database;
    if (foreignVersion !== this.#foreignVersion) this.forget();
    this.#foreignVersion = foreignVersion;
    const image = this.#resolved.get(key);
    if (image !== undefined) {
      this.#resolved.delete(key);
      this.#resolved.set(key, image);
    }
    return image;
  }

  remember(key: string, image: ModuleImage): void {
    this.#resolved.set(key, image);
    if (this.#resolved.size <= maxResolved) return;
    const oldest = this.#resolved.keys().next().value;
    if (oldest !== undefined) this.#resolved.delete(oldest);
  }

  /** Drops earlier answers. */
  forget(): void {
    this.#resolved.clear();
  }
}
