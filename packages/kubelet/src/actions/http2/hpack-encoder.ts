/** Numbers of names in the static table. */
export const nameIndexes = { authority: 1, path: 4, contentType: 31, userAgent: 58 } as const;

/** Fields of the static table that a request is made of. */
export const indexedFields: Readonly<Record<"methodPost" | "schemeHttp", Buffer>> = {
  methodPost: Buffer.of(0x83),
  schemeHttp: Buffer.of(0x86),
};

/** A field as a literal that goes into no table, without Huffman coding. */
export function encodeLiteral(name: string | number, value: string): Buffer {
  const head = typeof name === "number" ? [integer(name, 4)] : [Buffer.of(0), ...string(name)];
  return Buffer.concat([...head, ...string(value)]);
}

function string(text: string): Buffer[] {
  const bytes = Buffer.from(text, "latin1");
  return [integer(bytes.length, 7), bytes];
}

function integer(value: number, prefixBits: number): Buffer {
  const most = (1 << prefixBits) - 1;
  if (value < most) return Buffer.of(value);
  const bytes = [most];
  let rest = value - most;
  for (; rest >= 128; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}
