import type { Digest } from "@wherry/distribution";
import { deleteLabels, type Labels, readLabels, setLabels } from "./labels.ts";
import type { Row, Transaction } from "./metadata-database.ts";
import type { StoreContext } from "./store-context.ts";

/** A name and what it stands for. */
export interface Image {
  /** `docker.io/library/nginx:1`, or `docker.io/library/nginx@sha256:…`. */
  readonly name: string;
  /** Digest of what the name stands for at its registry: a manifest or an index. */
  readonly digest: Digest;
  readonly mediaType: string;
  /** Digest of the manifest chosen for this machine; `digest` itself unless that is an index. */
  readonly manifestDigest: Digest;
  /** Digest of the configuration: the image's ID. */
  readonly configDigest: Digest;
  /** Manifest, configuration and layers as they came over the network. */
  readonly sizeBytes: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly lastUsedAtMs: number;
  readonly labels: Labels;
}

export type NewImage = Pick<
  Image,
  "name" | "digest" | "mediaType" | "manifestDigest" | "configDigest" | "sizeBytes"
> & {
  readonly labels?: Labels;
};

/** Use of an image is written down at most so often. */
const touchIntervalMs = 60_000;

/** The named images of a store; each name is a root for garbage collection. */
export class Images {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /** The image of exactly this name. */
  get(name: string): Image | undefined {
    const row = this.#context.database.get("SELECT * FROM images WHERE name = ?", name);
    return row === undefined ? undefined : this.#read(row);
  }

  /** Images whose configuration (image ID) or target has this digest, by name. */
  findByDigest(digest: string): Image[] {
    return this.#context.database
      .all("SELECT * FROM images WHERE config_digest = ?1 OR digest = ?1 OR manifest_digest = ?1 ORDER BY name", digest)
      .map((row) => this.#read(row));
  }

  list(): Image[] {
    return this.#context.database.all("SELECT * FROM images ORDER BY name").map((row) => this.#read(row));
  }

  /** Sets what names stand for, all of them or none; their labels are replaced. */
  async put(...images: readonly NewImage[]): Promise<void> {
    const nowMs = this.#context.clock.now();
    await this.#context.database.write((transaction) => {
      for (const image of images) putImage(transaction, image, nowMs);
    });
  }

  /** Notes that an image is in use now. */
  async touch(name: string): Promise<void> {
    const nowMs = this.#context.clock.now();
    const image = this.get(name);
    if (image === undefined || nowMs - image.lastUsedAtMs < touchIntervalMs) return;
    await this.#context.database.write((transaction) => {
      transaction.run("UPDATE images SET last_used_at_ms = ? WHERE name = ?", nowMs, name);
    });
  }

  /** Forgets names; the content goes with the next garbage collection. Answers how many were there. */
  async delete(...names: readonly string[]): Promise<number> {
    return this.#context.database.write((transaction) => {
      let deleted = 0;
      for (const name of names) {
        deleted += transaction.run("DELETE FROM images WHERE name = ?", name);
        deleteLabels(transaction, "image", name);
      }
      return deleted;
    });
  }

  #read(row: Row): Image {
    const name = String(row["name"]);
    return {
      name,
      digest: String(row["digest"]) as Digest,
      mediaType: String(row["media_type"]),
      manifestDigest: String(row["manifest_digest"]) as Digest,
      configDigest: String(row["config_digest"]) as Digest,
      sizeBytes: Number(row["size_bytes"]),
      createdAtMs: Number(row["created_at_ms"]),
      updatedAtMs: Number(row["updated_at_ms"]),
      lastUsedAtMs: Number(row["last_used_at_ms"]),
      labels: readLabels(this.#context.database, "image", name),
    };
  }
}

function putImage(transaction: Transaction, image: NewImage, nowMs: number): void {
  transaction.run(
    `INSERT INTO images
       (name, digest, media_type, manifest_digest, config_digest, size_bytes, created_at_ms, updated_at_ms, last_used_at_ms)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?7)
     ON CONFLICT DO UPDATE SET digest = ?2, media_type = ?3, manifest_digest = ?4, config_digest = ?5, size_bytes = ?6,
       updated_at_ms = ?7, last_used_at_ms = ?7`,
    image.name,
    image.digest,
    image.mediaType,
    image.manifestDigest,
    image.configDigest,
    image.sizeBytes,
    nowMs,
  );
  deleteLabels(transaction, "image", image.name);
  setLabels(transaction, "image", image.name, image.labels ?? {});
}
