import { type Digest, isDigest } from "./digest.ts";
import { DistributionError } from "./errors.ts";
import { dockerSchema1Types, isIndexType, isManifestType, ociIndexType, ociManifestType } from "./media-types.ts";

/** Platform of an index entry (OCI image index specification). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** Points at content: type, address and size (OCI image specification, "Content Descriptors"). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Manifest {
  readonly kind: "manifest";
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Index {
  readonly kind: "index";
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Largest manifest or index that is read, as registries limit them (OCI distribution specification: at least 4 MiB). */
export const maxManifestBytes: number = 4 * 1024 * 1024;

type JsonObject = Readonly<Record<string, unknown>>;

function invalid(problem: string): DistributionError {
  return new DistributionError("InvalidResponse", `Invalid image manifest: ${problem}`);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads an OCI manifest or index or its Docker counterpart.
 *
 * Throws `DistributionError`: `InvalidResponse` for malformed documents, `Unsupported` for Docker schema 1 and unknown kinds.
 * A document that could be read as both a manifest and an index is refused (CVE-2021-41190).
 * @param mediaType what the registry or the descriptor said; the document's own `mediaType` must agree
 */
export function parseManifest(bytes: Uint8Array, mediaType?: string): Manifest | Index {
  if (bytes.length > maxManifestBytes) throw invalid(`it is larger than ${maxManifestBytes} bytes`);
  const document = parseJson(bytes);
  const own = document["mediaType"];
  if (own !== undefined && typeof own !== "string") throw invalid("mediaType is no string");
  const type = own ?? knownType(mediaType) ?? (document["manifests"] === undefined ? ociManifestType : ociIndexType);
  if (dockerSchema1Types.includes(type) || document["schemaVersion"] === 1)
    throw new DistributionError(
      "Unsupported",
      "Docker image manifests of schema 1 are not supported; push the image again with a current tool (OCI or Docker schema 2)",
    );
  if (own !== undefined && knownType(mediaType) !== undefined && own !== mediaType)
    throw invalid(`its mediaType is ${JSON.stringify(own)}, but it was announced as ${JSON.stringify(mediaType)}`);
  if (document["manifests"] !== undefined && (document["layers"] !== undefined || document["config"] !== undefined))
    throw invalid("it has both manifests and layers");
  if (isIndexType(type)) return readIndex(document, type);
  if (isManifestType(type)) return readManifest(document, type);
  throw new DistributionError(
    "Unsupported",
    `Manifests of type ${JSON.stringify(type)} are not supported; expected an OCI or Docker schema 2 image manifest or index`,
  );
}

function knownType(mediaType: string | undefined): string | undefined {
  if (mediaType === undefined) return undefined;
  return isIndexType(mediaType) || isManifestType(mediaType) || dockerSchema1Types.includes(mediaType)
    ? mediaType
    : undefined;
}

function parseJson(bytes: Uint8Array): JsonObject {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new DistributionError("InvalidResponse", "Invalid image manifest: it is no JSON", { cause: error });
  }
  if (!isObject(document)) throw invalid("it is no JSON object");
  return document;
}

function readIndex(document: JsonObject, mediaType: string): Index {
  const manifests = document["manifests"];
  if (!Array.isArray(manifests)) throw invalid("manifests is no list");
  return {
    kind: "index",
    mediaType,
    ...readCommon(document),
    manifests: manifests.map((entry, index) => readDescriptor(entry, `manifests[${index}]`)),
  };
}

function readManifest(document: JsonObject, mediaType: string): Manifest {
  const layers = document["layers"];
  if (!Array.isArray(layers)) throw invalid("layers is no list");
  return {
    kind: "manifest",
    mediaType,
    ...readCommon(document),
    config: readDescriptor(document["config"], "config"),
    layers: layers.map((entry, index) => readDescriptor(entry, `layers[${index}]`)),
  };
}

function readCommon(document: JsonObject): Pick<Manifest, "artifactType" | "subject" | "annotations"> {
  const artifactType = document["artifactType"];
  const subject = document["subject"];
  return {
    ...(typeof artifactType === "string" && artifactType !== "" ? { artifactType } : {}),
    ...(subject === undefined || subject === null ? {} : { subject: readDescriptor(subject, "subject") }),
    annotations: readStrings(document["annotations"], "annotations"),
  };
}

/** Checks one descriptor; `where` names it in errors. */
export function readDescriptor(value: unknown, where: string): Descriptor {
  if (!isObject(value)) throw invalid(`${where} is no descriptor`);
  const { mediaType, digest, size, artifactType, platform, annotations } = value;
  if (typeof mediaType !== "string" || mediaType === "") throw invalid(`${where} has no mediaType`);
  if (typeof digest !== "string" || !isDigest(digest))
    throw invalid(`${where} has the digest ${JSON.stringify(digest)}; expected SHA-256 or SHA-512`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    throw invalid(`${where} has the size ${JSON.stringify(size)}`);
  return {
    mediaType,
    digest,
    size,
    ...(typeof artifactType === "string" && artifactType !== "" ? { artifactType } : {}),
    ...(isObject(platform) ? { platform: readPlatform(platform) } : {}),
    ...(annotations === undefined || annotations === null
      ? {}
      : { annotations: readStrings(annotations, `${where}.annotations`) }),
  };
}

function readPlatform(value: JsonObject): Platform {
  const text = (field: unknown) => (typeof field === "string" ? field : "");
  const variant = text(value["variant"]);
  const platform = { os: text(value["os"]), architecture: text(value["architecture"]) };
  return variant === "" ? platform : { ...platform, variant };
}

function readStrings(value: unknown, where: string): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw invalid(`${where} is no object`);
  const strings: Record<string, string> = {};
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") throw invalid(`${where}[${JSON.stringify(key)}] is no string`);
    Object.defineProperty(strings, key, { value: text, enumerable: true, writable: true, configurable: true });
  }
  return strings;
}
