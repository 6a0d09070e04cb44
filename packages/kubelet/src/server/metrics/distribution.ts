/** Upper bounds as Prometheus' clients have them where none are given. */
export const defaultBuckets: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** How many values lie below each of some bounds, and what all come to. */
export class Distribution {
  /** Ascending, without infinity. */
  readonly buckets: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  constructor(buckets: readonly number[] = defaultBuckets) {
    this.buckets = buckets;
    this.#counts = buckets.map(() => 0);
  }

  get sum(): number {
    return this.#sum;
  }

  get count(): number {
    return this.#count;
  }

  observe(value: number): void {
    const index = this.buckets.findIndex((bound) => value <= bound);
    if (index !== -1) this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += value;
    this.#count++;
  }

  /** Takes in what another with the same bounds has seen. */
  add(other: Distribution): void {
    for (const [index, count] of other.#counts.entries()) this.#counts[index] = (this.#counts[index] ?? 0) + count;
    this.#sum += other.#sum;
    this.#count += other.#count;
  }

  /** Bounds with the number of values up to each. */
  *cumulative(): Generator<readonly [bound: number, count: number], void, undefined> {
    let below = 0;
    for (const [index, bound] of this.buckets.entries()) {
      below += this.#counts[index] ?? 0;
      yield [bound, below];
    }
  }
}
