import { type Digest, isDigest } from "@wherry/distribution";
import { ContentError } from "./errors.ts";

/** What an image says about how to run it. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Empty where the image names none. */
  readonly workingDir: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly user: string;
  /** Signal name such as `SIGTERM`; empty where the image names none. */
  readonly stopSignal: string;
  readonly os: string;
  readonly architecture: string;
  readonly author: string;
  /** RFC 3339; empty where the image names none. */
  readonly created: string;
  /** Digests of the uncompressed layers. */
  readonly diffIds: readonly Digest[];
}

/** Largest configuration that is read. */
export const maxConfigBytes: number = 4 * 1024 * 1024;

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads the configuration of an OCI or Docker image, or of a Wasm artifact, where all of it is optional.
 *
 * Throws `ContentError` of code `InvalidImage` for fields of the wrong type.
 * @see https://github.com/opencontainers/image-spec/blob/main/config.md
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    throw new ContentError("InvalidImage", "Invalid image configuration: it is no JSON", { cause: error });
  }
  if (!isObject(document)) throw invalid("it is no JSON object");
  const config = readObject(document, "config");
  const rootfs = readObject(document, "rootfs");
  return {
    entrypoint: readList(config, "Entrypoint"),
    cmd: readList(config, "Cmd"),
    env: readEnvironment(readList(config, "Env")),
    workingDir: readText(config, "WorkingDir"),
    labels: readLabels(config),
    user: readText(config, "User"),
    stopSignal: readText(config, "StopSignal"),
    os: readText(document, "os"),
    architecture: readText(document, "architecture"),
    author: readText(document, "author"),
    created: readText(document, "created"),
    diffIds: readList(rootfs, "diff_ids").map((text) => {
      if (!isDigest(text)) throw invalid(`rootfs.diff_ids has ${JSON.stringify(text)}`);
      return text;
    }),
  };
}

function invalid(problem: string): ContentError {
  return new ContentError("InvalidImage", `Invalid image configuration: ${problem}`);
}

function readObject(parent: JsonObject, key: string): JsonObject {
  const value = parent[key] ?? {};
  if (!isObject(value)) throw invalid(`${key} is no object`);
  return value;
}

function readText(parent: JsonObject, key: string): string {
  const value = parent[key] ?? "";
  if (typeof value !== "string") throw invalid(`${key} is no string`);
  return value;
}

function readList(parent: JsonObject, key: string): string[] {
  const value = parent[key] ?? [];
  if (!Array.isArray(value) || !value.every((item): item is string => typeof item === "string"))
    throw invalid(`${key} is no list of strings`);
  return value;
}

function readEnvironment(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries
      .map((entry) => [entry, entry.indexOf("=")] as const)
      // Without a value an entry means "inherit", which an image cannot.
      .filter(([, equals]) => equals > 0)
      .map(([entry, equals]) => [entry.slice(0, equals), entry.slice(equals + 1)]),
  );
}

function readLabels(config: JsonObject): Record<string, string> {
  const labels = readObject(config, "Labels");
  return Object.fromEntries(
    Object.entries(labels).map(([key, value]) => {
      if (typeof value !== "string") throw invalid(`label ${JSON.stringify(key)} is no string`);
      return [key, value];
    }),
  );
}
