import type { User } from "../auth/user.ts";
import { ApiError } from "../errors.ts";
import type { Store } from "../storage/store.ts";
import type { HttpExchange } from "./http-exchange.ts";
import type { WatchStream } from "./watch-stream.ts";

/** Whether a fault concerns a request. */
export type RequestMatcher = (request: {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly user: User;
}) => boolean;

/** What happens to a matching request. */
export type Fault =
  | { readonly kind: "answer"; readonly code: number; readonly retryAfterSeconds?: number }
  /** Nothing is answered, and the connection stays open. */
  | { readonly kind: "stall" }
  /** The stream or connection is broken off without an answer. */
  | { readonly kind: "drop" };

interface Rule {
  readonly matches: RequestMatcher;
  readonly fault: Fault;
  remaining: number;
}

const reasons: Readonly<Record<number, string>> = {
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** Disturbs a running API server in the ways that clients must survive; an object for tests, reached by no request. */
export class FaultInjector {
  readonly #streams: Set<WatchStream>;
  readonly #rules: Set<Rule> = new Set();
  #store: Store | undefined;

  constructor(streams: Set<WatchStream>) {
    this.#streams = streams;
  }

  /** Tells which store `compact()` is about. */
  attach(store: Store): void {
    this.#store = store;
  }

  /** Makes the next `times` requests that `matches` accepts fail so; the returned function ends it early. */
  inject(matches: RequestMatcher, fault: Fault, times: number = Number.POSITIVE_INFINITY): () => void {
    const rule: Rule = { matches, fault, remaining: times };
    this.#rules.add(rule);
    return () => void this.#rules.delete(rule);
  }

  /** Ends all faults that inject() began. */
  clear(): void {
    this.#rules.clear();
  }

  /** Breaks off every watch under way, as a restarted load balancer would. */
  dropWatches(): void {
    for (const stream of [...this.#streams]) stream.drop();
  }

  /** Lets every watch under way hang: connected, but silent from now on. */
  stallWatches(): void {
    for (const stream of this.#streams) stream.stall();
  }

  /** Forgets all history now, so that watches from older revisions are answered 410. */
  compact(): void {
    this.#store?.compact();
  }

  /** Whether a fault has taken care of this request; throws the ApiError to answer with. */
  async intercept(exchange: HttpExchange, user: User): Promise<boolean> {
    if (this.#rules.size === 0) return false;
    const { method, path, query } = exchange;
    for (const rule of this.#rules) {
      if (!rule.matches({ method, path, query, user })) continue;
      if (--rule.remaining <= 0) this.#rules.delete(rule);
      return apply(rule.fault, exchange);
    }
    return false;
  }
}

async function apply(fault: Fault, exchange: HttpExchange): Promise<boolean> {
  switch (fault.kind) {
    case "answer":
      throw new ApiError(fault.code, reasons[fault.code] ?? "Unknown", "injected fault", {
        ...(fault.retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds: fault.retryAfterSeconds } }),
      });
    case "drop":
      exchange.abort();
      return true;
    default:
      return true;
  }
}
