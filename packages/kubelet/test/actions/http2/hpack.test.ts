import { describe, expect, test } from "vitest";
import { HpackDecoder } from "../../../src/actions/http2/hpack-decoder.ts";
import { encodeLiteral, nameIndexes } from "../../../src/actions/http2/hpack-encoder.ts";
import { decodeHuffman } from "../../../src/actions/http2/huffman.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

describe("decodeHuffman()", () => {
  test.each([
    ["f1e3 c2e5 f23a 6ba0 ab90 f4ff", "www.example.com"],
    ["a8eb 1064 9cbf", "no-cache"],
    ["6402", "302"],
    ["aec3 771a 4b", "private"],
    [
      "94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
      "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
    ],
    ["", ""],
  ])("decodeHuffman(%s) is %j, as RFC 7541 has it", (bytes, text) => {
    expect(decodeHuffman(hex(bytes))).toBe(text);
  });

  test.each([
    ["the end of a string", "ffff ffff"],
    ["more than seven bits of padding", "1fff"],
    ["padding of zeros", "00 00"],
  ])("decodeHuffman() refuses %s", (_name, bytes) => {
    expect(() => decodeHuffman(hex(bytes))).toThrow("hpack: invalid Huffman-encoded data");
  });
});

describe("HpackDecoder", () => {
  const date = (seconds: number) => `Mon, 21 Oct 2013 20:13:${seconds} GMT`;
  const location = ["location", "https://www.example.com"];
  /** The responses of RFC 7541, appendices C.5 and C.6, before them a table of 256 bytes as these assume it. */
  const blocks: readonly (readonly [string, string, readonly (readonly string[])[]])[] = [
    [
      "3fe101 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "3fe101 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
      [[":status", "302"], ["cache-control", "private"], ["date", date(21)], location],
    ],
    [
      "4803 3330 37c1 c0bf",
      "4883 640e ffc1 c0bf",
      [[":status", "307"], ["cache-control", "private"], ["date", date(21)], location],
    ],
    [
      "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
      "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
      [
        [":status", "200"],
        ["cache-control", "private"],
        ["date", date(22)],
        location,
        ["content-encoding", "gzip"],
        ["set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"],
      ],
    ],
  ];

  test.each([
    ["plain", 0],
    ["Huffman-coded", 1],
  ] as const)("HpackDecoder decodes the %s responses of RFC 7541, whose table forgets", (_name, form) => {
    const decoder = new HpackDecoder();
    for (const block of blocks) expect(decoder.decode(hex(block[form]))).toEqual(block[2]);
  });

  test("HpackDecoder decodes what encodeLiteral() encodes, of any length", () => {
    for (const length of [0, 1, 126, 127, 128, 254, 255, 5000]) {
      const value = "x".repeat(length);
      const block = Buffer.concat([encodeLiteral(nameIndexes.userAgent, value), encodeLiteral("te", value)]);
      expect(new HpackDecoder().decode(block)).toEqual([
        ["user-agent", value],
        ["te", value],
      ]);
    }
  });

  test.each([
    ["index 0", "80"],
    ["an index beyond the tables", "be"],
    ["a number without end", "ff ff ff ff ff ff ff ff ff ff ff"],
    ["zeros that make a number longer and longer", "ff 80 80 80 80 80 80 80 80 80 80 80 00"],
    ["a string that is cut off", "40 01 61 05 62"],
    ["a block that ends in a number", "7f"],
    ["a table larger than allowed", "3f e2 1f"],
    ["a change of the table amid a block", "88 20"],
  ])("HpackDecoder refuses %s", (_name, block) => {
    expect(() => new HpackDecoder().decode(hex(block))).toThrow(/^hpack: /);
  });

  test("HpackDecoder refuses a small block that repeats a large field from its table", () => {
    const field = Buffer.concat([hex("40 01 61 7f d1 0e"), Buffer.alloc(2000, "x")]);
    const decoder = new HpackDecoder();
    expect(decoder.decode(field)[0]?.[1]).toHaveLength(2000);
    expect(() => decoder.decode(Buffer.alloc(10, 0xbe))).toThrow("hpack: header list has more than 16384 bytes");
  });

  test("HpackDecoder never fails otherwise, whatever it is given", () => {
    let seed = 7;
    const random = () => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      return seed >> 16;
    };
    for (let round = 0; round < 3000; round++) {
      const block = Buffer.from(Array.from({ length: random() % 60 }, () => random() & 0xff));
      try {
        new HpackDecoder().decode(block);
      } catch (error) {
        expect((error as Error).message, block.toString("hex")).toMatch(/^hpack: /);
      }
    }
  });
});
