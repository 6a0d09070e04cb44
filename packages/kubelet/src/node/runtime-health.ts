import { type Clock, errorMessage, type Logger } from "@wherry/base";
import type { NodeRuntimeHandler } from "@wherry/kubernetes";
import type { Runtime, RuntimeStatus, RuntimeVersion } from "@wherry/runtime";
import type { HealthTerm } from "./node-conditions.ts";

const checkEveryMs = 5_000;
const checkTimeoutMs = 10_000;
// Upstream reports the runtime as down when no check succeeded for this long.
const downAfterMs = 30_000;

export interface RuntimeHealthOptions {
  readonly runtime: Pick<Runtime, "version" | "status">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told when health flips, so that the node's status follows at once. */
  readonly onChange?: (() => void) | undefined;
}

/** Asks the runtime for its health every 5 s and turns the answer into health terms of the node. */
export class RuntimeHealth {
  readonly #options: RuntimeHealthOptions;
  #version: RuntimeVersion | undefined;
  #status: RuntimeStatus | undefined;
  #answeredAtMs: number | undefined;
  #failure: string | undefined;

  constructor(options: RuntimeHealthOptions) {
    this.#options = options;
  }

  /** `<name>://<version>`, empty before the first answer. */
  get runtimeVersion(): string {
    return this.#version === undefined ? "" : `${this.#version.runtimeName}://${this.#version.runtimeVersion}`;
  }

  get handlers(): NodeRuntimeHandler[] {
    return (this.#status?.handlers ?? []).map(({ name, features }) => ({ name, features: { ...features } }));
  }

  /** What is wrong with the runtime, or undefined. */
  readonly term: HealthTerm = () => {
    const { clock } = this.#options;
    if (this.#answeredAtMs === undefined)
      return this.#failure === undefined
        ? "container runtime status check may not have completed yet"
        : `container runtime is down: ${this.#failure}`;
    if (this.#failure !== undefined && clock.monotonic() - this.#answeredAtMs > downAfterMs)
      return `container runtime is down: ${this.#failure}`;
    const bad = (this.#status?.conditions ?? []).filter((condition) => !condition.status);
    if (bad.length === 0) return undefined;
    return bad
      .map(({ type, reason, message }) => {
        const subject = type === "NetworkReady" ? "container runtime network not ready" : "container runtime not ready";
        return `${subject}: ${type}=false reason:${reason} message:${message}`;
      })
      .join("; ");
  };

  /** One check; never rejects. */
  async check(signal?: AbortSignal): Promise<void> {
    const before = this.term();
    const { runtime, clock, logger } = this.#options;
    const timeout = new AbortController();
    const cancel = clock.setTimer(checkTimeoutMs, () =>
      timeout.abort(new Error(`no answer within ${checkTimeoutMs / 1000} s`)),
    );
    const call = { signal: signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal]) };
    try {
      const [version, status] = await Promise.all([runtime.version(call), runtime.status(call)]);
      this.#version = version;
      this.#status = status;
      this.#answeredAtMs = clock.monotonic();
      this.#failure = undefined;
    } catch (error) {
      if (signal?.aborted) return;
      this.#failure = errorMessage(error);
      logger.warn("The runtime does not answer", { error: this.#failure });
    } finally {
      cancel();
    }
    if (this.term() !== before) this.#options.onChange?.();
  }

  /** Checks at once and every 5 s until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.check(signal);
      await this.#options.clock.sleep(checkEveryMs, signal).catch(() => undefined);
    }
  }
}
