import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { FakeClock, systemClock } from "@wherry/base";
import { type Digest, digestOf } from "@wherry/distribution";
import { describe, expect, test } from "vitest";
import {
  type ContentStore,
  contentReferenceLabel,
  type IngestFiles,
  openContentStore,
  snapshotReferenceLabel,
} from "../src/index.ts";
import { nodeIngestFiles } from "../src/ingest-files.ts";
import type { ProcessIdentity } from "../src/process-identity.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const content = Buffer.alloc(3_000_000, "content ");
const target = { digest: digestOf(content), sizeBytes: content.length };

async function* pieces(bytes: Buffer, offset = 0, pieceBytes = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = offset; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

/** The identity of one of several made-up processes; those in `dead` are gone. */
function identity(name: string, dead: ReadonlySet<string> = new Set()): ProcessIdentity {
  return { self: name, boot: "boot", isAlive: (mark) => !dead.has(mark) };
}

function blobFile(store: ContentStore, digest: Digest): string {
  return join(store.directory, "blobs/sha256", digest.slice(7));
}

describe("Blobs.ingest()", () => {
  test("stores, protects and reads a blob", async () => {
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path });
    const progress: number[] = [];
    await store.blobs.ingest(target, (offset) => pieces(content, offset), {
      onProgress: (done) => progress.push(done),
    });
    expect(store.blobs.info(target.digest)).toMatchObject(target);
    expect(readFileSync(store.blobs.path(target.digest)).equals(content)).toBe(true);
    expect(statSync(store.blobs.path(target.digest)).mode & 0o777).toBe(0o444);
    expect(progress.at(-1)).toBe(content.length);
    const part: Uint8Array[] = [];
    for await (const chunk of store.blobs.read(target.digest, { offset: 10, lengthBytes: 20 }))
      part.push(chunk as Uint8Array);
    expect(Buffer.concat(part).equals(content.subarray(10, 30))).toBe(true);
    expect(store.usage()).toMatchObject({ blobBytes: content.length, inodes: 1 });
    expect(readdirSync(join(directory.path, "ingest"))).toEqual([]);
  });

  test("asks for the content once when several want it at the same time, and not when it is there", async () => {
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path });
    let opened = 0;
    const source = (offset: number) => {
      opened++;
      return pieces(content, offset);
    };
    await Promise.all(Array.from({ length: 10 }, () => store.blobs.ingest(target, source)));
    await store.blobs.ingest(target, source);
    expect(opened).toBe(1);
  });

  test("goes on for those who still wait when the first one gives up", async () => {
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path });
    const abort = new AbortController();
    const gate = Promise.withResolvers<void>();
    const source = async function* (offset: number) {
      await gate.promise;
      yield* pieces(content, offset);
    };
    const first = store.blobs.ingest(target, source, { signal: abort.signal });
    const second = store.blobs.ingest(target, source);
    abort.abort(new Error("first gave up"));
    await expect(first).rejects.toThrow("first gave up");
    gate.resolve();
    await second;
    expect(store.blobs.has(target.digest)).toBe(true);
  });

  test("is stopped when everybody gave up, and a later call resumes where it was", async () => {
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path });
    const abort = new AbortController();
    const source = async function* (offset: number, signal: AbortSignal) {
      yield* pieces(content.subarray(0, 2_000_000), offset);
      abort.abort(new Error("pod deleted"));
      await systemClock.sleep(60_000, signal);
    };
    await expect(store.blobs.ingest(target, source, { signal: abort.signal })).rejects.toThrow("pod deleted");
    const offsets: number[] = [];
    await store.blobs.ingest(target, (offset) => {
      offsets.push(offset);
      return pieces(content, offset);
    });
    expect(offsets).toEqual([2_000_000]);
    expect(store.blobs.has(target.digest)).toBe(true);
  });

  test("refuses wrong, short and long content and keeps nothing of it", async () => {
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path });
    const wrong = Buffer.from(content).fill("X", 5, 6);
    await expect(store.blobs.ingest(target, () => pieces(wrong))).rejects.toMatchObject({ code: "DigestMismatch" });
    const long = Buffer.concat([content, Buffer.from("x")]);
    await expect(store.blobs.ingest(target, () => pieces(long))).rejects.toMatchObject({ code: "SizeMismatch" });
    const short = content.subarray(0, 100);
    await expect(store.blobs.ingest(target, () => pieces(short))).rejects.toMatchObject({ code: "SizeMismatch" });
    expect(store.blobs.list()).toEqual([]);
    expect(readdirSync(join(directory.path, "ingest"))).toEqual([]);
    await store.blobs.ingest(target, (offset) => pieces(content, offset));
  });

  test("fetches again from the beginning when what was resumed is damaged", async () => {
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path });
    const ingest = await store.blobs.openIngest(target);
    await ingest.write(Buffer.alloc(1000, "damaged"));
    await ingest.close();
    const offsets: number[] = [];
    await store.blobs.ingest(target, (offset) => {
      offsets.push(offset);
      return pieces(content, offset);
    });
    expect(offsets).toEqual([1000, 0]);
    expect(readFileSync(store.blobs.path(target.digest)).equals(content)).toBe(true);
  });

  test("a full disk is reported and its space given back", async () => {
    using directory = temporaryDirectory();
    let written = 0;
    const files: IngestFiles = {
      ...nodeIngestFiles,
      open: async (path) => {
        const file = await nodeIngestFiles.open(path);
        return {
          sizeBytes: file.sizeBytes,
          write: async (chunks, position) => {
            written += chunks.reduce((sum, { length }) => sum + length, 0);
            if (written > 1_500_000) throw Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" });
            await file.write(chunks, position);
          },
          read: (buffer, position) => file.read(buffer, position),
          truncate: (size) => file.truncate(size),
          sync: () => file.sync(),
          makeReadOnly: () => file.makeReadOnly(),
          close: () => file.close(),
        };
      },
    };
    await using store = await openContentStore({ directory: directory.path, files });
    await expect(store.blobs.ingest(target, () => pieces(content))).rejects.toMatchObject({
      code: "NoSpace",
      retryable: true,
      message: `Cannot store ${target.digest}: no space is left on the device`,
    });
    expect(readdirSync(join(directory.path, "ingest"))).toEqual([]);
    written = -10_000_000;
    await store.blobs.ingest(target, (offset) => pieces(content, offset));
  });

  test("empty content is content", async () => {
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path });
    const digest = await store.blobs.put(Buffer.alloc(0));
    expect(store.blobs.info(digest)?.sizeBytes).toBe(0);
    expect(await store.blobs.readAll(digest, 0)).toHaveLength(0);
  });

  test("two stores on one directory share content, and wait for each other's ingests", async () => {
    using directory = temporaryDirectory();
    await using one = await openContentStore({ directory: directory.path });
    await using two = await openContentStore({ directory: directory.path });
    const gate = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const first = one.blobs.ingest(target, async function* (offset) {
      started.resolve();
      await gate.promise;
      yield* pieces(content, offset);
    });
    await started.promise;
    let openedTwice = false;
    const second = two.blobs.ingest(target, (offset) => {
      openedTwice = true;
      return pieces(content, offset);
    });
    gate.resolve();
    await Promise.all([first, second]);
    expect(openedTwice).toBe(false);
    expect(two.blobs.has(target.digest)).toBe(true);
  });

  test("many writers in two stores do not disturb each other", async () => {
    using directory = temporaryDirectory();
    await using one = await openContentStore({ directory: directory.path });
    await using two = await openContentStore({ directory: directory.path });
    const blobs = Array.from({ length: 60 }, (_, index) => Buffer.from(`blob ${index % 40}`));
    await Promise.all(blobs.map((bytes, index) => (index % 2 === 0 ? one : two).blobs.put(bytes)));
    expect(one.blobs.list()).toHaveLength(40);
    expect(two.blobs.list()).toEqual(one.blobs.list());
  });
});

