import { errorMessage, type Logger, WherryError } from "@wherry/base";
import type { Node } from "@wherry/kubernetes";
import type { Provider } from "../provider/provider.ts";

export interface PodCidrHandoverOptions {
  readonly provider: Pick<Provider<never, never>, "podCidrChanged">;
  readonly logger: Logger;
}

/** Hands the range of pods' addresses over to the provider, once for each that the Node gets. */
export class PodCidrHandover {
  readonly #options: PodCidrHandoverOptions;
  #last = "";
  #done: Promise<void> = Promise.resolve();

  constructor(options: PodCidrHandoverOptions) {
    this.#options = options;
  }

  /** Takes note of the Node as it is now; resolves, and never rejects, when the provider has the range, or refused it. */
  offer(node: Node): Promise<void> {
    const podCidr = (node.spec?.podCIDRs ?? [node.spec?.podCIDR ?? ""]).join(",");
    const { podCidrChanged } = this.#options.provider;
    if (podCidr === "" || podCidr === this.#last || podCidrChanged === undefined) return this.#done;
    this.#last = podCidr;
    this.#done = this.#done.then(() => this.#handOver(podCidr));
    return this.#done;
  }

  async #handOver(podCidr: string): Promise<void> {
    try {
      await this.#options.provider.podCidrChanged?.(podCidr);
    } catch (error) {
      // With the next update of the Node.
      if (error instanceof WherryError && error.retryable) this.#last = "";
      this.#options.logger.warn("Pods get no addresses of the node's range", { podCidr, error: errorMessage(error) });
    }
  }
}
