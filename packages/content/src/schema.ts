/**
 * Migrations of the metadata, in order; the number of those applied is the database's `user_version`. One that was released is
 * never changed, only followed by another.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE blobs (
    digest TEXT PRIMARY KEY,
    size_bytes INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- Of blobs, images, leases and snapshots; labels that start with containerd.io/gc.ref. are references.
  CREATE TABLE labels (
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (kind, owner, name)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE images (
    name TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    manifest_digest TEXT NOT NULL,
    config_digest TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    last_used_at_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX images_by_digest ON images (digest);
  CREATE INDEX images_by_config ON images (config_digest);

  CREATE TABLE leases (
    id TEXT PRIMARY KEY,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER,
    -- Process that holds it; a lease of a process that is gone ends.
    process TEXT
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE lease_resources (
    lease TEXT NOT NULL REFERENCES leases (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (lease, kind, key)
  ) STRICT, WITHOUT ROWID;

  -- Unfinished work in directories below ingest/: blobs on their way in, file systems being unpacked.
  CREATE TABLE ingests (
    key TEXT PRIMARY KEY,
    directory TEXT NOT NULL UNIQUE,
    resumable INTEGER NOT NULL,
    process TEXT,
    started_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE snapshots (
    chain_id TEXT PRIMARY KEY,
    size_bytes INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    -- Start of the machine it was written under, where it might not have reached the disk by the next one.
    boot TEXT,
    created_at_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- What is known of modules that were looked at, so that they are looked at once.
  CREATE TABLE modules (
    digest TEXT NOT NULL,
    path TEXT NOT NULL,
    module_digest TEXT NOT NULL,
    kind TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (digest, path)
  ) STRICT, WITHOUT ROWID;
  `,
];
