import { createReadStream } from "node:fs";
import { join } from "node:path";
import { errorMessage } from "@wherry/base";
import { type Descriptor, type Digest, Digester } from "@wherry/distribution";
import { splitArchivePath } from "./archive-path.ts";
import type { ContentStore } from "./content-store.ts";
import { ContentError } from "./errors.ts";
import type { ImageConfig } from "./image-config.ts";
import type { UnpackLimits } from "./layer-limits.ts";
import type { ModuleRecord } from "./module-records.ts";
import type { PlatformPreference } from "./platform.ts";
import { RootedTree } from "./rooted-tree.ts";
import { readStoredImage, type StoredImage } from "./stored-image.ts";
import { unpackLayers } from "./unpack-image.ts";
import { inspectWasmFile, type WasmKind } from "./wasm-kind.ts";
import { titleOf, wasmLayerOf } from "./wasm-layer.ts";
import { isWasmConfigType, wasmConfigV0Type } from "./wasm-media-types.ts";

/**
 * How an image carries its module: as the CNCF's artifact, as the artifact of wasm-to-oci and Krustlet, as a layer of an image
 * with an ordinary configuration, or as a file in an ordinary image's file system.
 */
export type ModuleImageForm = "wasm-artifact" | "krustlet-artifact" | "wasm-layer" | "file-system";

/** A present image, ready to be run. */
export interface ModuleImage {
  readonly form: ModuleImageForm;
  readonly manifestDigest: Digest;
  /** The image's ID. */
  readonly configDigest: Digest;
  readonly config: ImageConfig;
  readonly module: {
    readonly kind: WasmKind;
    readonly digest: Digest;
    readonly sizeBytes: number;
    /** Absolute path of the binary on this machine; must not be written to. */
    readonly path: string;
    /** Name for it, as first argument: its path in the image, or the title it was published under. */
    readonly name: string;
  };
  /** The image's file system; absent for images that are only a module. Must not be written to. */
  readonly rootfs?: string;
}

