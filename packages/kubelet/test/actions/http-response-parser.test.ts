import { describe, expect, test } from "vitest";
import { HttpResponseParser } from "../../src/actions/http-response-parser.ts";
import { ActionError } from "../../src/errors.ts";

interface Parsed {
  readonly done: boolean;
  readonly status: number | undefined;
  readonly location: string | undefined;
  readonly body: string;
}

/** Feeds a response in pieces of this size; `closed` tells whether the server closes at the end. */
function parse(text: string, sizeBytes: number, closed = false): Parsed {
  const parser = new HttpResponseParser();
  const bytes = Buffer.from(text, "latin1");
  let done = false;
  for (let offset = 0; offset < bytes.length && !done; offset += sizeBytes)
    done = parser.write(bytes.subarray(offset, offset + sizeBytes));
  if (closed && !done) {
    parser.end();
    done = true;
  }
  return { done, status: parser.head?.status, location: parser.head?.location, body: parser.body };
}

const lines = (...parts: string[]) => parts.join("\r\n");

describe.each([[1], [7], [100_000]])("HttpResponseParser fed %i bytes at a time", (size) => {
  test.each([
    ["a length", lines("HTTP/1.1 200 OK", "Content-Length: 5", "", "helloX"), { status: 200, body: "hello" }],
    ["no body", lines("HTTP/1.1 204 No Content", "", ""), { status: 204, body: "" }],
    ["no reason", lines("HTTP/1.0 503", "content-length:0", "", ""), { status: 503, body: "" }],
    [
      "chunks",
      lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", "3", "hel", "2;x=y", "lo", "0", "", ""),
      { status: 200, body: "hello" },
    ],
    [
      "interim answers",
      lines(
        "HTTP/1.1 100 Continue",
        "",
        "HTTP/1.1 103 Early Hints",
        "Link: x",
        "",
        "HTTP/1.1 200 OK",
        "Content-Length: 1",
        "",
        "a",
      ),
      { status: 200, body: "a" },
    ],
    [
      "a redirect",
      lines("HTTP/1.1 302 Found", "LOCATION:  /there ", "Content-Length: 0", "", ""),
      { status: 302, location: "/there" },
    ],
  ])("reads a response with %s", (_name, text, expected) => {
    expect(parse(text, size)).toMatchObject({ done: true, ...expected });
  });

  test("reads until the server closes where nothing else ends the body", () => {
    const text = lines("HTTP/1.1 200 OK", "", "hello");
    expect(parse(text, size).done).toBe(false);
    expect(parse(text, size, true)).toMatchObject({ status: 200, body: "hello" });
  });

  test.each([["Content-Length: 100000"], ["X: y"]])("is done after 10 KiB of a body with %s", (header) => {
    const result = parse(lines("HTTP/1.1 200 OK", header, "", "x".repeat(50_000)), size);
    expect(result).toMatchObject({ done: true, body: "x".repeat(10_240) });
  });

  test("is done after 10 KiB of chunks", () => {
    const chunk = lines("400", "x".repeat(0x400), "");
    const result = parse(lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", chunk.repeat(30)), size);
    expect(result).toMatchObject({ done: true, body: "x".repeat(10_240) });
  });

  test.each([
    ["something else", "SSH-2.0-OpenSSH_9.9\r\n"],
    ["another version", lines("HTTP/2.0 200 OK", "", "")],
    ["no status", lines("HTTP/1.1 OK", "", "")],
    ["a switch of protocols", lines("HTTP/1.1 101 Switching Protocols", "", "")],
    ["endless interim answers", lines("HTTP/1.1 100 Continue", "", "").repeat(10)],
    ["endless headers", `HTTP/1.1 200 OK\r\n${"X-Long: x\r\n".repeat(3000)}`],
    ["a header without colon", lines("HTTP/1.1 200 OK", "oops", "", "")],
    ["a bad length", lines("HTTP/1.1 200 OK", "Content-Length: -1", "", "")],
    ["a bad chunk", lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", "zz", "")],
    ["a chunk that is too long", lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", "1", "ab", "0", "", "")],
    ["an endless chunk line", lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", "0".repeat(5000))],
    ["another encoding", lines("HTTP/1.1 200 OK", "Transfer-Encoding: gzip", "", "")],
  ])("refuses %s", (_name, text) => {
    expect(() => parse(text, size)).toThrow(ActionError);
  });

  test.each([
    ["before the head", "HTTP/1.1 200 OK\r\n"],
    ["within the body", lines("HTTP/1.1 200 OK", "Content-Length: 5", "", "hel")],
    ["within the chunks", lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", "5", "hel")],
  ])("refuses a response that ends %s", (_name, text) => {
    expect(() => parse(text, size, true)).toThrow(/EOF/);
  });
});
