import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@wherry/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RegistryServer } from "../src/registry/registry-server.ts";

let directory: string;
let server: RegistryServer;
let base: string;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "wherry-registry-"));
  await open();
});

afterEach(async () => {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

async function open(): Promise<void> {
  server = new RegistryServer({ directory, port: 0, logger: silentLogger });
  base = `http://${await server.listen()}`;
}

const digestOf = (content: string) => `sha256:${createHash("sha256").update(content).digest("hex")}`;
const manifestType = "application/vnd.oci.image.manifest.v1+json";

async function send(method: string, path: string, body?: string, headers: Record<string, string> = {}) {
  const response = await fetch(base + path, { method, headers, ...(body === undefined ? {} : { body }) });
  return { code: response.status, headers: response.headers, text: await response.text() };
}

async function pushBlob(repository: string, content: string): Promise<string> {
  const digest = digestOf(content);
  const { code } = await send("POST", `/v2/${repository}/blobs/uploads/?digest=${digest}`, content);
  expect(code).toBe(201);
  return digest;
}

async function pushImage(repository: string, tag: string, more: object = {}): Promise<string> {
  const config = await pushBlob(repository, "{}");
  const layer = await pushBlob(repository, "layer");
  const manifest = JSON.stringify({
    schemaVersion: 2,
    config: { mediaType: "application/x.config", digest: config, size: 2 },
    layers: [{ digest: layer, size: 5 }],
    ...more,
  });
  const { code, headers } = await send("PUT", `/v2/${repository}/manifests/${tag}`, manifest, {
    "content-type": manifestType,
  });
  expect(code).toBe(201);
  return headers.get("docker-content-digest") ?? "";
}

const codeOf = (answer: { text: string }) => JSON.parse(answer.text).errors[0].code;

describe("RegistryServer", () => {
  test("keeps images over a restart", async () => {
    const digest = await pushImage("team/app", "v1");
    await server.close();
    await open();
    const byTag = await send("GET", "/v2/team/app/manifests/v1");
    expect(byTag.headers.get("content-type")).toBe(manifestType);
    expect(digestOf(byTag.text)).toBe(digest);
    expect((await send("GET", `/v2/team/app/manifests/${digest}`)).text).toBe(byTag.text);
    const head = await send("HEAD", "/v2/team/app/manifests/v1");
    expect(head.headers.get("content-length")).toBe(String(byTag.text.length));
    expect((await send("GET", `/v2/team/app/blobs/${digestOf("layer")}`)).text).toBe("layer");
  });

  test("takes a blob in chunks, and refuses chunks out of order", async () => {
    const begun = await send("POST", "/v2/a/blobs/uploads/");
    expect(begun.code).toBe(202);
    const place = begun.headers.get("location") ?? "";
    const first = await send("PATCH", place, "hello ", { "content-range": "0-5" });
    expect(first.headers.get("range")).toBe("0-5");
    expect((await send("PATCH", place, "x", { "content-range": "9-9" })).code).toBe(416);
    expect((await send("GET", place)).headers.get("range")).toBe("0-5");
    await send("PATCH", place, "wor", { "content-range": "6-8" });
    const digest = digestOf("hello world");
    const done = await send("PUT", `${place}?digest=${digest}`, "ld");
    expect(done.code).toBe(201);
    expect((await send("GET", done.headers.get("location") ?? "")).text).toBe("hello world");
    expect((await send("GET", place)).code).toBe(404);
  });

  test("refuses content with another digest and leaves nothing of it", async () => {
    const wrong = digestOf("other");
    const answer = await send("POST", `/v2/a/blobs/uploads/?digest=${wrong}`, "content");
    expect(answer.code).toBe(400);
    expect(codeOf(answer)).toBe("DIGEST_INVALID");
    expect((await send("HEAD", `/v2/a/blobs/${wrong}`)).code).toBe(404);
    expect(readdirSync(join(directory, "incoming"))).toEqual([]);
  });

  test("serves ranges", async () => {
    const digest = await pushBlob("a", "0123456789");
    const read = (range: string) => send("GET", `/v2/a/blobs/${digest}`, undefined, { range });
    const middle = await read("bytes=2-4");
    expect(middle).toMatchObject({ code: 206, text: "234" });
    expect(middle.headers.get("content-range")).toBe("bytes 2-4/10");
    expect((await read("bytes=7-")).text).toBe("789");
    expect((await read("bytes=-2")).text).toBe("89");
    expect((await read("bytes=20-")).code).toBe(416);
  });

  test("mounts a blob from another repository, or begins an upload", async () => {
    const digest = await pushBlob("a", "shared");
    expect((await send("POST", `/v2/b/blobs/uploads/?mount=${digest}&from=a`)).code).toBe(201);
    expect((await send("POST", `/v2/b/blobs/uploads/?mount=${digestOf("no")}&from=a`)).code).toBe(202);
  });

  test("lists tags in pages", async () => {
    for (const tag of ["c", "a", "b"]) await pushImage("app", tag);
    expect(JSON.parse((await send("GET", "/v2/app/tags/list")).text)).toEqual({ name: "app", tags: ["a", "b", "c"] });
    const page = await send("GET", "/v2/app/tags/list?n=2");
    expect(JSON.parse(page.text).tags).toEqual(["a", "b"]);
    expect(page.headers.get("link")).toBe('</v2/app/tags/list?n=2&last=b>; rel="next"');
    expect(JSON.parse((await send("GET", "/v2/app/tags/list?n=2&last=b")).text).tags).toEqual(["c"]);
    expect(codeOf(await send("GET", "/v2/unknown/tags/list"))).toBe("NAME_UNKNOWN");
    expect(JSON.parse((await send("GET", "/v2/_catalog")).text)).toEqual({ repositories: ["app"] });
  });

  test("deletes tags, manifests and blobs", async () => {
    const digest = await pushImage("app", "v1");
    await pushImage("app", "v2");
    expect((await send("DELETE", "/v2/app/manifests/v1")).code).toBe(202);
    expect((await send("GET", "/v2/app/manifests/v1")).code).toBe(404);
    expect((await send("GET", `/v2/app/manifests/${digest}`)).code).toBe(200);
    expect((await send("DELETE", `/v2/app/manifests/${digest}`)).code).toBe(202);
    expect((await send("GET", "/v2/app/manifests/v2")).code).toBe(404);
    expect((await send("DELETE", `/v2/app/blobs/${digestOf("layer")}`)).code).toBe(202);
    expect(codeOf(await send("DELETE", `/v2/app/blobs/${digestOf("layer")}`))).toBe("BLOB_UNKNOWN");
  });

  test("tells what refers to a manifest", async () => {
    const digest = await pushImage("app", "v1");
    const subject = { mediaType: manifestType, digest, size: 1 };
    const signature = await pushImage("app", "sig", {
      subject,
      artifactType: "application/x.sig",
      annotations: { a: "b" },
    });
    const { text } = await send("GET", `/v2/app/referrers/${digest}`);
    expect(JSON.parse(text).manifests).toMatchObject([
      { digest: signature, artifactType: "application/x.sig", annotations: { a: "b" } },
    ]);
    const other = await send("GET", `/v2/app/referrers/${digest}?artifactType=other`);
    expect(JSON.parse(other.text).manifests).toEqual([]);
    expect(other.headers.get("oci-filters-applied")).toBe("artifactType");
  });

  test("refuses manifests that cannot be pulled", async () => {
    const put = (body: string, type = manifestType) =>
      send("PUT", "/v2/a/manifests/v1", body, { "content-type": type });
    const missing = JSON.stringify({ layers: [{ digest: digestOf("never"), size: 1 }] });
    expect(codeOf(await put(missing))).toBe("MANIFEST_BLOB_UNKNOWN");
    expect(codeOf(await put("no json"))).toBe("MANIFEST_INVALID");
    const byDigest = await send("PUT", `/v2/a/manifests/${digestOf("x")}`, "{}", { "content-type": manifestType });
    expect(codeOf(byDigest)).toBe("DIGEST_INVALID");
  });

  test.each([
    ["/v2/../../etc/manifests/passwd", 400],
    ["/v2/a%2F..%2Fb/manifests/v1", 400],
    ["/v2/UPPER/manifests/v1", 400],
    ["/v2/_x/manifests/v1", 400],
    ["/v2/a/manifests/..%2F..%2Fx", 404],
    ["/v2/a/blobs/sha256:..%2F..%2Fx", 400],
    ["/v2/a/blobs/uploads/..%2F..%2Fx", 404],
    ["/v1/", 404],
  ])("does not leave its directory for %s", async (path, code) => {
    const { port } = new URL(base);
    const answer = await new Promise<number>((resolve, reject) => {
      // fetch() would tidy the path up.
      const sent = request({ host: "127.0.0.1", port, path, method: "GET" }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sent.on("error", reject);
      sent.end();
    });
    expect(answer).toBe(code);
  });

  test("answers only to names of loopback", async () => {
    const { port } = new URL(base);
    const code = await new Promise<number>((resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port, path: "/v2/", headers: { host: "evil.example" } }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sent.on("error", reject);
      sent.end();
    });
    expect(code).toBe(403);
  });
});
