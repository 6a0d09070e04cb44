import { describe, expect, test } from "vitest";
import { encodeFrame, frameFlags, frameTypes } from "../../../src/actions/http2/frames.ts";
import { encodeLiteral } from "../../../src/actions/http2/hpack-encoder.ts";
import { UnaryResponse } from "../../../src/actions/http2/unary-response.ts";

const { endHeaders, endStream, padded, priority, ack } = frameFlags;
const frame = (type: number, flags: number, payload: readonly number[] | Buffer = [], streamId = 1) =>
  encodeFrame({ type, flags, streamId, payload: Buffer.from(payload) });
const settings = frame(frameTypes.settings, 0, [0, 3, 0, 0, 0, 100], 0);
const status200 = Buffer.of(0x88);
const trailerFields = encodeLiteral("grpc-status", "0");
const headers = frame(frameTypes.headers, endHeaders, status200);
const trailers = frame(frameTypes.headers, endHeaders | endStream, trailerFields);
const data = frame(frameTypes.data, 0, [1, 2, 3]);

function readerOf(maxBodyBytes = 10): { readonly response: UnaryResponse; readonly replies: Buffer[] } {
  const replies: Buffer[] = [];
  return { response: new UnaryResponse({ maxBodyBytes, reply: (bytes) => void replies.push(bytes) }), replies };
}

function read(...frames: readonly Buffer[]): UnaryResponse {
  const { response } = readerOf();
  expect(response.write(Buffer.concat(frames))).toBe(true);
  return response;
}

