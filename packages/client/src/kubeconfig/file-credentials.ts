import { createPrivateKey, X509Certificate } from "node:crypto";

import { type Clock, errorMessage, type Logger, silentLogger, systemClock } from "@wherry/base";

import { ClientConfigError } from "../errors.ts";
import type { TlsIdentity } from "../transport/transport.ts";
import type { CredentialSource, Credentials } from "./cluster-config.ts";
import type { PemSource } from "./kubeconfig.ts";
import { readSmallFile } from "./read-small-file.ts";

export interface FileCredentialsParts {
  readonly clientCertificate?: PemSource | undefined;
  readonly clientKey?: PemSource | undefined;
  readonly token?: string | undefined;
  /** Wins over `token`, unless it has never been readable. */
  readonly tokenFile?: string | undefined;
  readonly basic?: { readonly username: string; readonly password: string } | undefined;
}

export interface FileCredentialsOptions {
  readonly clock?: Clock;
  readonly logger?: Logger;
}

// A projected token is replaced when 80 % of its life (at least 10 minutes) is over, so this is often enough.
const rereadMs = 30_000;

/**
 * Credentials that stand in files or were given as they are. Files are read again as they rotate; while they cannot be read,
 * or certificate and key do not belong together, the ones before stay in use.
 */
export class FileCredentials implements CredentialSource {
  readonly #parts: FileCredentialsParts;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #rotates: boolean;
  #present: Credentials;
  #readAtMs: number;
  #reading: Promise<Credentials> | undefined;

  private constructor(parts: FileCredentialsParts, options: FileCredentialsOptions, present: Credentials) {
    this.#parts = parts;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#rotates = [parts.tokenFile, parts.clientCertificate?.file, parts.clientKey?.file].some(
      (file) => file !== undefined,
    );
    this.#present = present;
    this.#readAtMs = this.#clock.monotonic();
  }

  /** Reads the files; throws `ClientConfigError` naming the one that cannot be used. */
  static async load(parts: FileCredentialsParts, options: FileCredentialsOptions = {}): Promise<FileCredentials> {
    return new FileCredentials(parts, options, await read(parts, undefined, options.logger ?? silentLogger));
  }

  get(): Credentials | Promise<Credentials> {
    if (!this.#rotates || this.#clock.monotonic() - this.#readAtMs < rereadMs) return this.#present;
    return this.#reread();
  }

  async refresh(refused: Credentials): Promise<boolean> {
    if (!this.#rotates) return false;
    const { authorization, identity } = await this.#reread();
    return (
      authorization !== refused.authorization ||
      identity?.certificate !== refused.identity?.certificate ||
      identity?.key !== refused.identity?.key
    );
  }

  #reread(): Promise<Credentials> {
    this.#reading ??= read(this.#parts, this.#present, this.#logger)
      .then(
        (credentials) => {
          this.#present = credentials;
        },
        (error: unknown) => {
          this.#logger.warn("Cannot read rotated credentials, keeping the present ones", {
            error: errorMessage(error),
          });
        },
      )
      .then(() => {
        this.#readAtMs = this.#clock.monotonic();
        this.#reading = undefined;
        return this.#present;
      });
    return this.#reading;
  }
}

async function read(
  parts: FileCredentialsParts,
  before: Credentials | undefined,
  logger: Logger,
): Promise<Credentials> {
  return {
    authorization: await readAuthorization(parts, before?.authorization, logger),
    identity: await readIdentity(parts, before?.identity),
  };
}

async function readAuthorization(
  parts: FileCredentialsParts,
  before: string | undefined,
  logger: Logger,
): Promise<string | undefined> {
  const { token, tokenFile, basic } = parts;
  if (tokenFile !== undefined) {
    try {
      return await readToken(tokenFile);
    } catch (error) {
      if (token === undefined) throw error;
      logger.warn("Cannot read the token file, using the last token known", { error: errorMessage(error) });
      return before ?? bearer(token, "token");
    }
  }
  if (token !== undefined) return bearer(token, "token");
  if (basic === undefined) return undefined;
  return `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString("base64")}`;
}

async function readToken(tokenFile: string): Promise<string> {
  const text = (await readSmallFile(tokenFile, "token file")).trim();
  if (text === "") throw new ClientConfigError(`Cannot use token file ${tokenFile}: it is empty`);
  return bearer(text, `token file ${tokenFile}`);
}

/** The header for `token`; one with characters a header cannot carry is refused, without being shown. */
export function bearer(token: string, what: string): string {
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new ClientConfigError(`Cannot use ${what}: it has spaces, control or non-ASCII characters`);
  return `Bearer ${token}`;
}

async function readIdentity(
  parts: FileCredentialsParts,
  before: TlsIdentity | undefined,
): Promise<TlsIdentity | undefined> {
  const { clientCertificate, clientKey } = parts;
  if (clientCertificate === undefined || clientKey === undefined) return undefined;
  const certificate = await readPem(clientCertificate, "client-certificate");
  const key = await readPem(clientKey, "client-key");
  if (before?.certificate === certificate && before.key === key) return before;
  return checkIdentity({ certificate, key }, clientCertificate.file ?? "client-certificate-data");
}

async function readPem(source: PemSource, what: string): Promise<string> {
  return source.data ?? (await readSmallFile(source.file ?? "", what));
}

/** Throws `ClientConfigError` unless certificate and key parse and belong together. */
export function checkIdentity(identity: TlsIdentity, what: string): TlsIdentity {
  let matches: boolean;
  try {
    matches = new X509Certificate(identity.certificate).checkPrivateKey(createPrivateKey(identity.key));
  } catch (error) {
    throw new ClientConfigError(`Cannot use client certificate ${what}: certificate or key is not PEM`, {
      cause: error,
    });
  }
  if (!matches) throw new ClientConfigError(`Cannot use client certificate ${what}: the key belongs to another one`);
  return identity;
}
