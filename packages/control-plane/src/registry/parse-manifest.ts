import { errorMessage } from "@wherry/base";
import { digestHex } from "./blob-files.ts";
import { RegistryError } from "./registry-error.ts";

/** What the registry needs to know of a manifest or index. */
export interface ManifestDocument {
  readonly mediaType: string;
  /** Blobs that must be here; manifests of an index may come later. */
  readonly blobs: readonly string[];
  readonly subject: string | undefined;
  readonly artifactType: string | undefined;
}

const indexTypes: readonly string[] = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];
const manifestTypes: readonly string[] = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

/** Reads an OCI or Docker manifest or index. Throws MANIFEST_INVALID saying which field is wrong. */
export function parseManifestDocument(bytes: Uint8Array, contentType: string | undefined): ManifestDocument {
  const document = parseObject(bytes);
  const mediaType = document["mediaType"] ?? contentType?.split(";")[0]?.trim();
  if (typeof mediaType !== "string" || ![...indexTypes, ...manifestTypes].includes(mediaType)) {
    throw invalid(
      `mediaType is ${JSON.stringify(mediaType)}, expected one of ${[...manifestTypes, ...indexTypes].join(", ")}`,
    );
  }
  const config = isObject(document["config"]) ? document["config"] : undefined;
  const layers = indexTypes.includes(mediaType) ? [] : list(document, "layers");
  if (manifestTypes.includes(mediaType) && config === undefined) throw invalid("config is missing");
  const configType = typeof config?.["mediaType"] === "string" ? config["mediaType"] : undefined;
  return {
    mediaType,
    blobs: [
      ...(config === undefined ? [] : [digestOf(config, "config")]),
      ...layers.map((layer, index) => digestOf(layer, `layers[${index}]`)),
    ],
    subject: isObject(document["subject"]) ? digestOf(document["subject"], "subject") : undefined,
    artifactType: typeof document["artifactType"] === "string" ? document["artifactType"] : configType,
  };
}

function parseObject(bytes: Uint8Array): Record<string, unknown> {
  try {
    const document: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (isObject(document)) return document;
  } catch (error) {
    throw invalid(`it is not JSON: ${errorMessage(error)}`);
  }
  throw invalid("it is not a JSON object");
}

function list(document: Record<string, unknown>, field: string): unknown[] {
  const value = document[field];
  if (!Array.isArray(value)) throw invalid(`${field} is not a list`);
  return value;
}

function digestOf(descriptor: unknown, field: string): string {
  const digest = isObject(descriptor) ? descriptor["digest"] : undefined;
  if (typeof digest !== "string") throw invalid(`${field}.digest is missing`);
  digestHex(digest);
  return digest;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(problem: string): RegistryError {
  return new RegistryError(400, "MANIFEST_INVALID", `the manifest cannot be used: ${problem}`);
}
