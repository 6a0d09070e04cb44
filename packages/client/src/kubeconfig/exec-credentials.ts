import { type Clock, type Logger, raceAbort, systemClock } from "@wherry/base";

import { ClientConfigError } from "../errors.ts";
import type { CredentialSource, Credentials } from "./cluster-config.ts";
import type { ExecConfig } from "./exec-config.ts";
import { bearer, checkIdentity } from "./file-credentials.ts";
import { runPlugin } from "./run-plugin.ts";

export interface ExecCredentialsOptions {
  /** Told to plugins that ask for it (`provideClusterInfo`). */
  readonly cluster: Readonly<Record<string, unknown>>;
  /** What the plugin's answer is laid over. */
  readonly base: CredentialSource;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

const pluginTimeoutMs = 60_000;

/**
 * Credentials from a plugin program (client.authentication.k8s.io/v1 and v1beta1).
 *
 * The program runs when credentials are first needed, when they expired, and when the server refused them; concurrent
 * requests share one run. It is started without a shell and without standard input.
 */
export class ExecCredentials implements CredentialSource {
  readonly #config: ExecConfig;
  readonly #options: ExecCredentialsOptions;
  readonly #clock: Clock;
  #present: Credentials | undefined;
  #expiresAtMs: number = Number.POSITIVE_INFINITY;
  #running: Promise<Credentials> | undefined;

  constructor(config: ExecConfig, options: ExecCredentialsOptions) {
    this.#config = config;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get(signal?: AbortSignal): Credentials | Promise<Credentials> {
    if (this.#present !== undefined && this.#clock.now() < this.#expiresAtMs) return this.#present;
    return raceAbort(this.#run(), signal);
  }

  async refresh(refused: Credentials, signal?: AbortSignal): Promise<boolean> {
    // Somebody else's refusal may have brought new ones already.
    if (this.#present !== undefined && this.#present !== refused) return true;
    await raceAbort(this.#run(), signal);
    return true;
  }

  #run(): Promise<Credentials> {
    this.#running ??= this.#fetch().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #fetch(): Promise<Credentials> {
    const { apiVersion, provideClusterInfo } = this.#config;
    const spec = { interactive: false, ...(provideClusterInfo ? { cluster: this.#options.cluster } : {}) };
    const output = await runPlugin(this.#config, {
      env: {
        ...this.#options.env,
        ...this.#config.env,
        KUBERNETES_EXEC_INFO: JSON.stringify({ apiVersion, kind: "ExecCredential", spec }),
      },
      timeoutMs: pluginTimeoutMs,
      clock: this.#clock,
    });
    const status = this.#status(output);
    const base = await this.#options.base.get();
    const { token, clientCertificateData, clientKeyData, expirationTimestamp } = status;
    const identity =
      clientCertificateData === undefined || clientKeyData === undefined
        ? base.identity
        : checkIdentity({ certificate: clientCertificateData, key: clientKeyData }, `of ${this.#config.command}`);
    this.#expiresAtMs = this.#expiry(expirationTimestamp);
    this.#present = {
      authorization: token === undefined ? base.authorization : bearer(token, `token of ${this.#config.command}`),
      identity,
    };
    return this.#present;
  }

  #expiry(timestamp: string | undefined): number {
    if (timestamp === undefined) return Number.POSITIVE_INFINITY;
    const expiresAtMs = Date.parse(timestamp);
    if (Number.isNaN(expiresAtMs))
      throw this.#error(`status.expirationTimestamp is ${JSON.stringify(timestamp)}, want an RFC 3339 time`);
    return expiresAtMs;
  }

  #status(
    output: string,
  ): Record<"token" | "clientCertificateData" | "clientKeyData" | "expirationTimestamp", string | undefined> {
    let answer: { readonly kind?: unknown; readonly apiVersion?: unknown; readonly status?: unknown } | null;
    try {
      answer = JSON.parse(output);
    } catch {
      // The output is secret, so it is not shown.
      throw this.#error("it printed something that is not JSON");
    }
    if (typeof answer !== "object" || answer === null || answer.kind !== "ExecCredential")
      throw this.#error("it printed no object of kind ExecCredential");
    if (answer.apiVersion !== this.#config.apiVersion)
      throw this.#error(`apiVersion is ${JSON.stringify(answer.apiVersion)}, want "${this.#config.apiVersion}"`);
    const status = (answer.status ?? {}) as Record<string, unknown>;
    const text = (name: string): string | undefined => {
      const value = status[name];
      if (value === undefined || value === null || value === "") return undefined;
      if (typeof value !== "string") throw this.#error(`status.${name} is a ${typeof value}, want a string`);
      return value;
    };
    const token = text("token");
    const clientCertificateData = text("clientCertificateData");
    const clientKeyData = text("clientKeyData");
    if ((clientCertificateData === undefined) !== (clientKeyData === undefined))
      throw this.#error("status has only one of clientCertificateData and clientKeyData");
    if (token === undefined && clientKeyData === undefined)
      throw this.#error("status has neither token nor clientCertificateData");
    return { token, clientCertificateData, clientKeyData, expirationTimestamp: text("expirationTimestamp") };
  }

  #error(problem: string): ClientConfigError {
    return new ClientConfigError(`Cannot get credentials from plugin ${this.#config.command}: ${problem}`);
  }
}
