import { digestOf } from "./digest.ts";
import { DistributionError } from "./errors.ts";
import { discard } from "./http-transport.ts";
import { readReferrersTag, referrersTag } from "./listing.ts";
import { type Descriptor, type Index, type Manifest, maxManifestBytes, parseManifest } from "./manifest.ts";
import { ociIndexType } from "./media-types.ts";
import type { Reference } from "./reference.ts";
import { failure, type RepositoryContext } from "./repository-context.ts";

/** Puts a manifest (OCI distribution specification v1.1, "Pushing Manifests" and "Pushing Manifests with Subject"). */
export async function pushManifest(
  context: RepositoryContext,
  reference: Reference,
  bytes: Uint8Array,
  mediaType: string,
  signal: AbortSignal | undefined,
): Promise<Descriptor> {
  const digest = digestOf(bytes);
  if (reference.digest !== undefined && reference.digest !== digest)
    throw new DistributionError("DigestMismatch", `the manifest to push has digest ${digest}, not ${reference.digest}`);
  const manifest = parseManifest(bytes, mediaType);
  const knowsSubject = await put(context, reference.tag ?? digest, bytes, mediaType, signal);
  const descriptor: Descriptor = { mediaType, digest, size: bytes.length };
  if (manifest.subject !== undefined && !knowsSubject)
    await enterReferrer(context, manifest.subject, describeReferrer(descriptor, manifest), signal);
  return descriptor;
}

/** Answers whether the registry itself keeps track of the manifest's subject. */
async function put(
  context: RepositoryContext,
  target: string,
  bytes: Uint8Array,
  mediaType: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (bytes.length > maxManifestBytes)
    throw new DistributionError("TooLarge", `the manifest to push is larger than ${maxManifestBytes} bytes`);
  const response = await context.session.send({
    method: "PUT",
    target: `${context.repository}/manifests/${target}`,
    headers: { "content-type": mediaType },
    body: { sizeBytes: bytes.length, open: () => bytes },
    actions: "pull,push",
    signal,
  });
  if (response.status !== 201) throw await failure(context, response);
  await discard(response);
  const stored = response.headers["docker-content-digest"];
  if (stored !== undefined && stored !== digestOf(bytes) && String(stored).startsWith("sha256:"))
    throw new DistributionError("DigestMismatch", `the registry stored the manifest as ${String(stored)}`);
  return response.headers["oci-subject"] !== undefined;
}

function describeReferrer(descriptor: Descriptor, manifest: Manifest | Index): Descriptor {
  const configType = manifest.kind === "manifest" ? manifest.config.mediaType : undefined;
  const artifactType = manifest.artifactType ?? configType;
  return {
    ...descriptor,
    ...(artifactType === undefined ? {} : { artifactType }),
    annotations: manifest.annotations,
  };
}

async function enterReferrer(
  context: RepositoryContext,
  subject: Descriptor,
  referrer: Descriptor,
  signal: AbortSignal | undefined,
): Promise<void> {
  const present = await readReferrersTag(context, subject.digest, signal);
  if (present.some(({ digest }) => digest === referrer.digest)) return;
  const index = { schemaVersion: 2, mediaType: ociIndexType, manifests: [...present, referrer] };
  const bytes = Buffer.from(JSON.stringify(index));
  await put(context, referrersTag(subject.digest), bytes, ociIndexType, signal);
}
