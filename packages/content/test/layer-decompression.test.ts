import { Readable } from "node:stream";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { digestOf } from "@wherry/distribution";
import { describe, expect, test } from "vitest";
import { decompressLayer, layerCompression } from "../src/layer-decompression.ts";
import { UnpackBudget } from "../src/layer-limits.ts";

const halves = [Buffer.alloc(300_000, "first "), Buffer.alloc(200_000, "second ")];
const whole = Buffer.concat(halves);

async function decompress(bytes: Buffer, compression: "none" | "gzip" | "zstd", budget = new UnpackBudget({})) {
  const chunks: Uint8Array[] = [];
  for await (const chunk of decompressLayer(Readable.from([bytes]), compression, digestOf(whole), budget))
    chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe("decompressLayer()", () => {
  test("reads plain, gzip and zstd data, also in several members", async () => {
    const inputs = [
      [whole, "none"],
      [gzipSync(whole), "gzip"],
      [Buffer.concat(halves.map((half) => gzipSync(half))), "gzip"],
      [zstdCompressSync(whole), "zstd"],
      [Buffer.concat(halves.map((half) => zstdCompressSync(half))), "zstd"],
      // A frame that decoders must skip, as zstd:chunked appends its table of contents.
      [Buffer.concat([zstdCompressSync(whole), Buffer.from("502a4d1804000000", "hex"), Buffer.from("data")]), "zstd"],
    ] as const;
    for (const [bytes, compression] of inputs) expect((await decompress(bytes, compression)).equals(whole)).toBe(true);
  });

  test.each([
    ["a cut-off gzip file", gzipSync(whole).subarray(0, 100), "gzip", "gzip data is damaged"],
    ["a damaged zstd file", Buffer.alloc(100, 1), "zstd", "zstd data is damaged"],
    ["a cut-off zstd file", zstdCompressSync(whole).subarray(0, 20), "zstd", "zstd data is damaged"],
    ["other content", gzipSync("other"), "gzip", "configuration names"],
  ] as const)("refuses %s", async (_name, bytes, compression, problem) => {
    await expect(decompress(bytes, compression)).rejects.toThrow(problem);
  });

  test("stops at the limit, however small the compressed data is", async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    await expect(decompress(bomb, "gzip", new UnpackBudget({ maxBytes: 1_000_000 }))).rejects.toMatchObject({
      code: "TooLarge",
    });
  });
});

describe("layerCompression()", () => {
  test("knows the media types of OCI and Docker", () => {
    expect(layerCompression("application/vnd.docker.image.rootfs.diff.tar.gzip")).toBe("gzip");
    expect(layerCompression("application/vnd.oci.image.layer.v1.tar+zstd")).toBe("zstd");
    expect(layerCompression("application/wasm")).toBeUndefined();
    expect(layerCompression("constructor")).toBeUndefined();
  });
});
