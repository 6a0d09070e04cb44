import type { Descriptor, Index, Platform } from "@wherry/distribution";
import { ContentError } from "./errors.ts";
import { isWasmConfigType } from "./wasm-media-types.ts";

/** A platform wanted: operating system and architecture, where `*` takes any. */
export interface PlatformPreference {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/**
 * What to take from an index, best first: WebAssembly by any of the names in use for its systems, then Linux of this
 * machine's architecture, whose image must have a module as its entry point.
 *
 * @param architecture Node's name of the machine's architecture
 */
export function defaultPlatforms(architecture: string): PlatformPreference[] {
  const wasm = ["wasip1", "wasi", "wasip2", "*"].flatMap((os) => ({ os, architecture: "wasm" }));
  return [...wasm, { os: "wasi", architecture: "wasm32" }, { os: "linux", architecture: goArchitecture(architecture) }];
}

/** Name of an architecture in image configurations (GOARCH) for Node's. */
export function goArchitecture(architecture: string): string {
  const names: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", ppc64: "ppc64le" };
  return names[architecture] ?? architecture;
}

/**
 * Chooses from an index by the order of the preferences; among equals the first one listed.
 *
 * Entries that are no images (attestations) are left out. Entries of WebAssembly artifacts that name no platform count as
 * WebAssembly. Throws `ContentError` of code `NoMatchingPlatform` that lists what there is.
 */
export function choosePlatform(index: Index, preferences: readonly PlatformPreference[], name: string): Descriptor {
  const candidates = index.manifests.filter((entry) => !isAttestation(entry));
  for (const preference of preferences) {
    const found = candidates.find((entry) => matches(platformOf(entry), preference));
    if (found !== undefined) return found;
  }
  // An index of a single image that names no platform is as good as the image.
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1 && only.platform === undefined) return only;
  const offered = candidates.map((entry) => formatPlatform(platformOf(entry))).join(", ") || "nothing";
  const wanted = preferences.map(formatPlatform).join(", ");
  throw new ContentError(
    "NoMatchingPlatform",
    `Cannot use image "${name}": it is made for ${offered}; this node can take ${wanted}`,
  );
}

function isAttestation(entry: Descriptor): boolean {
  return (
    entry.annotations?.["vnd.docker.reference.type"] === "attestation-manifest" || entry.platform?.os === "unknown"
  );
}

function platformOf(entry: Descriptor): Platform | undefined {
  if (entry.platform !== undefined) return entry.platform;
  const isWasm = entry.artifactType !== undefined && isWasmConfigType(entry.artifactType);
  return isWasm ? { os: "wasip1", architecture: "wasm" } : undefined;
}

function matches(platform: Platform | undefined, wanted: PlatformPreference): boolean {
  if (platform === undefined) return false;
  const equal = (offered: string, preferred: string) => preferred === "*" || offered === preferred;
  const variant = wanted.variant === undefined || (platform.variant ?? "") === wanted.variant;
  return equal(platform.os, wanted.os) && equal(platform.architecture, wanted.architecture) && variant;
}

/** `os/architecture`, with the variant where there is one. */
export function formatPlatform(platform: Platform | undefined): string {
  if (platform === undefined) return "an unnamed platform";
  const variant = platform.variant === undefined ? "" : `/${platform.variant}`;
  return `${platform.os || "?"}/${platform.architecture || "?"}${variant}`;
}
