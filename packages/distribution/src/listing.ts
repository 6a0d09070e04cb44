import type { Digest } from "./digest.ts";
import { DistributionError } from "./errors.ts";
import { discard, type HttpResponse, readBounded } from "./http-transport.ts";
import { type Descriptor, maxManifestBytes, parseManifest } from "./manifest.ts";
import { manifestAccept, ociIndexType } from "./media-types.ts";
import { failure, type RepositoryContext } from "./repository-context.ts";

export interface TagsOptions {
  /** @default 10_000 */
  readonly limit?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ReferrersOptions {
  /** Only referrers of this artifact type. */
  readonly artifactType?: string;
  /** @default 1000 */
  readonly limit?: number;
  readonly signal?: AbortSignal | undefined;
}

const pageSize = 1000;
const maxPages = 1000;

/** OCI distribution specification v1.1, "Listing Tags". */
export async function listTags(context: RepositoryContext, options: TagsOptions): Promise<string[]> {
  const { limit = 10_000, signal } = options;
  const query = { n: String(Math.min(pageSize, limit)) };
  const tags: string[] = [];
  for await (const response of pages(context, `${context.repository}/tags/list`, query, signal)) {
    if (response.status !== 200) throw await failure(context, response);
    const document = await readJson(context, response);
    const page = (document as { tags?: unknown } | null)?.tags ?? [];
    if (!Array.isArray(page) || !page.every((tag): tag is string => typeof tag === "string"))
      throw invalid(context, "sent a tag list that holds no list of names");
    tags.push(...page);
    if (tags.length >= limit) break;
  }
  return tags.slice(0, limit);
}

/** OCI distribution specification v1.1, "Listing Referrers", with the tag schema where the API is missing. */
export async function listReferrers(
  context: RepositoryContext,
  digest: Digest,
  options: ReferrersOptions,
): Promise<Descriptor[]> {
  const { artifactType, limit = 1000, signal } = options;
  const query: Record<string, string> = artifactType === undefined ? {} : { artifactType };
  const found: Descriptor[] = [];
  for await (const response of pages(context, `${context.repository}/referrers/${digest}`, query, signal)) {
    if (response.status === 404 && found.length === 0) {
      await discard(response);
      found.push(...(await readReferrersTag(context, digest, signal)));
      break;
    }
    if (response.status !== 200) throw await failure(context, response);
    const index = parseManifest(await readBounded(response, maxManifestBytes, "A referrers list"), ociIndexType);
    if (index.kind !== "index") throw invalid(context, "sent a referrers list that is no index");
    found.push(...index.manifests);
    if (found.length >= limit && artifactType === undefined) break;
  }
  // Registries may ignore the filter.
  const wanted = artifactType === undefined ? found : found.filter((entry) => entry.artifactType === artifactType);
  return wanted.slice(0, limit);
}

/** Tag under which clients keep referrers for registries without the API: `sha256-<hex>`. */
export function referrersTag(digest: Digest): string {
  return digest.replace(":", "-").slice(0, 128);
}

/** Content of the referrers tag; empty when there is none. */
export async function readReferrersTag(
  context: RepositoryContext,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<readonly Descriptor[]> {
  const response = await context.session.send({
    method: "GET",
    target: `${context.repository}/manifests/${referrersTag(digest)}`,
    headers: { accept: manifestAccept },
    actions: "pull",
    signal,
  });
  if (response.status === 404) {
    await discard(response);
    return [];
  }
  if (response.status !== 200) throw await failure(context, response);
  const index = parseManifest(await readBounded(response, maxManifestBytes, "A referrers tag"));
  return index.kind === "index" ? index.manifests : [];
}

async function* pages(
  { session, repository, nowMs }: RepositoryContext,
  path: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): AsyncGenerator<HttpResponse, void, undefined> {
  let target: string | URL = path;
  for (let page = 0; page < maxPages; page++) {
    const response: HttpResponse = await session.send({
      method: "GET",
      target,
      query: page === 0 ? query : {},
      headers: { accept: "application/json, application/vnd.oci.image.index.v1+json" },
      actions: "pull",
      signal,
    });
    const next = nextLink(response);
    yield response;
    if (next === undefined) return;
    if (!session.endpoint.isOwn(next))
      throw invalid({ session, repository, nowMs }, "continues a list on another host");
    target = next;
  }
}

/** The `rel="next"` target of a Link header (RFC 8288). */
function nextLink(response: HttpResponse): URL | undefined {
  const link = response.headers.link;
  const header = Array.isArray(link) ? link.join(",") : link;
  const target = /<([^<>]*)>[^<>]*?;\s*rel="?next"?/i.exec(header ?? "")?.[1];
  return target !== undefined && URL.canParse(target, response.url) ? new URL(target, response.url) : undefined;
}

async function readJson(context: RepositoryContext, response: HttpResponse): Promise<unknown> {
  const body = await readBounded(response, maxManifestBytes, "A list");
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw invalid(context, "sent a list that is no JSON", error);
  }
}

function invalid({ session }: RepositoryContext, problem: string, cause?: unknown): DistributionError {
  const { registry } = session.endpoint.address;
  return new DistributionError("InvalidResponse", `registry "${registry}" ${problem}`, { registry, cause });
}
