import { DatabaseSync } from "node:sqlite";

export interface ManifestRecord {
  readonly digest: string;
  readonly mediaType: string;
  /** Digest of the manifest this one refers to (`subject`), if any. */
  readonly subject: string | undefined;
  readonly artifactType: string | undefined;
}

/** Which manifests and tags each repository has; content is in the blob files. */
export class ManifestTable implements Disposable {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec(`
      PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS manifests (repository TEXT, digest TEXT, media_type TEXT NOT NULL, subject TEXT, artifact_type TEXT,
        PRIMARY KEY (repository, digest)) STRICT;
      CREATE TABLE IF NOT EXISTS tags (repository TEXT, tag TEXT, digest TEXT NOT NULL, PRIMARY KEY (repository, tag)) STRICT`);
  }

  put(repository: string, record: ManifestRecord, tag: string | undefined): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      this.#database
        .prepare("INSERT OR REPLACE INTO manifests VALUES (?, ?, ?, ?, ?)")
        .run(repository, record.digest, record.mediaType, record.subject ?? null, record.artifactType ?? null);
      if (tag !== undefined)
        this.#database.prepare("INSERT OR REPLACE INTO tags VALUES (?, ?, ?)").run(repository, tag, record.digest);
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** A manifest by digest, or by tag. */
  get(repository: string, reference: string): ManifestRecord | undefined {
    const digest = reference.includes(":")
      ? reference
      : this.#database.prepare("SELECT digest FROM tags WHERE repository = ? AND tag = ?").get(repository, reference)?.[
          "digest"
        ];
    if (digest === undefined) return undefined;
    const row = this.#database
      .prepare("SELECT * FROM manifests WHERE repository = ? AND digest = ?")
      .get(repository, String(digest));
    return row && recordOf(row);
  }

  /** Removes a tag, or a manifest with its tags; false if there is none. */
  delete(repository: string, reference: string): boolean {
    if (!reference.includes(":")) {
      return (
        this.#database.prepare("DELETE FROM tags WHERE repository = ? AND tag = ?").run(repository, reference).changes >
        0
      );
    }
    this.#database.prepare("DELETE FROM tags WHERE repository = ? AND digest = ?").run(repository, reference);
    return (
      this.#database.prepare("DELETE FROM manifests WHERE repository = ? AND digest = ?").run(repository, reference)
        .changes > 0
    );
  }

  /** Up to `limit` tags after `last`, in order; undefined for a repository that has nothing. */
  tags(repository: string, last: string, limit: number): string[] | undefined {
    if (this.#database.prepare("SELECT 1 FROM manifests WHERE repository = ? LIMIT 1").get(repository) === undefined)
      return undefined;
    return this.#database
      .prepare("SELECT tag FROM tags WHERE repository = ? AND tag > ? ORDER BY tag LIMIT ?")
      .all(repository, last, limit)
      .map((row) => String(row["tag"]));
  }

  repositories(last: string, limit: number): string[] {
    return this.#database
      .prepare("SELECT DISTINCT repository FROM manifests WHERE repository > ? ORDER BY repository LIMIT ?")
      .all(last, limit)
      .map((row) => String(row["repository"]));
  }

  referrers(repository: string, subject: string): ManifestRecord[] {
    return this.#database
      .prepare("SELECT * FROM manifests WHERE repository = ? AND subject = ?")
      .all(repository, subject)
      .map(recordOf);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

function recordOf(row: Readonly<Record<string, unknown>>): ManifestRecord {
  const text = (name: string) => (row[name] === null ? undefined : String(row[name]));
  return {
    digest: String(row["digest"]),
    mediaType: String(row["media_type"]),
    subject: text("subject"),
    artifactType: text("artifact_type"),
  };
}
