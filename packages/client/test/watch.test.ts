import { FakeClock } from "@wherry/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { resources, type WatchEvent } from "../src/index.ts";
import { LineSplitter } from "../src/verbs/line-splitter.ts";
import { FakeApiServer, status } from "./fake-api-server.ts";

const options = { namespace: "default", resourceVersion: "1" };

async function collect(events: AsyncIterable<WatchEvent<object>>): Promise<string[]> {
  const types: string[] = [];
  for await (const event of events) types.push(event.type);
  return types;
}

describe("watch()", () => {
  test("yields events until the server ends the watch", async () => {
    const server = new FakeApiServer();
    const types = collect(server.client().watch(resources.configMaps, options));
    await new Promise((resolve) => setImmediate(resolve));
    server.put("a");
    server.put("a");
    server.delete("a");
    server.bookmark();
    server.disconnect("end");
    expect(await types).toEqual(["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]);
  });

  test("throws ApiError for an error event", async () => {
    const server = new FakeApiServer();
    const types = collect(server.client().watch(resources.configMaps, options));
    await new Promise((resolve) => setImmediate(resolve));
    server.expireWatchers();
    await expect(types).rejects.toMatchObject({ code: "ApiError", status: 410, reason: "Expired" });
  });

  test.each([
    ["not JSON", "{", "event is not JSON"],
    ["null", "null", "has no object"],
    ["an unknown type", '{"type":"NEW","object":{}}', 'event has type "NEW"'],
    ["no object", '{"type":"ADDED"}', "has no object"],
  ])("throws for an event that is %s", async (_, line, message) => {
    const server = new FakeApiServer();
    const types = collect(server.client().watch(resources.configMaps, options));
    await new Promise((resolve) => setImmediate(resolve));
    for (const watcher of server.watchers) watcher.body.push(`${line}\n`);
    await expect(types).rejects.toMatchObject({ code: "TransportError", kind: "protocol" });
    await expect(types).rejects.toThrow(message);
  });

  test("throws when the connection is lost, also in the middle of an event", async () => {
    for (const how of ["reset", "end"] as const) {
      const server = new FakeApiServer();
      const types = collect(server.client().watch(resources.configMaps, options));
      await new Promise((resolve) => setImmediate(resolve));
      for (const watcher of server.watchers) watcher.body.push('{"type":');
      server.disconnect(how);
      await expect(types).rejects.toMatchObject({ code: "TransportError", kind: "connection" });
    }
  });

  test("ends a watch that the server does not end in time", async () => {
    const server = new FakeApiServer();
    const clock = new FakeClock();
    const types = collect(server.client({ clock }).watch(resources.configMaps, { ...options, timeoutSeconds: 60 }));
    types.catch(() => undefined);
    await clock.advance(89_000);
    expect(server.watchers.size).toBe(1);
    await clock.advance(2000);
    await expect(types).rejects.toMatchObject({ kind: "timeout" });
    expect(server.watchers.size).toBe(0);
  });

  test("throws the refusal of the server and the reason of an abort", async () => {
    const server = new FakeApiServer();
    server.failures.push({ status: 403, body: status(403, "Forbidden", "no") });
    await expect(collect(server.client().watch(resources.configMaps, options))).rejects.toMatchObject({ status: 403 });
    const controller = new AbortController();
    const types = collect(server.client().watch(resources.configMaps, { ...options, signal: controller.signal }));
    await new Promise((resolve) => setImmediate(resolve));
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(types).rejects.toBe(reason);
  });
});

describe("LineSplitter", () => {
  test("gives the same lines however the bytes are cut", () => {
    const line = fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => text !== "" && !text.includes("\n"));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 10 }), fc.array(fc.integer({ min: 1, max: 9 })), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
        const splitter = new LineSplitter(1024);
        const got: string[] = [];
        let at = 0;
        for (const size of [...cuts, bytes.length]) {
          got.push(...splitter.push(bytes.subarray(at, at + size)));
          at = Math.min(bytes.length, at + size);
        }
        expect(got).toEqual(lines);
        expect(splitter.pendingBytes).toBe(0);
      }),
    );
  });

  test("refuses a line above the limit, whole or in pieces", () => {
    expect(new LineSplitter(4).push(Buffer.from("abcd\n"))).toEqual(["abcd"]);
    expect(() => new LineSplitter(4).push(Buffer.from("abcde\n"))).toThrow("an event is larger than 4 bytes");
    const splitter = new LineSplitter(4);
    splitter.push(Buffer.from("abc"));
    expect(() => splitter.push(Buffer.from("de"))).toThrow("larger than 4 bytes");
  });
});