describe("UnaryResponse", () => {
  test("UnaryResponse reads settings, headers, body and trailers, also byte by byte", () => {
    const bytes = Buffer.concat([settings, headers, data, data, trailers]);
    const { response, replies } = readerOf();
    const complete = [...bytes].map((byte) => response.write(Buffer.of(byte)));
    expect(complete.indexOf(true)).toBe(bytes.length - 1);
    for (const one of [response, read(bytes)]) {
      expect(one.status).toBe(200);
      expect(one.fields.get("grpc-status")).toBe("0");
      expect([...one.body]).toEqual([1, 2, 3, 1, 2, 3]);
    }
    expect(replies).toEqual([frame(frameTypes.settings, ack, [], 0)]);
  });

  test.each([
    ["trailers alone", [frame(frameTypes.headers, endHeaders | endStream, Buffer.concat([status200, trailerFields]))]],
    [
      "an interim response first",
      [frame(frameTypes.headers, endHeaders, encodeLiteral(":status", "103")), headers, trailers],
    ],
    [
      "headers in parts",
      [
        frame(frameTypes.headers, endStream, status200),
        frame(frameTypes.continuation, 0),
        frame(frameTypes.continuation, endHeaders, trailerFields),
      ],
    ],
    [
      "padding and priority",
      [
        frame(frameTypes.headers, endHeaders | padded | priority, [2, 0, 0, 0, 0, 9, 0x88, 0, 0]),
        frame(frameTypes.data, padded, [1, 7, 0]),
        trailers,
      ],
    ],
    [
      "frames that do not matter",
      [
        frame(frameTypes.settings, ack, [], 0),
        frame(8, 0, [0, 0, 1, 0], 0),
        frame(2, 0, [0, 0, 0, 0, 1]),
        frame(0xbe, 0xff, [1]),
        frame(frameTypes.resetStream, 0, [0, 0, 0, 8], 3),
        frame(frameTypes.goAway, 0, [0, 0, 0, 1, 0, 0, 0, 0], 0),
        headers,
        trailers,
      ],
    ],
  ])("UnaryResponse reads %s", (_name, frames) => {
    const response = read(settings, ...frames);
    expect(response.status).toBe(200);
    expect(response.fields.get("grpc-status")).toBe("0");
  });

  test("UnaryResponse takes a reset after the end for what it is: the end", () => {
    expect(read(settings, headers, trailers, frame(frameTypes.resetStream, 0, [0, 0, 0, 0])).status).toBe(200);
  });

  test("UnaryResponse answers pings, but not any number of them", () => {
    const { response, replies } = readerOf();
    response.write(settings);
    const ping = frame(frameTypes.ping, 0, [1, 2, 3, 4, 5, 6, 7, 8], 0);
    response.write(ping);
    expect(replies[1]).toEqual(frame(frameTypes.ping, ack, [1, 2, 3, 4, 5, 6, 7, 8], 0));
    expect(() => response.write(Buffer.concat(Array.from({ length: 20 }, () => ping)))).toThrow("too many PING frames");
    expect(replies.length).toBeLessThan(15);
  });

  test("UnaryResponse is ready once the server has shown that it speaks HTTP/2", () => {
    const { response } = readerOf();
    expect(response.isReady).toBe(false);
    response.write(settings);
    expect(response.isReady).toBe(true);
  });

  const block = Buffer.alloc(1000);
  test.each([
    ["HTTP/1", [Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")], "Failed", "http2: frame too large"],
    ["no settings at first", [headers], "Unavailable", "the first frame is no SETTINGS frame"],
    ["malformed settings", [frame(frameTypes.settings, 0, [1], 0)], "Unavailable", "a malformed SETTINGS frame"],
    ["settings of a stream", [frame(frameTypes.settings, 0, [])], "Unavailable", "a malformed SETTINGS frame"],
    ["a malformed ping", [settings, frame(frameTypes.ping, 0, [1], 0)], "Unavailable", "a malformed PING frame"],
    ["a push", [settings, frame(frameTypes.pushPromise, 0)], "Unavailable", "a push that was forbidden"],
    [
      "another stream",
      [settings, frame(frameTypes.headers, endHeaders, status200, 3)],
      "Unavailable",
      "headers of an unknown stream",
    ],
    ["data at first", [settings, data], "Unavailable", "data without headers"],
    [
      "a body that is too much",
      [settings, headers, data, data, data, data],
      "ResourceExhausted",
      "received message larger than max (10)",
    ],
    ["headers amid the body", [settings, headers, headers], "Unavailable", "headers amid the body"],
    [
      "headers without a status",
      [settings, frame(frameTypes.headers, endHeaders)],
      "Unavailable",
      "headers without a status",
    ],
    [
      "a status that is none",
      [settings, frame(frameTypes.headers, endHeaders, encodeLiteral(":status", "x"))],
      "Unavailable",
      "headers without a status",
    ],
    [
      "nothing but an interim response",
      [settings, frame(frameTypes.headers, endHeaders | endStream, encodeLiteral(":status", "100"))],
      "Unavailable",
      "an interim response that is the last",
    ],
    [
      "a block that is not continued",
      [settings, frame(frameTypes.headers, 0), data],
      "Unavailable",
      "a header block is not continued",
    ],
    [
      "a continuation of nothing",
      [settings, frame(frameTypes.continuation, 0)],
      "Unavailable",
      "a continuation of no header block",
    ],
    [
      "a block without end",
      [
        settings,
        frame(frameTypes.headers, 0),
        ...Array.from({ length: 30 }, () => frame(frameTypes.continuation, 0, block)),
      ],
      "Unavailable",
      "a header block of more than 16384 bytes",
    ],
    [
      "padding larger than its frame",
      [settings, headers, frame(frameTypes.data, padded, [9, 1])],
      "Failed",
      "http2: padding larger than the frame",
    ],
    [
      "a reset",
      [settings, frame(frameTypes.resetStream, 0, [0, 0, 0, 7])],
      "Unavailable",
      "stream terminated by RST_STREAM with error code: REFUSED_STREAM",
    ],
    [
      "a reset of an unknown code",
      [settings, frame(frameTypes.resetStream, 0, [0, 0, 1, 0])],
      "Internal",
      "stream terminated by RST_STREAM with error code: unknown (256)",
    ],
    ["a short reset", [settings, frame(frameTypes.resetStream, 0, [1])], "Unavailable", "a frame that is too short"],
    [
      "a farewell",
      [settings, frame(frameTypes.goAway, 0, [0, 0, 0, 0, 0, 0, 0, 11], 0)],
      "Unavailable",
      "received goaway with error code: ENHANCE_YOUR_CALM",
    ],
    [
      "a flood of empty frames",
      [settings, headers, ...Array.from({ length: 15_000 }, () => frame(frameTypes.data, 0))],
      "Failed",
      "http2: more than 131072 bytes received",
    ],
    [
      "broken headers",
      [settings, frame(frameTypes.headers, endHeaders, [0x80])],
      "Failed",
      "hpack: invalid indexed representation index 0",
    ],
  ])("UnaryResponse refuses %s", (_name, frames, code, message) => {
    const { response } = readerOf();
    let error: unknown;
    try {
      for (const one of frames) response.write(one);
    } catch (thrown) {
      error = thrown;
    }
    expect((error as Error | undefined)?.message).toContain(message);
    expect((error as { readonly rpcCode?: string } | undefined)?.rpcCode ?? "Failed").toBe(code);
  });
});
