import { ByteSource } from "./byte-source.ts";
import { ContentError } from "./errors.ts";
import { decodeText, invalidArchive, parseTarHeader, type TarHeader, tarBlockBytes } from "./tar-header.ts";

export type TarEntryType =
  | "file"
  | "directory"
  | "symbolic-link"
  | "hard-link"
  | "character-device"
  | "block-device"
  | "fifo"
  | "unknown";

/** An entry of an archive; names are as they stand in it, unchecked. */
export interface TarEntry {
  readonly path: string;
  /** Target of a link, empty otherwise. */
  readonly linkPath: string;
  readonly type: TarEntryType;
  /** Permission and set-ID bits. */
  readonly mode: number;
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  /** Content of a file; what is not read before the next entry is asked for is skipped. */
  readonly content: AsyncIterable<Uint8Array>;
}

const types: Readonly<Record<string, TarEntryType>> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "1": "hard-link",
  "2": "symbolic-link",
  "3": "character-device",
  "4": "block-device",
  "5": "directory",
  "6": "fifo",
};

/** Longest GNU name and largest pax header; names past the limits of Linux are refused later. */
const maxExtensionBytes = 1024 * 1024;

/** What extended headers say about the next entry. */
interface Extensions {
  path?: string;
  linkPath?: string;
  sizeBytes?: number;
  mtimeSeconds?: number;
}

/**
 * Reads a tar archive entry by entry: v7, ustar, pax and GNU long names. The source is read to its end, also past the
 * archive's own end, so that its digest can be computed.
 *
 * Throws `ContentError` of code `InvalidArchive` for damaged or cut-off archives and `Unsupported` for sparse files. Names
 * are not checked here: they are a stranger's.
 */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry, void, undefined> {
  const bytes = new ByteSource(source);
  try {
    let extensions: Extensions = {};
    for (;;) {
      const block = await bytes.readBlock(tarBlockBytes);
      const header = block === undefined ? undefined : parseTarHeader(block);
      if (header === undefined) break;
      const extended = await readExtension(bytes, header, extensions);
      if (extended !== undefined) {
        extensions = extended;
        continue;
      }
      yield* readEntry(bytes, header, extensions);
      extensions = {};
    }
    await bytes.drain();
  } finally {
    await bytes.close();
  }
}

/** Takes an extended header; undefined for an ordinary one. */
async function readExtension(
  bytes: ByteSource,
  header: TarHeader,
  extensions: Extensions,
): Promise<Extensions | undefined> {
  if (!["x", "g", "L", "K"].includes(header.type)) return undefined;
  if (header.sizeBytes > maxExtensionBytes)
    throw new ContentError("TooLarge", `Invalid tar archive: an extended header has ${header.sizeBytes} bytes`);
  const content = await bytes.readExactly(header.sizeBytes);
  await bytes.skip(padding(header.sizeBytes));
  if (header.type === "L") return { ...extensions, path: withoutNul(content) };
  if (header.type === "K") return { ...extensions, linkPath: withoutNul(content) };
  const records = parsePax(content);
  // Global headers carry comments in practice; names in them would apply to every entry, which nobody means.
  return header.type === "g" ? extensions : { ...extensions, ...applyPax(records) };
}

function withoutNul(content: Buffer): string {
  const end = content.indexOf(0);
  return decodeText(end < 0 ? content : content.subarray(0, end));
}

/** Records of the form `length key=value\n`, where the length counts itself. */
function parsePax(content: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at);
    const text = space < 0 ? "" : content.toString("latin1", at, space);
    const length = /^[0-9]{1,7}$/.test(text) ? Number(text) : 0;
    const end = at + length;
    const equals = content.indexOf(0x3d, space + 1);
    if (length === 0 || end > content.length || equals < 0 || equals >= end - 1 || content[end - 1] !== 0x0a)
      throw invalidArchive("a pax header is malformed");
    records.set(decodeText(content.subarray(space + 1, equals)), content.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}

function applyPax(records: ReadonlyMap<string, Buffer>): Extensions {
  if ([...records.keys()].some((key) => key.startsWith("GNU.sparse.")))
    throw new ContentError("Unsupported", "Cannot unpack a tar archive with sparse files; pack it without --sparse");
  const path = records.get("path");
  const linkPath = records.get("linkpath");
  const size = records.get("size")?.toString("latin1");
  const mtime = records.get("mtime")?.toString("latin1");
  if (size !== undefined && (!/^[0-9]{1,16}$/.test(size) || !Number.isSafeInteger(Number(size))))
    throw invalidArchive(`a pax header has the size ${JSON.stringify(size)}`);
  const mtimeSeconds = Number(mtime);
  return {
    ...(path === undefined ? {} : { path: decodeText(path) }),
    ...(linkPath === undefined ? {} : { linkPath: decodeText(linkPath) }),
    ...(size === undefined ? {} : { sizeBytes: Number(size) }),
    ...(mtime === undefined || !Number.isFinite(mtimeSeconds) ? {} : { mtimeSeconds }),
  };
}

async function* readEntry(
  bytes: ByteSource,
  header: TarHeader,
  extensions: Extensions,
): AsyncGenerator<TarEntry, void, undefined> {
  if (header.type === "S")
    throw new ContentError("Unsupported", "Cannot unpack a tar archive with sparse files; pack it without --sparse");
  const path = extensions.path ?? header.name;
  // Formats before ustar mark a directory by the slash at its end.
  const named = types[header.type] ?? "unknown";
  const type = named === "file" && path.endsWith("/") ? "directory" : named;
  const sizeBytes = extensions.sizeBytes ?? header.sizeBytes;
  // Only files have content; some programs write the size of a hard link's target into its header.
  const hasContent = type === "file" || type === "unknown";
  const content = bytes.take(hasContent ? sizeBytes : 0);
  yield {
    path,
    linkPath: extensions.linkPath ?? header.linkName,
    type,
    mode: header.mode & 0o7777,
    sizeBytes: hasContent ? sizeBytes : 0,
    mtimeSeconds: extensions.mtimeSeconds ?? header.mtimeSeconds,
    content,
  };
  await content.skipRest();
  if (hasContent) await bytes.skip(padding(sizeBytes));
}

function padding(sizeBytes: number): number {
  return (tarBlockBytes - (sizeBytes % tarBlockBytes)) % tarBlockBytes;
}
