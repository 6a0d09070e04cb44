import { addLocalRoute } from "../../platform/local-route.ts";
import type { CallOptions } from "../../runtime.ts";
import type { PodSandboxConfig } from "../../sandbox.ts";
import { isLoopback, parseIpv4Range } from "./ipv4-range.ts";
import { PodAddresses } from "./pod-addresses.ts";

export interface PodNetworkOptions {
  /** Where ports of pods without an address of their own are opened, and host ports. */
  readonly nodeAddress: string;
  /** Range of pods' addresses until another is set; without one all pods share the node's. */
  readonly podCidr?: string | undefined;
  /** Makes a range's addresses the machine's own. @default a local route, which needs root */
  readonly addRange?: ((cidr: string, options: CallOptions) => Promise<void>) | undefined;
}

/**
 * Who has which address: a pod that declares TCP ports has one of the node's range, others share the node's, as those with host
 * network do, so that a range lasts for many pods that listen nowhere.
 */
export class PodNetwork {
  readonly nodeAddress: string;
  readonly #addRange: (cidr: string, options: CallOptions) => Promise<void>;
  #podCidr: string | undefined;
  #addresses: PodAddresses | undefined;

  constructor(options: PodNetworkOptions) {
    this.nodeAddress = options.nodeAddress;
    this.#addRange = options.addRange ?? addLocalRoute;
    this.#podCidr = options.podCidr;
  }

  /** Range in use. */
  get podCidr(): string | undefined {
    return this.#addresses?.cidr;
  }

  /** Starts with the range of the options; `taken` are the addresses of pods that run. */
  async start(taken: readonly string[], options: CallOptions = {}): Promise<void> {
    if (this.#podCidr !== undefined) await this.setPodCidr(this.#podCidr, taken, options);
  }

  /** Takes addresses from the IPv4 range of the list from now on; rejects, and keeps the one it has, where that cannot be. */
  async setPodCidr(podCidr: string, taken: readonly string[], options: CallOptions = {}): Promise<void> {
    const cidrs = podCidr.split(",");
    const range = parseIpv4Range(cidrs.find((cidr) => !cidr.includes(":")) ?? podCidr);
    if (this.#addresses?.cidr === range.cidr) return;
    const addresses = new PodAddresses(range.cidr, taken);
    if (!isLoopback(range)) await this.#addRange(range.cidr, options);
    this.#addresses = addresses;
  }

  /** Addresses for a new sandbox; none where it shares the node's. Throws as `PodAddresses.allocate` does. */
  assign(config: Pick<PodSandboxConfig, "hostNetwork" | "portMappings">): readonly string[] {
    const listens = config.portMappings.some(({ protocol }) => protocol === "TCP");
    if (config.hostNetwork || !listens || this.#addresses === undefined) return [];
    return [this.#addresses.allocate()];
  }

  release(addresses: readonly string[]): void {
    for (const address of addresses) this.#addresses?.release(address);
  }
}
