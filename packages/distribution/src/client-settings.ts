import type { Clock, Logger } from "@wherry/base";
import type { HttpTransport, TlsPolicy } from "./http-transport.ts";
import type { RetryOptions } from "./retry.ts";
import type { TokenSource } from "./token-source.ts";

/** What all parts of one distribution client share. */
export interface ClientSettings {
  readonly transport: HttpTransport;
  readonly tokens: TokenSource;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly retry: RetryOptions;
  /** How a host's certificate is checked. */
  tlsFor(host: string): TlsPolicy;
  /** Whether a host may be spoken to without TLS. */
  mayBePlain(host: string): boolean;
}
