import { isJsonObject, type JsonObject, type JsonValue } from "./json-value.ts";

/**
 * A set of fields of an object in the form of `metadata.managedFields` (FieldsV1, KEP-555): a tree whose edges are path
 * elements `f:NAME`, `k:{KEYS}` or `v:VALUE`, and whose nodes are members or lead to some.
 *
 * Sets are values: no operation changes its operands.
 */
export class FieldSet {
  readonly isMember: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;

  static readonly empty: FieldSet = new FieldSet(false, new Map());
  static readonly leaf: FieldSet = new FieldSet(true, new Map());

  constructor(isMember: boolean, children: ReadonlyMap<string, FieldSet>) {
    this.isMember = isMember;
    this.children = children;
  }

  /** Reads the JSON of FieldsV1; what is not of its form is left out. */
  static parse(fields: unknown): FieldSet {
    if (!isJsonObject(fields)) return FieldSet.empty;
    return parseNode(fields, false);
  }

  get isEmpty(): boolean {
    return !this.isMember && this.children.size === 0;
  }

  /** The JSON of FieldsV1. */
  toJson(): JsonObject {
    const json: JsonObject = {};
    if (this.isMember && this.children.size > 0) json["."] = {};
    for (const key of [...this.children.keys()].sort()) json[key] = (this.children.get(key) as FieldSet).toJson();
    return json;
  }

  union(other: FieldSet): FieldSet {
    if (this.isEmpty) return other;
    if (other.isEmpty) return this;
    const children = new Map(this.children);
    for (const [key, child] of other.children) children.set(key, children.get(key)?.union(child) ?? child);
    return new FieldSet(this.isMember || other.isMember, children);
  }

  /** Members of both. */
  intersection(other: FieldSet): FieldSet {
    return this.#combine(other, this.isMember && other.isMember, (child, match) =>
      match === undefined ? FieldSet.empty : child.intersection(match),
    );
  }

  /** Members of this that are not members of `other`. */
  difference(other: FieldSet): FieldSet {
    return this.#combine(other, this.isMember && !other.isMember, (child, match) =>
      match === undefined ? child : child.difference(match),
    );
  }

  #combine(
    other: FieldSet,
    isMember: boolean,
    combine: (child: FieldSet, match: FieldSet | undefined) => FieldSet,
  ): FieldSet {
    const children = new Map<string, FieldSet>();
    for (const [key, child] of this.children) {
      const combined = combine(child, other.children.get(key));
      if (!combined.isEmpty) children.set(key, combined);
    }
    return new FieldSet(isMember, children);
  }

  /** The set with every named field on the way to a member made a member. */
  withNamedAncestors(): FieldSet {
    const children = new Map<string, FieldSet>();
    for (const [key, child] of this.children) {
      const inner = child.withNamedAncestors();
      children.set(key, key.startsWith("f:") ? new FieldSet(true, inner.children) : inner);
    }
    return new FieldSet(this.isMember, children);
  }

  /** Paths of all members as messages show them: `.spec.containers[name="a"].image`. */
  paths(prefix = ""): string[] {
    const paths = this.isMember && prefix !== "" ? [prefix] : [];
    for (const key of [...this.children.keys()].sort()) {
      paths.push(...(this.children.get(key) as FieldSet).paths(prefix + elementText(key)));
    }
    return paths;
  }

  equals(other: FieldSet): boolean {
    if (this.isMember !== other.isMember || this.children.size !== other.children.size) return false;
    for (const [key, child] of this.children) {
      const match = other.children.get(key);
      if (match === undefined || !child.equals(match)) return false;
    }
    return true;
  }
}

const maxDepth = 64;

function parseNode(json: JsonObject, isMember: boolean, depth = 0): FieldSet {
  const children = new Map<string, FieldSet>();
  if (depth > maxDepth) return FieldSet.empty;
  let hasSelf = isMember;
  for (const [key, value] of Object.entries(json)) {
    if (key === ".") hasSelf = true;
    else if (isJsonObject(value) && /^[fkvi]:/.test(key)) {
      const isLeaf = Object.keys(value).length === 0;
      children.set(key, parseNode(value, isLeaf, depth + 1));
    }
  }
  return new FieldSet(hasSelf, children);
}

function elementText(key: string): string {
  const text = key.slice(2);
  if (key.startsWith("f:")) return `.${text}`;
  if (key.startsWith("v:")) return `[=${text}]`;
  if (key.startsWith("i:")) return `[${text}]`;
  const keys = parseElement(text);
  if (!isJsonObject(keys)) return `[${text}]`;
  return `[${Object.entries(keys)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(",")}]`;
}

function parseElement(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/** Collects paths into a FieldSet. */
export class FieldSetBuilder {
  #isMember = false;
  readonly #children: Map<string, FieldSetBuilder> = new Map();

  add(path: readonly string[]): void {
    let node: FieldSetBuilder = this;
    for (const element of path) {
      let next = node.#children.get(element);
      if (next === undefined) {
        next = new FieldSetBuilder();
        node.#children.set(element, next);
      }
      node = next;
    }
    node.#isMember = true;
  }

  build(): FieldSet {
    const children = new Map<string, FieldSet>();
    for (const [key, child] of this.#children) children.set(key, child.build());
    return new FieldSet(this.#isMember, children);
  }
}
