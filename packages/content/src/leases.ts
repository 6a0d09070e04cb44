import { randomUUID } from "node:crypto";
import type { Digest } from "@wherry/distribution";
import { ContentError } from "./errors.ts";
import { deleteLabels, type Labels, readLabels, setLabels } from "./labels.ts";
import type { Row, Transaction } from "./metadata-database.ts";
import type { StoreContext } from "./store-context.ts";

export interface Lease {
  readonly id: string;
  readonly createdAtMs: number;
  /** Undefined for one that ends only when it is deleted. */
  readonly expiresAtMs: number | undefined;
  readonly labels: Labels;
}

export interface LeaseOptions {
  /** @default a random one */
  readonly id?: string;
  readonly lifetimeMs?: number;
  readonly labels?: Labels;
  /** Ends the lease with this process, however that ends. @default false */
  readonly ofThisProcess?: boolean;
}

/** Something a lease keeps. */
export interface LeaseResource {
  readonly kind: "blob" | "snapshot";
  /** Digest of the blob, chain ID of the snapshot. */
  readonly key: Digest;
}

/** Protection of blobs and snapshots, and of all they refer to, from garbage collection. */
export class Leases {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /** Creates a lease; one of the same ID is kept with its resources, and its end is set anew. */
  async create(options: LeaseOptions = {}): Promise<Lease> {
    const { id = randomUUID(), lifetimeMs, labels = {}, ofThisProcess = false } = options;
    const nowMs = this.#context.clock.now();
    const expiresAtMs = lifetimeMs === undefined ? undefined : nowMs + lifetimeMs;
    await this.#context.database.write((transaction) => {
      transaction.run(
        `INSERT INTO leases (id, created_at_ms, expires_at_ms, process) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET expires_at_ms = excluded.expires_at_ms, process = excluded.process`,
        id,
        nowMs,
        expiresAtMs ?? null,
        ofThisProcess ? this.#context.process.self : null,
      );
      setLabels(transaction, "lease", id, labels);
    });
    return { id, createdAtMs: nowMs, expiresAtMs, labels };
  }

  /** Adds resources; throws `ContentError` of code `NotFound` for an unknown lease. */
  async add(id: string, resources: readonly LeaseResource[]): Promise<void> {
    await this.#context.database.write((transaction) => {
      for (const resource of resources) addToLease(transaction, id, resource);
    });
  }

  async remove(id: string, resource: LeaseResource): Promise<void> {
    await this.#context.database.write((transaction) => {
      transaction.run(
        "DELETE FROM lease_resources WHERE lease = ? AND kind = ? AND key = ?",
        id,
        resource.kind,
        resource.key,
      );
    });
  }

  resources(id: string): LeaseResource[] {
    return this.#context.database
      .all("SELECT kind, key FROM lease_resources WHERE lease = ? ORDER BY kind, key", id)
      .map(({ kind, key }) => ({ kind: kind as LeaseResource["kind"], key: key as Digest }));
  }

  list(): Lease[] {
    const { database } = this.#context;
    return database.all("SELECT * FROM leases ORDER BY id").map((row) => this.#read(row));
  }

  /** Ends a lease; what it alone kept goes with the next garbage collection. Idempotent. */
  async delete(id: string): Promise<void> {
    await this.#context.database.write((transaction) => deleteLease(transaction, id));
  }

  #read(row: Row): Lease {
    const id = String(row["id"]);
    return {
      id,
      createdAtMs: Number(row["created_at_ms"]),
      expiresAtMs: row["expires_at_ms"] === null ? undefined : Number(row["expires_at_ms"]),
      labels: readLabels(this.#context.database, "lease", id),
    };
  }
}

export function addToLease(transaction: Transaction, lease: string, { kind, key }: LeaseResource): void {
  if (transaction.get("SELECT 1 FROM leases WHERE id = ?", lease) === undefined)
    throw new ContentError("NotFound", `Lease ${JSON.stringify(lease)} does not exist`);
  transaction.run("INSERT OR IGNORE INTO lease_resources (lease, kind, key) VALUES (?, ?, ?)", lease, kind, key);
}

export function deleteLease(transaction: Transaction, id: string): void {
  transaction.run("DELETE FROM leases WHERE id = ?", id);
  deleteLabels(transaction, "lease", id);
}
