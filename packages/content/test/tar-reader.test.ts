import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readTar, type TarEntry } from "../src/index.ts";
import { header, paxHeader, paxRecord, type TarInput, tarEntry, tarOf, withChecksum } from "./tar-builder.ts";

interface ReadEntry extends Omit<TarEntry, "content"> {
  readonly content: string;
}

async function* inPieces(bytes: Buffer, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

async function readAll(bytes: Buffer, pieceBytes = 10_000): Promise<ReadEntry[]> {
  const entries: ReadEntry[] = [];
  for await (const { content, ...entry } of readTar(inPieces(bytes, pieceBytes))) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    entries.push({ ...entry, content: Buffer.concat(chunks).toString() });
  }
  return entries;
}

const longPath = `${"directory/".repeat(30)}file-ü`;

describe("readTar()", () => {
  test("reads files, directories and links", async () => {
    const entries = await readAll(
      tarOf([
        { path: "bin/", type: "5", mode: 0o755 },
        { path: "bin/app", content: Buffer.from("hello"), mode: 0o4755, mtimeSeconds: 12345 },
        { path: "bin/sh", type: "2", link: "app" },
        { path: "bin/copy", type: "1", link: "bin/app" },
        { path: "dev/null", type: "3" },
        { path: "pipe", type: "6" },
      ]),
    );
    expect(entries.map(({ path, type, linkPath }) => [path, type, linkPath])).toEqual([
      ["bin/", "directory", ""],
      ["bin/app", "file", ""],
      ["bin/sh", "symbolic-link", "app"],
      ["bin/copy", "hard-link", "bin/app"],
      ["dev/null", "character-device", ""],
      ["pipe", "fifo", ""],
    ]);
    expect(entries[1]).toMatchObject({ content: "hello", mode: 0o4755, mtimeSeconds: 12345, sizeBytes: 5 });
  });

  test.each(["pax", "gnu"] as const)("reads long names in the %s format", async (long) => {
    const [entry] = await readAll(tarOf([{ path: longPath, content: Buffer.from("x"), type: "0", long }]));
    expect(entry).toMatchObject({ path: longPath, content: "x" });
    const [link] = await readAll(tarOf([{ path: "a", link: longPath, type: "2", long }]));
    expect(link).toMatchObject({ path: "a", linkPath: longPath });
  });

  test("joins the prefix of ustar and not that of other formats", async () => {
    const block = header({ path: "name" }, 0);
    block.write("some/prefix", 345);
    expect((await readAll(withChecksum(block)))[0]?.path).toBe("some/prefix/name");
    // GNU keeps times there.
    block.write("ustar  \0", 257);
    expect((await readAll(withChecksum(block)))[0]?.path).toBe("name");
  });

  test("reads pax sizes and times, and ignores global headers", async () => {
    const content = Buffer.from("hello");
    const archive = Buffer.concat([
      paxHeader([paxRecord("path", "not-for-all"), paxRecord("comment", "x")], "g"),
      paxHeader([paxRecord("size", "5"), paxRecord("mtime", "1700000000.5"), paxRecord("SCHILY.xattr.user.a", "v")]),
      tarEntry({ path: "a", content, sizeBytes: 0 }),
      tarEntry({ path: "b" }),
    ]);
    const entries = await readAll(archive);
    expect(entries).toMatchObject([{ path: "a", content: "hello", mtimeSeconds: 1_700_000_000.5 }, { path: "b" }]);
  });

  test("reads sizes in binary and signed checksums", async () => {
    const block = header({ path: "a" }, 5);
    block.fill(0, 124, 136);
    block.writeUInt8(0x80, 124);
    block.writeUInt8(5, 135);
    const archive = Buffer.concat([withChecksum(block), Buffer.alloc(512, "hello".padEnd(512, "\0"))]);
    expect((await readAll(archive))[0]?.content).toBe("hello");
    const umlaut = header({ path: "ü" }, 0);
    umlaut.fill(0x20, 148, 156);
    const signed = umlaut.reduce((sum, byte) => sum + (byte > 127 ? byte - 256 : byte), 0);
    umlaut.write(`${signed.toString(8).padStart(6, "0")}\0 `, 148);
    expect((await readAll(umlaut))[0]?.path).toBe("ü");
  });

  test("takes a name with a slash at its end for a directory", async () => {
    expect((await readAll(tarOf([{ path: "old/", type: "\0" }])))[0]?.type).toBe("directory");
  });

  test("does not take the size in a link's header for content", async () => {
    const entries = await readAll(tarOf([{ path: "a", type: "1", link: "b", sizeBytes: 100 }, { path: "c" }]));
    expect(entries.map(({ path }) => path)).toEqual(["a", "c"]);
  });

  test("reads the source to its end, past the archive's", async () => {
    let sent = 0;
    const archive = Buffer.concat([tarOf([{ path: "a" }]), Buffer.alloc(50_000, "rest")]);
    const source = async function* () {
      for await (const piece of inPieces(archive, 1000)) {
        sent += piece.length;
        yield piece;
      }
    };
    for await (const _ of readTar(source()));
    expect(sent).toBe(archive.length);
  });

  test("skips content that is not read", async () => {
    const paths: string[] = [];
    const archive = tarOf([
      { path: "a", content: Buffer.alloc(3000, 1) },
      { path: "b", content: Buffer.from("x") },
    ]);
    for await (const { path } of readTar(inPieces(archive, 700))) paths.push(path);
    expect(paths).toEqual(["a", "b"]);
  });

  test("lets the source go when the reader stops early", async () => {
    let closed = false;
    const source = async function* () {
      try {
        yield* inPieces(tarOf([{ path: "a" }, { path: "b" }]), 512);
      } finally {
        closed = true;
      }
    };
    for await (const _ of readTar(source())) break;
    expect(closed).toBe(true);
  });

  test.each<[string, Buffer, string]>([
    ["a wrong checksum", Buffer.alloc(512, "x"), "checksum"],
    ["an octal number that is none", withChecksum(spoil(header({ path: "a" }, 0), 124, "99999999999")), "size"],
    ["a negative size", withChecksum(spoil(header({ path: "a" }, 0), 124, "\xff".repeat(12))), "size out of range"],
    [
      "a huge size",
      withChecksum(spoil(header({ path: "a" }, 0), 124, `\x80${"\x7f".repeat(11)}`)),
      "size out of range",
    ],
    ["a pax header without an end", paxHeader(["20 path=a\n"]), "pax header is malformed"],
    ["a pax header of length 0", paxHeader(["0 path=a\n"]), "pax header is malformed"],
    ["a pax size that is none", paxHeader([paxRecord("size", "-1")]), "size"],
    ["a name that is no UTF-8", withChecksum(spoil(header({ path: "a" }, 0), 0, "\xff\xfe")), "no UTF-8"],
    [
      "an extended header that is too large",
      header({ path: "a", type: "x" }, 2_000_000),
      "extended header has 2000000",
    ],
    ["a sparse file", Buffer.concat([paxHeader([paxRecord("GNU.sparse.major", "1")])]), "sparse"],
    ["an old sparse file", header({ path: "a", type: "S" }, 0), "sparse"],
    ["a cut-off file", tarOf([{ path: "a", sizeBytes: 100_000 }]), "cut off"],
    ["a cut-off header", tarOf([{ path: "a" }]).subarray(0, 100), "cut off"],
  ])("refuses %s", async (_name, archive, problem) => {
    await expect(readAll(archive)).rejects.toThrow(problem);
  });

  test("reads the same in pieces of any size", async () => {
    const input = fc.array(
      fc.record({
        path: fc.stringMatching(/^[a-zü/]{1,150}$/).filter((path) => /[^/]$/.test(path)),
        content: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
        long: fc.constantFrom("pax" as const, "gnu" as const),
      }),
      { maxLength: 5 },
    );
    await fc.assert(
      fc.asyncProperty(input, fc.integer({ min: 1, max: 1500 }), async (entries: TarInput[], pieceBytes) => {
        const read = await readAll(tarOf(entries), pieceBytes);
        expect(read.map(({ path, content }) => [path, content])).toEqual(
          entries.map(({ path, content }) => [path, content?.toString()]),
        );
      }),
    );
  }, 60_000);

  test("ends with entries or an error for a damaged archive, never otherwise", async () => {
    const archive = tarOf([
      { path: longPath, content: Buffer.alloc(700, 1) },
      { path: "b", type: "2", link: longPath, long: "gnu" },
      { path: "c", content: Buffer.from("c") },
    ]);
    const damage = fc.record({
      cutTo: fc.integer({ min: 0, max: archive.length }),
      changes: fc.array(fc.tuple(fc.nat(archive.length - 1), fc.nat(255)), { maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ cutTo, changes }) => {
        const damaged = Buffer.from(archive);
        for (const [at, value] of changes) damaged.writeUInt8(value, at);
        try {
          expect((await readAll(damaged.subarray(0, cutTo), 333)).length).toBeLessThanOrEqual(12);
        } catch (error) {
          expect(error).toMatchObject({ name: "ContentError" });
        }
      }),
    );
  }, 60_000);
});

function spoil(block: Buffer, offset: number, text: string): Buffer {
  block.write(text, offset, "latin1");
  return block;
}
