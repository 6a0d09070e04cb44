import { systemClock } from "@wherry/base";
import { describe, expect, test } from "vitest";
import { FakeRegistry, sendError } from "../../testkit/src/registries/fake-registry.ts";
import { createDistributionClient, digestOf, ociManifestType, type PushSource } from "../src/index.ts";

const content = Buffer.alloc(40 * 1024 * 1024, "0123456789");
const descriptor = { mediaType: "application/wasm", digest: digestOf(content), size: content.length };
const source: PushSource = async function* (start, end) {
  for (let at = start; at < end; at += 1024 * 1024) yield content.subarray(at, Math.min(at + 1024 * 1024, end));
};

function clientOf() {
  return createDistributionClient({ clock: { ...systemClock, sleep: async () => undefined } });
}

describe("Repository.pushBlob()", () => {
  test("uploads in one request", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    await client.repository(`${registry.host}/a:1`).pushBlob(descriptor, source);
    expect(registry.blobs.get(descriptor.digest)?.equals(content)).toBe(true);
    expect(registry.requests.map(({ method }) => method)).toEqual(["HEAD", "POST", "PUT"]);
  });

  test("does nothing for a blob that is there", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    registry.addBlob(content);
    await client.repository(`${registry.host}/a:1`).pushBlob(descriptor, source);
    expect(registry.requests.map(({ method }) => method)).toEqual(["HEAD"]);
  });

  test("mounts from another repository, and uploads where that is refused", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    registry.addBlob(content);
    let present = false;
    registry.intercept = ({ method }, response) => {
      if (method === "HEAD") response.writeHead(404).end();
      return method === "HEAD";
    };
    await client.repository(`${registry.host}/a:1`).pushBlob(descriptor, source, { mountFrom: "b" });
    expect(registry.requests.map(({ method }) => method)).toEqual(["HEAD", "POST"]);
    registry.blobs.clear();
    registry.requests.length = 0;
    registry.intercept = ({ method, url }, response) => {
      if (method !== "POST" || !url.searchParams.has("mount") || present) return false;
      present = true;
      sendError(response, 403, "DENIED", "not from there");
      return true;
    };
    await client.repository(`${registry.host}/a:1`).pushBlob(descriptor, source, { mountFrom: "b" });
    expect(registry.blobs.has(descriptor.digest)).toBe(true);
  });

  test("uploads in chunks where one request is too large, and goes on from where the registry is", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    let refused = 0;
    registry.intercept = ({ method, body, url }, response) => {
      if (method === "PUT" && body.length > 20 * 1024 * 1024) {
        sendError(response, 413, "TOO_LARGE", "too large");
        return true;
      }
      if (method !== "PATCH" || refused > 0) return false;
      // Took the first chunk, but its answer said otherwise.
      refused++;
      registry.uploads.set(url.pathname.split("/").at(-1) ?? "", body);
      sendError(response, 416, "RANGE", "out of order");
      return true;
    };
    await client.repository(`${registry.host}/a:1`).pushBlob(descriptor, source);
    expect(registry.blobs.get(descriptor.digest)?.equals(content)).toBe(true);
    expect(registry.requests.filter(({ method }) => method === "PATCH")).toHaveLength(3);
  });

  test("tries an upload again after 503, with the whole content", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    let failures = 0;
    registry.intercept = ({ method }, response) => {
      if (method !== "PUT" || failures++ > 0) return false;
      response.writeHead(503).end();
      return true;
    };
    await client.repository(`${registry.host}/a:1`).pushBlob(descriptor, source);
    expect(registry.blobs.has(descriptor.digest)).toBe(true);
  });

  test("reports a source that fails or is too short, not the network", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    const repository = client.repository(`${registry.host}/a:1`);
    // oxlint-disable-next-line
    const failing: PushSource = async function* () {
      yield content.subarray(0, 10);
      throw new Error("disk gone");
    };
    await expect(repository.pushBlob(descriptor, failing)).rejects.toThrow("disk gone");
    const short: PushSource = async function* () {
      yield content.subarray(0, 10);
    };
    await expect(repository.pushBlob(descriptor, short)).rejects.toMatchObject({ code: "SizeMismatch" });
  });
});

describe("Repository.pushManifest()", () => {
  const blob = { mediaType: "application/wasm", digest: digestOf("x"), size: 1 };
  const manifest = (subject?: object) =>
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: ociManifestType,
        artifactType: "application/vnd.example.signature",
        config: blob,
        layers: [blob],
        ...(subject === undefined ? {} : { subject }),
      }),
    );

  test.each([true, false])("enters a subject's referrer, with an API for it: %s", async (referrers) => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    registry.referrers = referrers;
    const repository = client.repository(`${registry.host}/a:1`);
    const subject = await repository.pushManifest(manifest());
    const signature = await client.repository(`${registry.host}/a:signature`).pushManifest(manifest(subject));
    const found = await repository.listReferrers(subject.digest);
    expect(found.map(({ digest }) => digest)).toEqual([signature.digest]);
    expect(await repository.listReferrers(subject.digest, { artifactType: "other/type" })).toEqual([]);
    expect(registry.manifests.has(`a:${subject.digest.replace(":", "-")}`)).toBe(!referrers);
  });

  test("refuses a manifest of another digest than the reference's", async () => {
    await using client = clientOf();
    const repository = client.repository(`127.0.0.1:1/a@${digestOf("other")}`);
    await expect(repository.pushManifest(manifest())).rejects.toMatchObject({ code: "DigestMismatch" });
  });
});

describe("Repository.listTags()", () => {
  test("reads all pages, or as many tags as wanted", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    registry.tagsPerPage = 2;
    for (const tag of ["a", "b", "c", "d", "e"]) registry.addImage("team/app", tag, Buffer.from(tag));
    const repository = client.repository(`${registry.host}/team/app`);
    expect(await repository.listTags()).toEqual(["a", "b", "c", "d", "e"]);
    expect(await repository.listTags({ limit: 3 })).toEqual(["a", "b", "c"]);
  });

  test("does not follow a list to another host", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf();
    registry.intercept = (_request, response) => {
      response.setHeader("link", '<http://127.0.0.2:1/v2/a/tags/list>; rel="next"');
      response.end('{"tags":["a"]}');
      return true;
    };
    await expect(client.repository(`${registry.host}/a`).listTags()).rejects.toThrow("another host");
  });
});
