import { RegistryError } from "./registry-error.ts";

/** What a path below `/v2/` names. */
export type RegistryRoute =
  | { readonly kind: "base" }
  | { readonly kind: "catalog" }
  | { readonly kind: "tags"; readonly repository: string }
  | { readonly kind: "referrers"; readonly repository: string; readonly digest: string }
  | { readonly kind: "manifest"; readonly repository: string; readonly reference: string }
  | { readonly kind: "blob"; readonly repository: string; readonly digest: string }
  | { readonly kind: "uploads"; readonly repository: string }
  | { readonly kind: "upload"; readonly repository: string; readonly id: string };

const namePattern = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
const maxNameLength = 255;

/** Reads a path; throws RegistryError for a bad repository name and for paths of no known form. */
export function parseRegistryPath(path: string): RegistryRoute {
  if (path === "/v2" || path === "/v2/") return { kind: "base" };
  if (path === "/v2/_catalog") return { kind: "catalog" };
  const match =
    /^\/v2\/(.+)\/(?:(tags)\/list|(manifests|blobs|referrers)\/([^/]+)|blobs\/(uploads)(?:\/([^/]*))?)$/.exec(path);
  if (match === null) throw new RegistryError(404, "UNSUPPORTED", "there is nothing at this path");
  const [, repository = "", tags, part, target = "", uploads, id = ""] = match;
  if (repository.length > maxNameLength || !namePattern.test(repository)) {
    throw new RegistryError(400, "NAME_INVALID", `"${repository.slice(0, maxNameLength)}" is not a repository name`);
  }
  if (tags !== undefined) return { kind: "tags", repository };
  const value = decode(target);
  // `blobs/uploads` without a slash at the end reads like a blob of that name.
  if (uploads !== undefined || (part === "blobs" && value === "uploads")) {
    return id === "" ? { kind: "uploads", repository } : { kind: "upload", repository, id };
  }
  if (part === "manifests") return { kind: "manifest", repository, reference: value };
  return part === "blobs"
    ? { kind: "blob", repository, digest: value }
    : { kind: "referrers", repository, digest: value };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RegistryError(400, "UNSUPPORTED", "the path is not validly encoded");
  }
}
