/** Records by ID, in the order in which they came, that are also found by the group they belong to. */
export class GroupedRecords<R extends { readonly id: string }> {
  readonly #records: Map<string, R> = new Map();
  readonly #groups: Map<string, Map<string, R>> = new Map();
  readonly #groupOf: (record: R) => string;

  /** @param groupOf the group of a record, which stays the same for as long as its ID is there */
  constructor(groupOf: (record: R) => string) {
    this.#groupOf = groupOf;
  }

  has(id: string): boolean {
    return this.#records.has(id);
  }

  get(id: string): R | undefined {
    return this.#records.get(id);
  }

  values(): IterableIterator<R> {
    return this.#records.values();
  }

  /** Those of one group. */
  of(group: string): R[] {
    return [...(this.#groups.get(group)?.values() ?? [])];
  }

  set(record: R): void {
    this.#records.set(record.id, record);
    const key = this.#groupOf(record);
    const group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, new Map([[record.id, record]]));
    else group.set(record.id, record);
  }

  delete(id: string): void {
    const record = this.#records.get(id);
    if (record === undefined) return;
    this.#records.delete(id);
    const key = this.#groupOf(record);
    const group = this.#groups.get(key);
    group?.delete(id);
    if (group?.size === 0) this.#groups.delete(key);
  }
}
