import { type Clock, errorMessage, type Logger } from "@wherry/base";
import type { KubeletServer, ServerTls } from "./kubelet-server.ts";

const lookEveryMs = 60_000;

export interface TlsReloaderOptions {
  /** Reads certificate, key and client CA anew. */
  readonly load: () => Promise<ServerTls>;
  /** What the server uses now. */
  readonly current: ServerTls;
  readonly server: Pick<KubeletServer, "useTls">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Follows changes of the server's certificate, key and client CA on disk, without a restart. */
export class TlsReloader {
  readonly #options: TlsReloaderOptions;
  #current: string;

  constructor(options: TlsReloaderOptions) {
    this.#options = options;
    this.#current = JSON.stringify(options.current);
  }

  /** Looks every minute until `signal` aborts; what cannot be used is logged and the server stays as it is. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(lookEveryMs, signal).catch(() => undefined);
      if (!signal.aborted) await this.look();
    }
  }

  /** Looks once; never rejects. */
  async look(): Promise<void> {
    const { load, server, logger } = this.#options;
    try {
      const tls = await load();
      const text = JSON.stringify(tls);
      if (text === this.#current) return;
      server.useTls(tls);
      this.#current = text;
      logger.info("The server uses another certificate or client CA from now on");
    } catch (error) {
      logger.warn("Cannot reload the server's certificate; it stays as it is", { error: errorMessage(error) });
    }
  }
}