describe("Blobs.readAll()", () => {
  test("notices damage, too much and nothing", async () => {
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path });
    const digest = await store.blobs.put(Buffer.from("hello"));
    expect((await store.blobs.readAll(digest, 100)).toString()).toBe("hello");
    await expect(store.blobs.readAll(digest, 4)).rejects.toMatchObject({ code: "TooLarge" });
    await expect(store.blobs.readAll(digestOf("other"), 4)).rejects.toMatchObject({ code: "NotFound" });
    chmodSync(blobFile(store, digest), 0o644);
    writeFileSync(blobFile(store, digest), "jello");
    await expect(store.blobs.readAll(digest, 100)).rejects.toMatchObject({ code: "Corrupt" });
    rmSync(blobFile(store, digest));
    await expect(store.blobs.readAll(digest, 100)).rejects.toMatchObject({ code: "Corrupt" });
  });
});

describe("ContentStore.collectGarbage()", () => {
  const image = (name: string, digest: Digest) => ({
    name,
    digest,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    manifestDigest: digest,
    configDigest: digest,
    sizeBytes: 1,
  });

  test("keeps what images, leases and callers need, with all it refers to", async () => {
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path });
    const put = (text: string, labels = {}) => store.blobs.put(Buffer.from(text), { labels });
    const layer = await put("layer");
    const nested = await put("nested", { [contentReferenceLabel]: layer });
    const manifest = await put("manifest", { [`${contentReferenceLabel}.0`]: nested, unrelated: digestOf("x") });
    const leased = await put("leased");
    const extra = await put("extra");
    const garbage = await put("garbage", { [`${contentReferenceLabel}.0`]: layer });
    const looks = await put("looks like a reference");
    await store.blobs.setLabels(manifest, { [`${contentReferenceLabel}x`]: looks });
    await store.images.put(image("a", manifest));
    const lease = await store.leases.create();
    await store.leases.add(lease.id, [{ kind: "blob", key: leased }]);
    const first = await store.collectGarbage({ extraRoots: [{ kind: "blob", key: extra }] });
    expect(first.blobs.toSorted()).toEqual([garbage, looks].toSorted());
    expect(existsSync(blobFile(store, garbage))).toBe(false);
    expect(readdirSync(join(directory.path, "trash"))).toEqual([]);
    await store.leases.delete(lease.id);
    expect((await store.collectGarbage()).blobs.toSorted()).toEqual([leased, extra].toSorted());
    await store.images.delete("a");
    expect((await store.collectGarbage()).blobs).toHaveLength(3);
    expect(store.blobs.list()).toEqual([]);
    expect(store.usage().totalBytes).toBe(0);
  });

  test("ends leases past their time and of processes that are gone", async () => {
    using directory = temporaryDirectory();
    const clock = new FakeClock();
    const dead = new Set<string>();
    await using store = await openContentStore({ directory: directory.path, clock, process: identity("p", dead) });
    const lasting = await store.leases.create({ id: "lasting", labels: { by: "test" } });
    await store.leases.create({ id: "short", lifetimeMs: 1000 });
    await store.leases.create({ id: "mine", ofThisProcess: true });
    await store.blobs.put(Buffer.from("x"), { lease: "short" });
    await store.collectGarbage();
    expect(store.leases.list().map(({ id }) => id)).toEqual(["lasting", "mine", "short"]);
    await clock.advance(1000);
    dead.add("p");
    expect((await store.collectGarbage()).blobs).toEqual([digestOf("x")]);
    expect(store.leases.list()).toEqual([lasting]);
  });

  test("keeps snapshots as long as a kept blob refers to them", async () => {
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path });
    const chainId = digestOf("chain");
    const path = await store.snapshots.ensure(chainId, async (root) => {
      writeFileSync(join(root, "file"), "x");
      return { sizeBytes: 1, entries: 1, isDurable: true };
    });
    const config = await store.blobs.put(Buffer.from("config"), { labels: { [snapshotReferenceLabel]: chainId } });
    await store.images.put(image("a", config));
    expect((await store.collectGarbage()).snapshots).toEqual([]);
    expect(readFileSync(join(path, "file"), "utf8")).toBe("x");
    await store.images.delete("a");
    expect((await store.collectGarbage()).snapshots).toEqual([chainId]);
    expect(existsSync(path)).toBe(false);
  });

  test("an ingest of one store and a collection of another leave whole blobs only", async () => {
    using directory = temporaryDirectory();
    await using one = await openContentStore({ directory: directory.path });
    await using two = await openContentStore({ directory: directory.path });
    const lease = await one.leases.create();
    for (let round = 0; round < 15; round++) {
      const bytes = Buffer.from(`round ${round % 3}`);
      const [digest] = await Promise.all([one.blobs.put(bytes, { lease: lease.id }), two.collectGarbage()]);
      expect((await one.blobs.readAll(digest, 100)).equals(bytes)).toBe(true);
      await one.leases.remove(lease.id, { kind: "blob", key: digest });
    }
  });
});

