import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { errorCode } from "@wherry/base";
import { ControlPlaneError } from "../errors.ts";
import { writePrivateFile } from "../pki/write-private-file.ts";
import type { User } from "./user.ts";

interface Entry {
  readonly token: string;
  readonly user: User;
}

const tokenBytes = 32;

/** Static bearer tokens kept in one private file: one per identity, made on first use. */
export class TokenFile {
  readonly #path: string;
  readonly #entries: Map<string, Entry> = new Map();
  readonly #byDigest: Map<string, Entry> = new Map();

  /** Reads the file at `path` if there is one; throws ControlPlaneError. */
  constructor(path: string) {
    this.#path = path;
    for (const entry of readEntries(path)) this.#add(entry);
  }

  /** The token of `user`, the same one for as long as the file lives. */
  tokenFor(user: User): string {
    const known = this.#entries.get(user.name);
    if (known !== undefined) return known.token;
    const entry: Entry = { token: randomBytes(tokenBytes).toString("base64url"), user };
    this.#add(entry);
    writePrivateFile(this.#path, `${JSON.stringify([...this.#entries.values()], undefined, 2)}\n`);
    return entry.token;
  }

  /** Whose token this is. How long it takes says nothing about a token that is nearly right. */
  authenticate(token: string): User | undefined {
    const entry = this.#byDigest.get(digestOf(token));
    if (entry === undefined) return undefined;
    const given = Buffer.from(token);
    const expected = Buffer.from(entry.token);
    return given.length === expected.length && timingSafeEqual(given, expected) ? entry.user : undefined;
  }

  #add(entry: Entry): void {
    this.#entries.set(entry.user.name, entry);
    this.#byDigest.set(digestOf(entry.token), entry);
  }
}

function digestOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}

function readEntries(path: string): Entry[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
  try {
    return JSON.parse(text) as Entry[];
  } catch (cause) {
    throw new ControlPlaneError("STATE_CORRUPT", `Cannot read tokens from "${path}": the file is not JSON`, { cause });
  }
}
