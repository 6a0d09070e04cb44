import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startPlane, type TestPlane } from "./test-plane.ts";

const path = "/api/v1/namespaces/default/configmaps";
const watchList = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
const count = 250;

let plane: TestPlane;
let session: ClientHttp2Session;
let token: string;

// 25 MB, more than may wait unread for one client.
beforeAll(async () => {
  plane = await startPlane();
  const config = JSON.parse(readFileSync(plane.kubeconfigPath, "utf8"));
  token = config.users[0].user.token;
  const { cluster } = config.clusters[0];
  session = connect(cluster.server, { ca: Buffer.from(cluster["certificate-authority-data"], "base64") });
  for (let index = 0; index < count; index++) {
    const made = await plane.admin.post(path, {
      metadata: { name: `big-${index}` },
      data: { text: "x".repeat(100_000) },
    });
    expect(made.code).toBe(201);
  }
});

afterAll(async () => {
  session?.destroy();
  await plane?.[Symbol.asyncDispose]();
});

/** A watch that nobody reads yet. */
async function open(query: string): Promise<ClientHttp2Stream> {
  const stream = session.request({ ":path": `${path}?${query}`, authorization: `Bearer ${token}` });
  stream.on("error", () => undefined);
  await once(stream, "response");
  return stream;
}

/** What comes until an event satisfies `isLast` or the stream ends: each event's type and, for objects, the name. */
async function readUntil(stream: ClientHttp2Stream, isLast: (type: string) => boolean): Promise<string[]> {
  const seen: string[] = [];
  let rest = "";
  for await (const chunk of stream.setEncoding("utf8")) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const { type, object } = JSON.parse(line);
      seen.push(type === "ADDED" || type === "MODIFIED" ? `${type} ${object.metadata.name}` : type);
      if (isLast(type)) return seen;
    }
  }
  return seen;
}

describe("watch of a large collection", () => {
  test("is sent whole, and what was written while it was not read follows its bookmark", async () => {
    const stream = await open(watchList);
    await plane.admin.patch(`${path}/big-7`, { data: { text: "new" } });
    const events = await readUntil(stream, (type) => type === "MODIFIED");
    expect(events.filter((event) => event.startsWith("ADDED big-"))).toHaveLength(count);
    expect(events.slice(-2)).toEqual(["BOOKMARK", "MODIFIED big-7"]);
  });

  test("ends with 410 for a client that reads nothing while history is lost, and others go on", async () => {
    const stream = await open(watchList);
    await plane.admin.patch(`${path}/big-8`, { data: { text: "new" } });
    plane.plane.faults.compact();
    await plane.admin.patch(`${path}/big-9`, { data: { text: "new" } });
    const events = await readUntil(stream, () => false);
    expect(events.at(-1)).toBe("ERROR");
    expect(events.length).toBeLessThan(count);
    const other = await readUntil(await open(watchList), (type) => type === "BOOKMARK");
    expect(other.filter((event) => event.startsWith("ADDED big-"))).toHaveLength(count);
  });
});