describe("Images", () => {
  test("put(), findByDigest(), touch() and delete()", async () => {
    using directory = temporaryDirectory();
    const clock = new FakeClock(1000);
    await using store = await openContentStore({ directory: directory.path, clock });
    const [index, manifest, config] = [digestOf("index"), digestOf("manifest"), digestOf("config")];
    const image = { digest: index, mediaType: "m", manifestDigest: manifest, configDigest: config, sizeBytes: 7 };
    await store.images.put({ name: "b", ...image, labels: { pinned: "true" } }, { name: "a", ...image });
    expect(store.images.list().map(({ name }) => name)).toEqual(["a", "b"]);
    expect(store.images.get("b")).toEqual({
      name: "b",
      ...image,
      createdAtMs: 1000,
      updatedAtMs: 1000,
      lastUsedAtMs: 1000,
      labels: { pinned: "true" },
    });
    for (const digest of [index, manifest, config]) expect(store.images.findByDigest(digest)).toHaveLength(2);
    await clock.advance(61_000);
    await store.images.touch("a");
    expect(store.images.get("a")?.lastUsedAtMs).toBe(62_000);
    await clock.advance(1000);
    await store.images.touch("a");
    expect(store.images.get("a")?.lastUsedAtMs).toBe(62_000);
    await store.images.put({ name: "b", ...image, sizeBytes: 8 });
    expect(store.images.get("b")).toMatchObject({ createdAtMs: 1000, updatedAtMs: 63_000, labels: {} });
    expect(await store.images.delete("a", "b", "missing")).toBe(2);
    expect(store.images.list()).toEqual([]);
  });
});

