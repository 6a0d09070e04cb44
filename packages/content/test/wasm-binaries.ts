/** The smallest module. */
export const emptyModule: Buffer = Buffer.from("0061736d01000000", "hex");

/** A module with a custom section of the given size, so that contents differ. */
export function moduleOfSize(sectionBytes: number, fill = 0): Buffer {
  const content = Buffer.concat([Buffer.from([4]), Buffer.from("test"), Buffer.alloc(sectionBytes, fill)]);
  return Buffer.concat([emptyModule, Buffer.from([0]), unsigned(content.length), content]);
}

/** A component that imports and exports instances by name. */
export function componentWith(imports: readonly string[], exports: readonly string[]): Buffer {
  const name = (text: string) =>
    Buffer.concat([Buffer.from([0]), unsigned(Buffer.byteLength(text)), Buffer.from(text)]);
  const section = (id: number, items: readonly Buffer[]) => {
    const content = Buffer.concat([unsigned(items.length), ...items]);
    return Buffer.concat([Buffer.from([id]), unsigned(content.length), content]);
  };
  return Buffer.concat([
    Buffer.from("0061736d0d000100", "hex"),
    // An instance of type 0, and instance 0 without a type.
    section(
      10,
      imports.map((text) => Buffer.concat([name(text), Buffer.from([0x05, 0])])),
    ),
    section(
      11,
      exports.map((text) => Buffer.concat([name(text), Buffer.from([0x05, 0, 0])])),
    ),
  ]);
}

function unsigned(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return Buffer.from(bytes);
}
