import { describe, expect, test } from "vitest";
import { digestOf, maxManifestBytes, ociIndexType, ociManifestType, parseManifest } from "../src/index.ts";

const blob = { mediaType: "application/wasm", digest: digestOf("x"), size: 1 };
const manifest = { schemaVersion: 2, mediaType: ociManifestType, config: blob, layers: [blob] };
const bytes = (document: unknown) => Buffer.from(JSON.stringify(document));

describe("parseManifest()", () => {
  test("reads a manifest with its artifact type, subject and annotations", () => {
    const document = { ...manifest, artifactType: "a/b", subject: blob, annotations: { key: "value" } };
    expect(parseManifest(bytes(document))).toMatchObject({
      kind: "manifest",
      artifactType: "a/b",
      subject: blob,
      annotations: { key: "value" },
      layers: [blob],
    });
  });

  test("reads an index and its platforms", () => {
    const entry = { ...blob, mediaType: ociManifestType, platform: { os: "wasi", architecture: "wasm", variant: "" } };
    const index = parseManifest(bytes({ schemaVersion: 2, manifests: [entry] }));
    expect(index).toMatchObject({ kind: "index", manifests: [{ platform: { os: "wasi", architecture: "wasm" } }] });
  });

  test("takes the announced type where the document names none", () => {
    const { mediaType: _, ...bare } = manifest;
    expect(parseManifest(bytes(bare), "application/vnd.docker.distribution.manifest.v2+json").mediaType).toBe(
      "application/vnd.docker.distribution.manifest.v2+json",
    );
  });

  test("keeps a label named __proto__ as an ordinary one", () => {
    const text = JSON.stringify(manifest).replace(/}$/, ',"annotations":{"__proto__":"x"}}');
    const parsed = parseManifest(Buffer.from(text));
    expect(Object.entries(parsed.annotations)).toEqual([["__proto__", "x"]]);
  });

  test.each<[string, unknown, string]>([
    ["both kinds at once", { ...manifest, manifests: [] }, "both manifests and layers"],
    ["schema 1", { schemaVersion: 1, fsLayers: [] }, "schema 1"],
    ["another type", { ...manifest, mediaType: "text/plain" }, "text/plain"],
    ["a missing config", { ...manifest, config: undefined }, "config is no descriptor"],
    ["an invalid digest", { ...manifest, layers: [{ ...blob, digest: "sha256:../../x" }] }, "layers[0]"],
    ["a negative size", { ...manifest, layers: [{ ...blob, size: -1 }] }, "size -1"],
    ["a size that is no integer", { ...manifest, layers: [{ ...blob, size: 1e300 }] }, "size"],
    ["layers that are no list", { ...manifest, layers: {} }, "layers is no list"],
    ["annotations that are no strings", { ...manifest, annotations: { a: 1 } }, "annotations"],
    ["a list", [], "no JSON object"],
  ])("refuses %s", (_name, document, problem) => {
    expect(() => parseManifest(bytes(document))).toThrow(problem);
  });

  test("refuses a document of another type than announced", () => {
    expect(() => parseManifest(bytes(manifest), ociIndexType)).toThrow("announced as");
  });

  test("refuses what is no JSON and what is too large", () => {
    expect(() => parseManifest(Buffer.from("<html>"))).toThrow("no JSON");
    expect(() => parseManifest(Buffer.from([0xff, 0xfe]))).toThrow("no JSON");
    expect(() => parseManifest(Buffer.alloc(maxManifestBytes + 1))).toThrow("larger than");
  });
});
