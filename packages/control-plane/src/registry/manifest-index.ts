import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "@wherry/base";
import { writePrivateFile } from "../pki/write-private-file.ts";
import { digestHex } from "./blob-directory.ts";
import { RegistryError } from "./registry-error.ts";

export interface StoredManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly body: Buffer;
}

/** What lists of referrers tell of a manifest. */
export interface ReferrerDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** Manifests and tags of all repositories, each a file: `repositories/NAME/_manifests/HEX` and `_tags/TAG`. */
export class ManifestIndex {
  readonly #root: string;

  constructor(root: string) {
    this.#root = join(root, "repositories");
    mkdirSync(this.#root, { recursive: true, mode: 0o700 });
  }

  /** Keeps a manifest under its digest and, where `reference` is one, under a tag; gives the digest. */
  put(repository: string, reference: string, mediaType: string, body: Buffer): string {
    const hex = createHash("sha256").update(body).digest("hex");
    if (reference.includes(":")) {
      if (digestHex(reference) !== hex) {
        throw new RegistryError(400, "DIGEST_INVALID", `the manifest has digest sha256:${hex}, not ${reference}`);
      }
    } else if (!tagPattern.test(reference)) {
      throw new RegistryError(400, "MANIFEST_INVALID", `"${reference}" is not a tag`);
    }
    const directory = this.#directory(repository, "_manifests");
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const record = JSON.stringify({ mediaType, body: body.toString("base64") });
    writePrivateFile(join(directory, hex), record);
    if (!reference.includes(":")) {
      const tags = this.#directory(repository, "_tags");
      mkdirSync(tags, { recursive: true, mode: 0o700 });
      writePrivateFile(join(tags, reference), hex);
    }
    return `sha256:${hex}`;
  }

  /** The manifest that a tag or digest names; throws MANIFEST_UNKNOWN. */
  get(repository: string, reference: string): StoredManifest {
    const hex = reference.includes(":") ? digestHex(reference) : this.#tag(repository, reference);
    const text = hex === undefined ? undefined : readText(join(this.#directory(repository, "_manifests"), hex));
    if (text === undefined) throw unknownManifest(reference);
    const { mediaType, body } = JSON.parse(text) as { mediaType: string; body: string };
    return { digest: `sha256:${hex}`, mediaType, body: Buffer.from(body, "base64") };
  }

  /** Removes a tag, or a manifest with all its tags. */
  remove(repository: string, reference: string): void {
    const tags = this.#directory(repository, "_tags");
    if (!reference.includes(":")) {
      if (this.#tag(repository, reference) === undefined) throw unknownManifest(reference);
      rmSync(join(tags, reference));
      return;
    }
    const { digest } = this.get(repository, reference);
    const hex = digestHex(digest);
    for (const tag of this.tags(repository)) if (this.#tag(repository, tag) === hex) rmSync(join(tags, tag));
    rmSync(join(this.#directory(repository, "_manifests"), hex));
  }

  /** Tags of a repository in order; throws NAME_UNKNOWN. */
  tags(repository: string): readonly string[] {
    if (!existsSync(this.#directory(repository, "_manifests"))) {
      throw new RegistryError(404, "NAME_UNKNOWN", `repository "${repository}" is not known here`);
    }
    return list(this.#directory(repository, "_tags"));
  }

  /** Names of all repositories in order. */
  repositories(): readonly string[] {
    const names: string[] = [];
    const visit = (path: string): void => {
      for (const entry of list(join(this.#root, path))) {
        if (entry === "_manifests") names.push(path);
        else if (!entry.startsWith("_")) visit(path === "" ? entry : `${path}/${entry}`);
      }
    };
    visit("");
    return names.sort();
  }

  /** Manifests whose `subject` is `digest`. */
  referrers(repository: string, digest: string): readonly ReferrerDescriptor[] {
    digestHex(digest);
    return list(this.#directory(repository, "_manifests")).flatMap((hex) => {
      const manifest = this.get(repository, `sha256:${hex}`);
      const content = parseManifest(manifest.body);
      if (content?.subject?.digest !== digest) return [];
      const artifactType = content.artifactType ?? content.config?.mediaType;
      return [
        {
          mediaType: manifest.mediaType,
          digest: manifest.digest,
          size: manifest.body.length,
          ...(artifactType === undefined ? {} : { artifactType }),
          ...(content.annotations === undefined ? {} : { annotations: content.annotations }),
        },
      ];
    });
  }

  #tag(repository: string, tag: string): string | undefined {
    if (!tagPattern.test(tag)) return undefined;
    return readText(join(this.#directory(repository, "_tags"), tag));
  }

  /** Repository names have been checked against their grammar, which has neither `..` nor a leading `_`. */
  #directory(repository: string, part: string): string {
    return join(this.#root, repository, part);
  }
}

interface ManifestContent {
  readonly subject?: { readonly digest?: string };
  readonly artifactType?: string;
  readonly config?: { readonly mediaType?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A manifest's JSON, or undefined. */
export function parseManifest(body: Buffer): ManifestContent | undefined {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null ? (value as ManifestContent) : undefined;
  } catch {
    return undefined;
  }
}

function unknownManifest(reference: string): RegistryError {
  return new RegistryError(404, "MANIFEST_UNKNOWN", `manifest "${reference.slice(0, 200)}" is not known here`);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function list(path: string): string[] {
  try {
    // Temporary files of writers under way end in .tmp.
    return readdirSync(path)
      .filter((name) => !name.endsWith(".tmp"))
      .sort();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}
