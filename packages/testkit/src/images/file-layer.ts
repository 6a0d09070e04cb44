/** A layer of an image as a tar archive that holds these files, by their paths; directories come with them. */
export function fileLayer(files: Readonly<Record<string, string | Uint8Array>>): Buffer {
  const entries = Object.entries(files).map(([path, bytes]) => {
    const content = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
    const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
    return Buffer.concat([fileHeader(path, content.length), content, padding]);
  });
  return Buffer.concat([...entries, Buffer.alloc(1024)]);
}

/** POSIX ustar. */
function fileHeader(path: string, sizeBytes: number): Buffer {
  if (Buffer.byteLength(path) > 100) throw new RangeError(`Path "${path}" is longer than 100 bytes`);
  const block = Buffer.alloc(512);
  block.write(path, 0);
  block.write("0000644\0", 100);
  block.write("0000000\0", 108);
  block.write("0000000\0", 116);
  block.write(`${sizeBytes.toString(8).padStart(11, "0")}\0`, 124);
  block.write("00000000000\0", 136);
  block.write("0", 156);
  block.write("ustar\u000000", 257);
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
