import { join } from "node:path";
import type { Clock } from "@wherry/base";
import { BoundedMap } from "../events/bounded-map.ts";
import type { DockerConfig } from "../objects/docker-config.ts";
import { matchesImage, repositoryOf } from "../objects/registry-keyring.ts";
import type { CredentialProviderConfig } from "./credential-provider-config.ts";
import { type CacheKeyType, credentialRequest, parseCredentialResponse } from "./credential-response.ts";
import type { RunCredentialPlugin } from "./run-credential-plugin.ts";

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

  /** Whether the plug-in is to be asked about the image. */
  knows(image: string): boolean {
    return this.#options.config.matchImages.some((pattern) => matchesImage(pattern, image));
  }

  /**
   * Credentials by patterns of images.
   *
   * @param signal of the kubelet rather than of one pull, because others may wait for the same run
   */
  credentials(image: string, signal: AbortSignal): Promise<DockerConfig> {
    const repository = repositoryOf(image);
    const now = this.#options.clock.monotonic();
    for (const type of ["Image", "Registry", "Global"] as const) {
      const cached = this.#cache.get(cacheKey(type, repository));
      if (cached !== undefined && cached.expiresAtMs > now) return Promise.resolve(cached.auth);
    }
    const running = this.#running.get(repository);
    if (running !== undefined) return running;
    const run = this.#run(repository, signal).finally(() => this.#running.delete(repository));
    this.#running.set(repository, run);
    return run;
  }

  async #run(repository: string, signal: AbortSignal): Promise<DockerConfig> {
    const { config, binDirectory, environment, run, clock } = this.#options;
    const output = await run({
      program: join(binDirectory, config.name),
      args: config.args,
      env: { ...environment, ...config.env },
      input: credentialRequest(repository),
      timeoutMs,
      clock,
      signal,
    });
    const { cacheKeyType, cacheMs = config.defaultCacheMs, auth } = parseCredentialResponse(output);
    const key = cacheKey(cacheKeyType, repository);
    if (cacheMs > 0) this.#cache.set(key, { auth, expiresAtMs: clock.monotonic() + cacheMs });
    return auth;
  }
}

function cacheKey(type: CacheKeyType, repository: string): string {
  if (type === "Global") return "Global";
  return `${type}/${type === "Image" ? repository : repository.slice(0, repository.indexOf("/"))}`;
}
