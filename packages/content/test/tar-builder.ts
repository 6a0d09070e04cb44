export interface TarInput {
  readonly path: string;
  readonly content?: Buffer;
  /** @default "0" */
  readonly type?: string;
  readonly link?: string;
  readonly mode?: number;
  readonly mtimeSeconds?: number;
  /** Written instead of the content's length. */
  readonly sizeBytes?: number;
  /** How a long path is written. @default "pax" */
  readonly long?: "pax" | "gnu";
}

/** An archive, ended by two blocks of zeros. */
export function tarOf(entries: readonly TarInput[]): Buffer {
  return Buffer.concat([...entries.map(tarEntry), Buffer.alloc(1024)]);
}

export function tarEntry(entry: TarInput): Buffer {
  const { path, link = "", long = "pax", content = Buffer.alloc(0) } = entry;
  const parts: Buffer[] = [];
  const records: string[] = [];
  for (const [key, letter, text] of [
    ["path", "L", path],
    ["linkpath", "K", link],
  ] as const) {
    if (Buffer.byteLength(text) <= 100) continue;
    if (long === "gnu")
      parts.push(
        withContent(
          header({ path: "././@LongLink", type: letter }, Buffer.byteLength(text) + 1),
          Buffer.from(`${text}\0`),
        ),
      );
    else records.push(paxRecord(key, text));
  }
  if (records.length > 0) parts.push(paxHeader(records));
  parts.push(withContent(header(entry, entry.sizeBytes ?? content.length), content));
  return Buffer.concat(parts);
}

export function paxHeader(records: readonly string[], type = "x"): Buffer {
  const body = Buffer.from(records.join(""));
  return withContent(header({ path: "PaxHeaders/x", type }, body.length), body);
}

export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest) + 1;
  while (String(length).length + Buffer.byteLength(rest) !== length) length++;
  return `${length}${rest}`;
}

export function header(entry: Omit<TarInput, "content" | "long">, sizeBytes: number): Buffer {
  const block = Buffer.alloc(512);
  block.write(truncate(entry.path), 0, 100);
  block.write((entry.mode ?? 0o644).toString(8).padStart(7, "0"), 100);
  block.write("0000000", 108);
  block.write("0000000", 116);
  block.write(sizeBytes.toString(8).padStart(11, "0"), 124);
  block.write((entry.mtimeSeconds ?? 1_000_000_000).toString(8).padStart(11, "0"), 136);
  block.write(entry.type ?? "0", 156);
  block.write(truncate(entry.link ?? ""), 157, 100);
  block.write("ustar\u000000", 257);
  return withChecksum(block);
}

export function withChecksum(block: Buffer): Buffer {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

function truncate(text: string): string {
  return Buffer.from(text).subarray(0, 100).toString("latin1").length > 100 ? text.slice(0, 100) : text;
}

function withContent(block: Buffer, content: Buffer): Buffer {
  return Buffer.concat([block, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}
