import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { fetchManifests } from "../../../src/pods/static/manifest-answer.ts";

describe("fetchManifests()", () => {
  const servers: Server[] = [];

  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  const get = (url: string, headers: Record<string, string[]> = {}) =>
    fetchManifests({ url, headers }, new AbortController().signal);

  test("sends the headers given, the user of the URL, and follows redirects", async () => {
    const seen: (string | undefined)[] = [];
    const host = await serve((request, response) => {
      seen.push(`${request.url} ${request.headers.authorization} ${request.headers["x-list"]}`);
      if (request.url === "/") response.writeHead(302, { location: "/pods" }).end();
      else response.end("text");
    });
    expect(await get(`http://me:p%40ss@${host}/`, { "X-List": ["a", "b"] })).toBe("text");
    const basic = `Basic ${Buffer.from("me:p@ss").toString("base64")}`;
    expect(seen).toEqual([`/ ${basic} a, b`, `/pods ${basic} a, b`]);
  });

  test("rejects for a status that is not 200, for too much, and for no server", async () => {
    const host = await serve((request, response) => {
      if (request.url === "/missing") response.writeHead(404).end("not here");
      else response.end(Buffer.alloc(11 * 1024 * 1024, "x"));
    });
    await expect(get(`http://${host}/missing`)).rejects.toThrow("the server answered 404 Not Found");
    await expect(get(`http://${host}/`)).rejects.toThrow("the answer has more than 10485760 bytes");
    await expect(get("http://127.0.0.1:1/")).rejects.toThrow(/ECONNREFUSED|bad port/);
  });

  test("rejects with the reason of the signal when it is aborted", async () => {
    const host = await serve(() => undefined);
    const abort = new AbortController();
    const answer = fetchManifests({ url: `http://${host}/`, headers: {} }, abort.signal);
    abort.abort(new Error("stopped"));
    await expect(answer).rejects.toThrow("stopped");
  });
});
