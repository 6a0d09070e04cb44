import { encodeHeader, type FrameHeader, FrameReader, maxDataSizeBytes } from "@wherry/rpc/ttrpc";
import { describe, expect, test } from "vitest";

interface Seen {
  readonly frames: { header: FrameHeader; data: string }[];
  readonly oversized: FrameHeader[];
  readonly reader: FrameReader;
}

function collect(): Seen {
  const frames: Seen["frames"] = [];
  const oversized: FrameHeader[] = [];
  const reader = new FrameReader({
    frame: (header, data) => frames.push({ header, data: Buffer.from(data).toString("hex") }),
    oversized: (header) => oversized.push(header),
  });
  return { frames, oversized, reader };
}

// As PROTOCOL.md of ttRPC lays them out: a request of two bytes on stream 1, a response without data on stream 3.
const request = Buffer.from("00000002000000010100abcd", "hex");
const response = Buffer.from("00000000000000030200", "hex");

describe("encodeHeader()", () => {
  test("encodeHeader() writes length and stream in network order", () => {
    const header = encodeHeader({ sizeBytes: 0x010203, streamId: 0x7fffffff, type: 1, flags: 4 });
    expect(Buffer.from(header).toString("hex")).toBe("000102037fffffff0104");
  });
});

describe("FrameReader", () => {
  test("FrameReader cuts frames out of one chunk", () => {
    const { frames, reader } = collect();
    reader.push(Buffer.concat([request, response, request]));
    expect(frames).toEqual([
      { header: { sizeBytes: 2, streamId: 1, type: 1, flags: 0 }, data: "abcd" },
      { header: { sizeBytes: 0, streamId: 3, type: 2, flags: 0 }, data: "" },
      { header: { sizeBytes: 2, streamId: 1, type: 1, flags: 0 }, data: "abcd" },
    ]);
  });

  test("FrameReader finds the same frames byte by byte", () => {
    const { frames, reader } = collect();
    for (const byte of Buffer.concat([request, response])) reader.push(Uint8Array.of(byte));
    expect(frames.map((frame) => frame.data)).toEqual(["abcd", ""]);
  });

  test("FrameReader hands out data that later chunks do not change", () => {
    const { frames, reader } = collect();
    const chunk = Buffer.from(request);
    const seen: Uint8Array[] = [];
    new FrameReader({ frame: (_, data) => seen.push(data), oversized: () => undefined }).push(chunk);
    chunk.fill(0);
    reader.push(request);
    expect(Buffer.from(seen[0] ?? []).toString("hex")).toBe(frames[0]?.data);
  });

  test("FrameReader passes over data above the limit and goes on", () => {
    const { frames, oversized, reader } = collect();
    const sizeBytes = maxDataSizeBytes + 1;
    reader.push(encodeHeader({ sizeBytes, streamId: 5, type: 1, flags: 0 }));
    for (let sent = 0; sent < sizeBytes; sent += 65_536) {
      reader.push(new Uint8Array(Math.min(65_536, sizeBytes - sent)));
    }
    reader.push(request);
    expect(oversized).toEqual([{ sizeBytes, streamId: 5, type: 1, flags: 0 }]);
    expect(frames.map((frame) => frame.data)).toEqual(["abcd"]);
  });
});