describe("Snapshots.ensure()", () => {
  test("writes once for all, and nothing stays of a failure", async () => {
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path });
    const chainId = digestOf("chain");
    let runs = 0;
    const write = async (root: string) => {
      runs++;
      writeFileSync(join(root, "x"), "x");
      if (runs === 1) throw new Error("damaged layer");
      return { sizeBytes: 1, entries: 1, isDurable: true };
    };
    await expect(store.snapshots.ensure(chainId, write)).rejects.toThrow("damaged layer");
    expect(readdirSync(join(directory.path, "ingest"))).toEqual([]);
    const paths = await Promise.all(Array.from({ length: 5 }, () => store.snapshots.ensure(chainId, write)));
    expect(new Set(paths).size).toBe(1);
    expect(runs).toBe(2);
    expect(store.snapshots.list()).toEqual([{ chainId, sizeBytes: 1, entries: 1 }]);
  });
});

describe("openContentStore()", () => {
  test("clears away what a crash left, and keeps what can be resumed", async () => {
    using directory = temporaryDirectory();
    const dead = new Set<string>();
    const crashed = await openContentStore({ directory: directory.path, process: identity("one", dead) });
    const kept = await crashed.blobs.put(Buffer.from("kept"));
    const torn = await crashed.blobs.put(Buffer.from("torn by a power failure"));
    const lost = await crashed.blobs.put(Buffer.from("lost"));
    const ingest = await crashed.blobs.openIngest(target);
    await ingest.write(content.subarray(0, 2_000_000));
    await ingest.close();
    const claimed = await crashed.blobs.openIngest({ digest: digestOf("claimed"), sizeBytes: 7 });
    await claimed.write(Buffer.from("cl"));
    await crashed.leases.create({ id: "of the dead", ofThisProcess: true });
    await crashed[Symbol.asyncDispose]();
    dead.add("one");
    chmodSync(blobFile(crashed, torn), 0o644);
    truncateSync(blobFile(crashed, torn), 3);
    rmSync(blobFile(crashed, lost));
    writeFileSync(join(directory.path, "blobs/sha256", "a".repeat(64)), "without a row");
    writeFileSync(join(directory.path, "blobs/sha256", "not a digest"), "x");
    mkdirSync(join(directory.path, "ingest/unknown"));
    mkdirSync(join(directory.path, "snapshots/sha256-unknown"));
    mkdirSync(join(directory.path, "trash/old"));

    await using store = await openContentStore({ directory: directory.path, process: identity("two", dead) });
    expect(store.blobs.list().map(({ digest }) => digest)).toEqual([kept]);
    expect(readdirSync(join(directory.path, "blobs/sha256"))).toEqual([kept.slice(7)]);
    expect(readdirSync(join(directory.path, "ingest"))).toHaveLength(2);
    expect(readdirSync(join(directory.path, "snapshots"))).toEqual([]);
    expect(readdirSync(join(directory.path, "trash"))).toEqual([]);
    expect(store.leases.list()).toEqual([]);
    const offsets: number[] = [];
    await store.blobs.ingest(target, (offset) => {
      offsets.push(offset);
      return pieces(content, offset);
    });
    expect(offsets).toEqual([2_000_000]);
  });

  test("drops snapshots that a power failure may have damaged", async () => {
    using directory = temporaryDirectory();
    const open = (boot: string) => openContentStore({ directory: directory.path, process: { ...identity("p"), boot } });
    const write = (isDurable: boolean) => async () => ({ sizeBytes: 1, entries: 1, isDurable });
    const durable = digestOf("durable");
    const first = await open("first");
    await first.snapshots.ensure(durable, write(true));
    await first.snapshots.ensure(digestOf("not durable"), write(false));
    await first[Symbol.asyncDispose]();
    const again = await open("first");
    expect(again.snapshots.list()).toHaveLength(2);
    await again[Symbol.asyncDispose]();
    await using rebooted = await open("second");
    expect(rebooted.snapshots.list().map(({ chainId }) => chainId)).toEqual([durable]);
    expect(readdirSync(join(directory.path, "snapshots"))).toHaveLength(1);
  });

  test("drops interrupted ingests after a day, not those under way", async () => {
    using directory = temporaryDirectory();
    const clock = new FakeClock();
    await using one = await openContentStore({ directory: directory.path, clock, process: identity("one") });
    const abandoned = await one.blobs.openIngest({ digest: digestOf("abandoned"), sizeBytes: 9 });
    await abandoned.write(Buffer.from("aband"));
    await abandoned.close();
    const active = await one.blobs.openIngest({ digest: digestOf("active"), sizeBytes: 6 });
    await clock.advance(25 * 60 * 60 * 1000);
    await using two = await openContentStore({ directory: directory.path, clock, process: identity("two") });
    expect(readdirSync(join(directory.path, "ingest"))).toHaveLength(1);
    await active.write(Buffer.from("active"));
    await active.commit();
    expect(two.blobs.has(digestOf("active"))).toBe(true);
    const old = await one.blobs.openIngest({ digest: digestOf("old"), sizeBytes: 3 });
    await old.write(Buffer.from("o"));
    await old.close();
    expect(readdirSync(join(directory.path, "ingest"))).toHaveLength(1);
    await clock.advance(25 * 60 * 60 * 1000);
    await two.collectGarbage();
    expect(readdirSync(join(directory.path, "ingest"))).toEqual([]);
  });

  test("refuses a store of a newer version and damaged metadata", async () => {
    using directory = temporaryDirectory();
    const store = await openContentStore({ directory: directory.path });
    await store[Symbol.asyncDispose]();
    const database = new DatabaseSync(join(directory.path, "metadata.db"));
    database.exec("PRAGMA user_version = 99");
    database.close();
    await expect(openContentStore({ directory: directory.path })).rejects.toMatchObject({ code: "Unsupported" });
    for (const suffix of ["", "-wal", "-shm"]) rmSync(join(directory.path, `metadata.db${suffix}`), { force: true });
    writeFileSync(join(directory.path, "metadata.db"), Buffer.alloc(10_000, "no database"));
    await expect(openContentStore({ directory: directory.path })).rejects.toMatchObject({ code: "Corrupt" });
  });

  test("a closed store refuses work", async () => {
    using directory = temporaryDirectory();
    const store = await openContentStore({ directory: directory.path });
    await store[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    expect(() => store.images.list()).toThrow("The content store is closed");
    await expect(store.leases.create()).rejects.toMatchObject({ code: "Closed" });
  });

  test("waits for another process's write lock without blocking, and gives up in the end", async () => {
    using directory = temporaryDirectory();
    const clock = new FakeClock();
    await using store = await openContentStore({ directory: directory.path, clock });
    const other = new DatabaseSync(join(directory.path, "metadata.db"));
    other.exec("BEGIN IMMEDIATE");
    const waiting = store.leases.create({ id: "late" });
    await clock.advance(500);
    expect(store.leases.list()).toEqual([]);
    other.exec("COMMIT");
    await clock.advance(200);
    await waiting;
    other.exec("BEGIN IMMEDIATE");
    const failing = expect(store.leases.create()).rejects.toMatchObject({ code: "Locked", retryable: true });
    await clock.advance(30_000);
    await failing;
    other.close();
  });
});
