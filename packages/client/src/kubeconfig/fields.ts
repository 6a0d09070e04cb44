import { ClientConfigError } from "../errors.ts";

/** A mapping of a parsed file together with where it stands, for messages. */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #file: string;
  readonly #path: string;

  /** Throws `ClientConfigError` if `value` is not a mapping. Null counts as empty, as YAML leaves it. */
  constructor(value: unknown, file: string, path: string) {
    if (value !== null && (typeof value !== "object" || Array.isArray(value)))
      throw new ClientConfigError(`Cannot load ${file}: ${path || "document"} is ${kindOf(value)}, want a mapping`);
    this.#values = (value ?? {}) as Record<string, unknown>;
    this.#file = file;
    this.#path = path;
  }

  /** A text; an empty one counts as absent. */
  text(name: string): string | undefined {
    const value = this.#values[name];
    if (value === undefined || value === null || value === "") return undefined;
    if (typeof value !== "string") throw this.error(name, `is ${kindOf(value)}, want a string`);
    return value;
  }

  /** A text that must be there. */
  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw this.error(name, "is missing");
    return value;
  }

  flag(name: string): boolean {
    const value = this.#values[name];
    if (value === undefined || value === null) return false;
    if (typeof value !== "boolean") throw this.error(name, `is ${kindOf(value)}, want true or false`);
    return value;
  }

  /** Text decoded from base64. */
  data(name: string): string | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(value)) throw this.error(name, "is not base64");
    return Buffer.from(value, "base64").toString("utf8");
  }

  texts(name: string): string[] {
    return this.#items(name).map((item, index) => {
      if (typeof item !== "string") throw this.error(`${name}[${index}]`, `is ${kindOf(item)}, want a string`);
      return item;
    });
  }

  /** The mappings of a list. */
  list(name: string): Fields[] {
    return this.#items(name).map((item, index) => new Fields(item, this.#file, this.#join(`${name}[${index}]`)));
  }

  map(name: string): Fields | undefined {
    const value = this.#values[name];
    return value === undefined || value === null ? undefined : new Fields(value, this.#file, this.#join(name));
  }

  /** A mapping, which is empty where it is absent. */
  section(name: string): Fields {
    return this.map(name) ?? new Fields(null, this.#file, this.#join(name));
  }

  names(): string[] {
    return Object.keys(this.#values);
  }

  raw(name: string): unknown {
    return this.#values[name];
  }

  /** An error about the field `name`. Values are quoted by callers only where they cannot be secret. */
  error(name: string, problem: string): ClientConfigError {
    return new ClientConfigError(`Cannot load ${this.#file}: ${this.#join(name)} ${problem}`);
  }

  #items(name: string): unknown[] {
    const value = this.#values[name];
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) throw this.error(name, `is ${kindOf(value)}, want a list`);
    return value;
  }

  #join(name: string): string {
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
