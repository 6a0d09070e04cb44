import { ActionError } from "../../errors.ts";

/** Bits of each symbol's code, as a base-36 digit: the bytes in order, then the end of a string (RFC 7541, appendix B). */
const codeLengths =
  "dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca" +
  "d67777777777777777777777878djde6f56565666577666567655677777fbeds" +
  "kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn" +
  "qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq" +
  "u";
const endOfString = 256;
const maxCodeBits = 30;

// The code is canonical: codes of one length follow each other in the order of their symbols.
const symbols: number[] = [];
const firstCodes: number[] = [0];
const firstIndexes: number[] = [0];
for (let bits = 1, code = 0; bits <= maxCodeBits; bits++) {
  code *= 2;
  firstCodes[bits] = code;
  firstIndexes[bits] = symbols.length;
  for (const [symbol, digit] of [...codeLengths].entries()) {
    if (Number.parseInt(digit, 36) !== bits) continue;
    symbols.push(symbol);
    code++;
  }
}

/** Decodes a Huffman-coded string of HPACK, at most 1.6 times as long. @throws ActionError of code `Failed` for what is none */
export function decodeHuffman(bytes: Uint8Array): string {
  const decoded: number[] = [];
  let [code, bits, ones] = [0, 0, true];
  for (const byte of bytes) {
    for (let mask = 0x80; mask > 0; mask >>= 1) {
      const bit = (byte & mask) === 0 ? 0 : 1;
      code = code * 2 + bit;
      bits++;
      ones &&= bit === 1;
      const index = code - (firstCodes[bits] ?? 0) + (firstIndexes[bits] ?? 0);
      if (index < (firstIndexes[bits] ?? 0) || index >= (firstIndexes[bits + 1] ?? symbols.length)) continue;
      const symbol = symbols[index] ?? endOfString;
      if (symbol === endOfString) throw new ActionError("Failed", "hpack: invalid Huffman-encoded data");
      decoded.push(symbol);
      [code, bits, ones] = [0, 0, true];
    }
  }
  // What fills the last byte is the beginning of the end-of-string symbol, which is all ones.
  if (bits > 7 || !ones) throw new ActionError("Failed", "hpack: invalid Huffman-encoded data");
  return Buffer.from(decoded).toString("latin1");
}