export interface ResolveModuleOptions {
  /** Command that replaces the image's entry point; in a file system its first word names the module. */
  readonly command?: readonly string[];
  readonly platforms?: readonly PlatformPreference[];
  readonly limits?: UnpackLimits;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds the WebAssembly module or component of an image in the store, in every form that is in use, and unpacks the image's
 * file system where it has one. Quick when it was done before.
 *
 * Throws `ContentError`: `NotFound`, `NoModule` (the image is for something else), `NotWasm`, `TruncatedModule`,
 * `Unsupported`, and what `unpackLayers` throws.
 * @param imageDigest digest of the manifest or index the image's name stands for
 */
export async function resolveModuleImage(
  store: ContentStore,
  imageDigest: Digest,
  options: ResolveModuleOptions = {},
): Promise<ModuleImage> {
  const { command = [], platforms } = options;
  const key = JSON.stringify([imageDigest, command[0] ?? null, platforms ?? null]);
  const known = store.modules.resolved(key);
  if (known !== undefined) return known;
  const name = store.images.findByDigest(imageDigest)[0]?.name ?? imageDigest;
  try {
    const image = await readStoredImage(store, imageDigest, platforms);
    const layer = wasmLayerOf(image);
    const resolved =
      layer === undefined ? await resolveFile(store, image, options) : await resolveWasmLayer(store, image, layer);
    store.modules.remember(key, resolved);
    return resolved;
  } catch (error) {
    if (!(error instanceof ContentError)) throw error;
    const { code, retryable } = error;
    throw new ContentError(code, `Cannot run image "${name}": ${errorMessage(error)}`, {
      cause: error.cause,
      retryable,
    });
  }
}

function formOf({ manifest }: StoredImage): ModuleImageForm {
  const types = [manifest.artifactType, manifest.config.mediaType];
  if (types.includes(wasmConfigV0Type)) return "wasm-artifact";
  if (types.some((type) => type !== undefined && isWasmConfigType(type))) return "krustlet-artifact";
  const isImage = /^application\/vnd\.(?:oci\.image\.config|docker\.container\.image)\./.test(
    manifest.config.mediaType,
  );
  return isImage ? "wasm-layer" : "wasm-artifact";
}

async function resolveWasmLayer(store: ContentStore, image: StoredImage, layer: Descriptor): Promise<ModuleImage> {
  const { manifest, manifestDigest, config } = image;
  const name = titleOf(layer) ?? config.entrypoint[0] ?? "module.wasm";
  const path = store.blobs.path(layer.digest);
  const record =
    store.modules.get(layer.digest, "") ?? (await inspect(store, layer.digest, "", path, "its layer", layer.digest));
  return {
    form: formOf(image),
    manifestDigest,
    configDigest: manifest.config.digest,
    config,
    module: { ...record, path, name },
  };
}

async function resolveFile(
  store: ContentStore,
  image: StoredImage,
  options: ResolveModuleOptions,
): Promise<ModuleImage> {
  const { manifest, manifestDigest, config } = image;
  const entry = chooseEntry(image, options.command ?? []);
  const { chainId, directory } = await unpackLayers(store, manifest, config, options);
  const segments = findEntry(directory, entry, config);
  const name = segments.join("/");
  const path = join(directory, ...segments);
  const record =
    store.modules.get(chainId, name) ??
    (await inspect(store, chainId, name, path, `its entry point ${JSON.stringify(entry)}`));
  return {
    form: "file-system",
    manifestDigest,
    configDigest: manifest.config.digest,
    config,
    module: { ...record, path, name: entry },
    rootfs: directory,
  };
}

/** The word that names the module, refused early where the image cannot hold one: a large image need not be unpacked for that. */
function chooseEntry({ manifest, config }: StoredImage, command: readonly string[]): string {
  const entry = command[0] ?? config.entrypoint[0] ?? config.cmd[0];
  const platform = `${config.os || "?"}/${config.architecture || "?"}`;
  const isWasm = /^wasm/.test(config.architecture) || /^wasi/.test(config.os);
  if (entry !== undefined && (isWasm || /\.(?:wasm|wat)$/.test(entry))) return entry;
  // Images for proxies name no entry point; the variant's specification fixes the name.
  if (entry === undefined && manifest.annotations["module.wasm.image/variant"] === "compat") return "/plugin.wasm";
  if (entry === undefined)
    throw new ContentError(
      "NoModule",
      "it names no entry point; set one, or the container's command, to the .wasm file",
    );
  throw new ContentError(
    "NoModule",
    `it is an image for ${platform} whose entry point ${JSON.stringify(entry)} is no .wasm file; this runtime runs WebAssembly only`,
  );
}

/** More than any image's `PATH` has, and few enough to be looked at one after the other. */
const maxSearchedDirectories = 100;

/** Real path of the entry point in a file system: from the working directory, and as `PATH` says for a name without a slash. */
function findEntry(directory: string, entry: string, { workingDir, env }: ImageConfig): readonly string[] {
  using tree = new RootedTree(directory);
  const places = [workingDir, "/"];
  const searched = (env["PATH"] ?? "").split(":", maxSearchedDirectories).filter((part) => part.startsWith("/"));
  if (!entry.includes("/")) places.push(...searched);
  for (const base of entry.startsWith("/") ? ["/"] : places) {
    const place = tree.follow(splitArchivePath(`${base}/${entry}`));
    if (place !== undefined && tree.stat(place)?.isFile()) return [...place.directory.segments, place.name];
  }
  throw new ContentError("NoModule", `its entry point ${JSON.stringify(entry)} is no file in it`);
}

async function inspect(
  store: ContentStore,
  owner: Digest,
  key: string,
  path: string,
  name: string,
  digest?: Digest,
): Promise<ModuleRecord> {
  const { kind, sizeBytes } = await inspectWasmFile(path, name);
  const record = { kind, sizeBytes, digest: digest ?? (await digestFile(path)) };
  await store.modules.put(owner, key, record);
  return record;
}

async function digestFile(path: string): Promise<Digest> {
  const digester = new Digester();
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>)
    digester.update(chunk);
  return digester.digest();
}
