import { FakeClock, systemClock } from "@wherry/base";
import { describe, expect, test } from "vitest";
import { FakeRegistry, sendError } from "../../testkit/src/registries/fake-registry.ts";
import { createDistributionClient, type DistributionClientOptions, digestOf, type Repository } from "../src/index.ts";

const layer = Buffer.alloc(200_000, "layer ");

/** A clock whose delays pass at once; what was waited is written down. */
function fastClock(): { readonly clock: typeof systemClock; readonly waitedMs: number[] } {
  const waitedMs: number[] = [];
  const clock = {
    ...systemClock,
    sleep: async (delayMs: number) => {
      waitedMs.push(delayMs);
    },
  };
  return { clock, waitedMs };
}

function clientOf(options: DistributionClientOptions = {}) {
  return createDistributionClient({ clock: fastClock().clock, random: () => 0.5, ...options });
}

async function read(repository: Repository, ...parameters: Parameters<Repository["fetchBlob"]>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of repository.fetchBlob(...parameters)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe("Repository", () => {
  test("resolve() and fetchBlob() get an image over plain HTTP from a loopback address", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    const image = registry.addImage("team/app", "1", layer);
    const repository = client.repository(`${registry.host}/team/app:1`);
    expect(await repository.resolve()).toEqual(image.manifest);
    expect((await repository.fetchManifest()).descriptor).toEqual(image.manifest);
    expect(await read(repository, image.layer)).toEqual(layer);
    expect(await read(repository, image.layer, { offset: 150_000 })).toEqual(layer.subarray(150_000));
  });

  test("resolve() falls back to GET where HEAD is refused or tells too little", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    const { manifest } = registry.addImage("team/app", "1", layer);
    registry.intercept = ({ method }, response) => {
      if (method === "HEAD") response.writeHead(405).end();
      return method === "HEAD";
    };
    expect(await client.repository(`${registry.host}/team/app:1`).resolve()).toEqual(manifest);
    registry.intercept = ({ method }, response) => {
      if (method === "HEAD") response.writeHead(200).end();
      return method === "HEAD";
    };
    expect(await client.repository(`${registry.host}/team/app:1`).resolve()).toEqual(manifest);
  });

  test("resolve() names image, registry and answer when there is no such tag", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    await expect(client.repository(`${registry.host}/team/app:2`).resolve()).rejects.toMatchObject({
      code: "ManifestUnknown",
      retryable: false,
      message: `Cannot pull image "${registry.host}/team/app:2": registry "${registry.host}" answered 404 Not Found: MANIFEST_UNKNOWN: manifest unknown`,
    });
  });

  test("errors of a registry are shown without control characters and bounded", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    registry.intercept = (_request, response) => {
      sendError(response, 403, "DENIED", `\u001b[31m${"x".repeat(10_000)}`);
      return true;
    };
    const error = await client
      .repository(`${registry.host}/a:1`)
      .resolve()
      .catch((failure: Error) => failure);
    expect(error).toMatchObject({ code: "Forbidden" });
    expect((error as Error).message).not.toContain("\u001b");
    expect((error as Error).message.length).toBeLessThan(500);
  });

  test("fetchManifest() refuses content of another digest", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    const { manifest } = registry.addImage("a", "1", layer);
    registry.manifests.set(`a:${manifest.digest}`, {
      bytes: Buffer.from('{"schemaVersion":2}'),
      mediaType: manifest.mediaType,
    });
    const repository = client.repository(`${registry.host}/a@${manifest.digest}`);
    await expect(repository.fetchManifest()).rejects.toMatchObject({ code: "DigestMismatch" });
  });

  test("fetchManifest() refuses a manifest that is too large, announced or not", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    registry.intercept = ({ method, url }, response) => {
      if (method === "HEAD") return false;
      response.writeHead(200, url.pathname.endsWith("announced") ? { "content-length": 5_000_000 } : {});
      response.end(Buffer.alloc(5_000_000, " "));
      return true;
    };
    for (const tag of ["announced", "streamed"])
      await expect(client.repository(`${registry.host}/a:${tag}`).fetchManifest()).rejects.toMatchObject({
        code: "TooLarge",
      });
  });

  test("fetchBlob() refuses content of another digest at its end", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    const blob = registry.addBlob(layer);
    registry.blobs.set(blob.digest, Buffer.from(layer).fill("X", 1000, 1001));
    await expect(read(client.repository(`${registry.host}/a:1`), blob)).rejects.toMatchObject({
      code: "DigestMismatch",
    });
  });

  test.each([
    ["longer", 1000, true],
    ["longer", 1000, false],
  ])("fetchBlob() refuses a blob that is %s than it should be", async (_what, more, announced) => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    const blob = registry.addBlob(layer);
    registry.intercept = ({ url }, response) => {
      if (!url.pathname.includes("/blobs/")) return false;
      const content = Buffer.concat([layer, Buffer.alloc(more)]);
      response.writeHead(200, announced ? { "content-length": content.length } : {}).end(content);
      return true;
    };
    await expect(read(client.repository(`${registry.host}/a:1`), blob)).rejects.toMatchObject({ code: "SizeMismatch" });
  });

  test("fetchBlob() goes on where a connection broke off", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    const blob = registry.addBlob(layer);
    let interruptions = 0;
    registry.intercept = ({ url, range }, response) => {
      if (!url.pathname.includes("/blobs/") || interruptions === 3) return false;
      interruptions++;
      const start = Number(/=([0-9]+)/.exec(range ?? "")?.[1] ?? 0);
      response.writeHead(range === undefined ? 200 : 206, {
        "content-length": layer.length - start,
        ...(range === undefined ? {} : { "content-range": `bytes ${start}-${layer.length - 1}/${layer.length}` }),
      });
      response.write(layer.subarray(start, start + 50_000), () => response.destroy());
      return true;
    };
    expect(await read(client.repository(`${registry.host}/a:1`), blob)).toEqual(layer);
    const ranges = registry.requests.filter(({ url }) => url.pathname.includes("/blobs/")).map(({ range }) => range);
    expect(ranges).toHaveLength(4);
    expect(ranges[0]).toBeUndefined();
    expect(ranges.slice(1).every((range) => /^bytes=[1-9][0-9]*-199999$/.test(range ?? ""))).toBe(true);
  });

  test("fetchBlob() goes on where a registry ignores ranges", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    const blob = registry.addBlob(layer);
    let requests = 0;
    registry.intercept = ({ url }, response) => {
      if (!url.pathname.includes("/blobs/")) return false;
      response.writeHead(200, { "content-length": layer.length });
      if (requests++ === 0) response.write(layer.subarray(0, 70_000), () => response.destroy());
      else response.end(layer);
      return true;
    };
    expect(await read(client.repository(`${registry.host}/a:1`), blob)).toEqual(layer);
    expect(requests).toBe(2);
  });

  test("fetchBlob() gives up on a registry that never sends the rest", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    const blob = registry.addBlob(layer);
    registry.intercept = ({ url }, response) => {
      if (!url.pathname.includes("/blobs/")) return false;
      response.writeHead(200, { "content-length": layer.length });
      response.flushHeaders();
      response.destroy();
      return true;
    };
    await expect(read(client.repository(`${registry.host}/a:1`), blob)).rejects.toMatchObject({ retryable: true });
    expect(registry.requests.length).toBeLessThan(60);
  });

  test("fetchBlob() refuses a wrong range", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    const blob = registry.addBlob(layer);
    registry.intercept = ({ range }, response) => {
      if (range === undefined) return false;
      response.writeHead(206, { "content-range": `bytes 0-99/${layer.length}` }).end(layer.subarray(0, 100));
      return true;
    };
    await expect(read(client.repository(`${registry.host}/a:1`), blob, { offset: 500 })).rejects.toMatchObject({
      code: "SizeMismatch",
    });
  });

  test.each([true, false])("fetchBlob() reads ranges at the same time, served: %s", async (served) => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    const blob = registry.addBlob(layer);
    registry.intercept = ({ url }, response) => {
      if (served || !url.pathname.includes("/blobs/")) return false;
      response.writeHead(200, { "content-length": layer.length }).end(layer);
      return true;
    };
    const options = { concurrency: 3, rangeBytes: 30_000 };
    expect(await read(client.repository(`${registry.host}/a:1`), blob, options)).toEqual(layer);
    expect(registry.requests.filter(({ range }) => range !== undefined)).toHaveLength(served ? 7 : 1);
  });

  test("fetchBlob() tries again after 503 and 429, as long as asked", async () => {
    await using registry = await FakeRegistry.start();
    const { clock, waitedMs } = fastClock();
    await using client = clientOf({ clock });
    const blob = registry.addBlob(layer);
    const answers = [503, 429, 500];
    registry.intercept = (_request, response) => {
      const status = answers.shift();
      if (status === undefined) return false;
      response.writeHead(status, status === 429 ? { "retry-after": "7" } : {}).end();
      return true;
    };
    expect(await read(client.repository(`${registry.host}/a:1`), blob)).toEqual(layer);
    expect(waitedMs).toEqual([150, 7000, 600]);
  });

  test("resolve() reports a registry that asks to wait too long", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    registry.intercept = (_request, response) => {
      response.writeHead(429, { "retry-after": "3600" }).end();
      return true;
    };
    await expect(client.repository(`${registry.host}/a:1`).resolve()).rejects.toMatchObject({
      code: "TooManyRequests",
      retryable: true,
      retryAfterMs: 3_600_000,
    });
  });

  test("resolve() ends with the signal's reason while it waits and while it reads", async () => {
    await using registry = await FakeRegistry.start();
    await using client = createDistributionClient({ clock: new FakeClock() });
    const abort = new AbortController();
    registry.intercept = () => {
      setImmediate(() => abort.abort(new Error("pod deleted")));
      return true;
    };
    await expect(client.repository(`${registry.host}/a:1`).resolve({ signal: abort.signal })).rejects.toThrow(
      "pod deleted",
    );
  });

  test("resolve() tells an unknown host and a closed port apart", async () => {
    await using client = clientOf({ retry: { attempts: 1 } });
    const closed = await FakeRegistry.start();
    const { host } = closed;
    await closed[Symbol.asyncDispose]();
    await expect(client.repository(`${host}/a:1`).resolve()).rejects.toMatchObject({
      code: "RegistryUnreachable",
      retryable: true,
      message: expect.stringContaining(`Cannot pull image "${host}/a:1": registry "${host}" cannot be reached`),
    });
    const unknown = await client
      .repository("registry.invalid/a:1")
      .resolve()
      .catch((error: unknown) => error);
    expect(["RegistryUnknown", "RegistryUnreachable"]).toContain((unknown as { code: string }).code);
  });

  test("a mirror is asked first and its failure goes unnoticed", async () => {
    await using mirror = await FakeRegistry.start();
    await using registry = await FakeRegistry.start();
    await using client = clientOf({
      mirrors: { [registry.host]: [{ url: "http://127.0.0.1:1" }, { url: mirror.url }] },
      retry: { attempts: 1 },
    });
    const { manifest } = registry.addImage("team/app", "1", layer);
    const atMirror = mirror.addImage("team/app", "2", layer);
    expect(await client.repository(`${registry.host}/team/app:2`).resolve()).toEqual(atMirror.manifest);
    expect(registry.requests).toEqual([]);
    expect(mirror.requests[0]?.url.searchParams.get("ns")).toBe(registry.host);
    expect(await client.repository(`${registry.host}/team/app:1`).resolve()).toEqual(manifest);
    expect(digestOf(await read(client.repository(`${registry.host}/team/app:1`), atMirror.layer))).toBe(
      digestOf(layer),
    );
  });
});
