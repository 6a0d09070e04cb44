import { RuntimeError } from "../../errors.ts";
import { ipv4Number, ipv4Text, parseIpv4Range } from "./ipv4-range.ts";

/** The smallest range that has an address for a pod: those of network, router and broadcast are never given. */
const smallestSize = 4;

/**
 * Addresses of one range, each given once.
 *
 * They are given in turn, so that one that was given back is not another pod's while some client may still remember it.
 */
export class PodAddresses {
  readonly cidr: string;
  readonly #first: number;
  readonly #last: number;
  readonly #taken: Set<number> = new Set();
  #next: number;

  /**
   * @param taken addresses in use, oldest first; those outside the range do not matter
   *
   * Throws `RuntimeError` of code `InvalidArgument` for what is no range, or one too small for a pod.
   */
  constructor(cidr: string, taken: Iterable<string> = []) {
    const range = parseIpv4Range(cidr);
    if (range.size < smallestSize) {
      throw new RuntimeError(
        "InvalidArgument",
        `Pod range is "${cidr}", which has no address for a pod; the smallest range that has one is a /30`,
      );
    }
    this.cidr = range.cidr;
    // After those of the network and, by custom, of its router.
    this.#first = range.first + 2;
    this.#last = range.first + range.size - 2;
    this.#next = this.#first;
    for (const address of taken) {
      const number = ipv4Number(address);
      if (!this.#holds(number)) continue;
      this.#taken.add(number);
      this.#next = number + 1;
    }
  }

  /** Throws `RuntimeError` of code `ResourceExhausted`, retryable, when every address is in use. */
  allocate(): string {
    const count = this.#last - this.#first + 1;
    for (let tried = 0; tried < count; tried++) {
      if (!this.#holds(this.#next)) this.#next = this.#first;
      const number = this.#next++;
      if (this.#taken.has(number)) continue;
      this.#taken.add(number);
      return ipv4Text(number);
    }
    throw new RuntimeError(
      "ResourceExhausted",
      `Cannot give the pod an address: all ${count} of the pod range ${this.cidr} are in use; pods without TCP ports need none`,
      { retryable: true },
    );
  }

  /** Gives an address back; one that was not given does not matter. */
  release(address: string): void {
    this.#taken.delete(ipv4Number(address));
  }

  #holds(number: number): boolean {
    return number >= this.#first && number <= this.#last;
  }
}
