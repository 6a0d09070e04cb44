import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Clock } from "@wherry/base";
import { KubeletError } from "../errors.ts";
import { BoundedMap } from "../events/bounded-map.ts";
import type { DockerConfig } from "../objects/docker-config.ts";
import { matchesImage, repositoryOf } from "../objects/registry-keyring.ts";
import type { CredentialProviderConfig } from "./credential-provider-config.ts";
import { type CacheKeyType, credentialRequest, parseCredentialResponse } from "./credential-response.ts";
import type { PodServiceAccount } from "./pod-service-account.ts";
import type { RunCredentialPlugin } from "./run-credential-plugin.ts";
import type { TokenAttributes } from "./token-attributes.ts";

export interface CredentialPluginOptions {
  readonly config: CredentialProviderConfig;
  readonly binDirectory: string;
  /** Laid under the plug-in's own variables. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly run: RunCredentialPlugin;
  readonly clock: Clock;
}

interface Cached {
  readonly auth: DockerConfig;
  readonly expiresAtMs: number;
}

const timeoutMs = 60_000;
const maxCached = 1000;

/** One credential provider plug-in and what it answered before; images that ask for the same at the same time share one run. */
export class CredentialPlugin {
  readonly #options: CredentialPluginOptions;
  readonly #cache: BoundedMap<Cached> = new BoundedMap(maxCached);
  readonly #running: Map<string, Promise<DockerConfig>> = new Map();

  constructor(options: CredentialPluginOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.config.name;
  }

  get tokenAttributes(): TokenAttributes | undefined {
    return this.#options.config.tokenAttributes;
  }

  /** Whether the plug-in is to be asked about the image. */
  knows(image: string): boolean {
    return this.#options.config.matchImages.some((pattern) => matchesImage(pattern, image));
  }

  /**
   * Credentials by patterns of images.
   *
   * @param account of the pod, where `tokenAttributes` want it and the pod has one
   * @param signal of the kubelet rather than of one pull, because others may wait for the same run
   */
  credentials(image: string, account: PodServiceAccount | undefined, signal: AbortSignal): Promise<DockerConfig> {
    const repository = repositoryOf(image);
    const owner = this.#owner(account);
    const now = this.#options.clock.monotonic();
    for (const type of ["Image", "Registry", "Global"] as const) {
      const cached = this.#cache.get(cacheKey(type, repository, owner));
      if (cached !== undefined && cached.expiresAtMs > now) return Promise.resolve(cached.auth);
    }
    // Who asks with another token may get another answer, even if this one turns out to hold for both.
    const question = JSON.stringify([repository, account && hashOf(account.token), account?.annotations]);
    const running = this.#running.get(question);
    if (running !== undefined) return running;
    const run = this.#run(image, repository, account, signal).finally(() => this.#running.delete(question));
    this.#running.set(question, run);
    return run;
  }

  async #run(
    image: string,
    repository: string,
    account: PodServiceAccount | undefined,
    signal: AbortSignal,
  ): Promise<DockerConfig> {
    const { config, binDirectory, environment, run, clock } = this.#options;
    const output = await run({
      program: join(binDirectory, config.name),
      args: config.args,
      env: { ...environment, ...config.env },
      input: credentialRequest(repository, account),
      timeoutMs,
      clock,
      signal,
    });
    const { cacheKeyType, cacheMs = config.defaultCacheMs, auth } = parseCredentialResponse(output);
    this.#refuseEcho(image, account, auth);
    const key = cacheKey(cacheKeyType, repository, this.#owner(account));
    if (cacheMs > 0) this.#cache.set(key, { auth, expiresAtMs: clock.monotonic() + cacheMs });
    return auth;
  }

  /** Whom an answer is for, beside the images; the same for all where the plug-in is told of no account. */
  #owner(account: PodServiceAccount | undefined): string {
    if (account === undefined) return "";
    const { namespace, name, uid, annotations, token } = account;
    const isPerToken = this.tokenAttributes?.cacheType === "Token";
    return JSON.stringify([namespace, name, uid, annotations, ...(isPerToken ? [hashOf(token)] : [])]);
  }

  /** A token is bound to one pod, so it must not be kept as the password of others. */
  #refuseEcho(image: string, account: PodServiceAccount | undefined, config: DockerConfig): void {
    if (account === undefined || this.tokenAttributes?.cacheType === "Token") return;
    if (config.some(({ auth }) => auth.password === account.token))
      throw new KubeletError(
        "CredentialPluginFailed",
        `Credential provider plugin returned the service account token as the password for image "${image}", which is not allowed when service account cache type is not set to 'Token'`,
      );
  }
}

function cacheKey(type: CacheKeyType, repository: string, owner: string): string {
  const images = { Image: repository, Registry: repository.slice(0, repository.indexOf("/")), Global: "" };
  return JSON.stringify([type, images[type], owner]);
}

/** Stands for a token where it would outlive its use. */
function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
