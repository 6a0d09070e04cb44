import { errorMessage, isAbort } from "@wherry/base";
import type { ConfigMapKeySelector, Container, SecretKeySelector } from "@wherry/kubernetes";
import { ConfigError } from "../errors.ts";
import type { ObjectCache, ObjectCallOptions } from "../ports/object-cache.ts";

type SourceKind = "ConfigMap" | "Secret";

/** Values by key; undefined for one that an environment cannot hold. */
type SourceData = Readonly<Record<string, string | undefined>>;

/**
 * Data of the config maps and secrets that one container's environment comes from, read once each so that variables from one
 * object agree with each other.
 */
export class VariableSources {
  readonly namespace: string;
  readonly #objects: Pick<ObjectCache, "configMap" | "secret">;
  readonly #call: ObjectCallOptions;
  readonly #read: Map<string, Promise<SourceData | undefined>> = new Map();

  constructor(objects: Pick<ObjectCache, "configMap" | "secret">, namespace: string, call: ObjectCallOptions) {
    this.#objects = objects;
    this.namespace = namespace;
    this.#call = call;
  }

  /** Reads everything the container refers to at once; failures show when the data is used. */
  async prefetch(container: Container): Promise<void> {
    const wanted: [SourceKind, string | undefined][] = [];
    for (const { configMapRef, secretRef } of container.envFrom ?? [])
      wanted.push(["ConfigMap", configMapRef?.name], ["Secret", secretRef?.name]);
    for (const { valueFrom } of container.env ?? [])
      wanted.push(["ConfigMap", valueFrom?.configMapKeyRef?.name], ["Secret", valueFrom?.secretKeyRef?.name]);
    await Promise.allSettled(wanted.map(async ([kind, name]) => name && this.#load(kind, name)));
  }

  /** All data of an object; undefined when it is missing and optional. @throws ConfigError when missing */
  async data(kind: SourceKind, name: string, optional: boolean): Promise<Readonly<Record<string, string>> | undefined> {
    const data = await this.#require(kind, name, optional);
    return data && Object.fromEntries(Object.keys(data).map((key) => [key, this.#text(kind, name, key, data)]));
  }

  /** The value of one key; undefined when it is missing and optional. @throws ConfigError when missing */
  async key(kind: SourceKind, selector: ConfigMapKeySelector | SecretKeySelector): Promise<string | undefined> {
    const { key, name = "", optional = false } = selector;
    const data = await this.#require(kind, name, optional);
    if (data === undefined) return undefined;
    if (Object.hasOwn(data, key)) return this.#text(kind, name, key, data);
    if (optional) return undefined;
    throw new ConfigError(`couldn't find key ${key} in ${kind} ${this.namespace}/${name}`);
  }

  async #require(kind: SourceKind, name: string, optional: boolean): Promise<SourceData | undefined> {
    const data = await this.#load(kind, name);
    if (data === undefined && !optional) throw new ConfigError(`${kind.toLowerCase()} "${name}" not found`);
    return data;
  }

  #text(kind: SourceKind, name: string, key: string, data: SourceData): string {
    const value = data[key];
    if (value !== undefined) return value;
    throw new ConfigError(
      `key ${key} in ${kind} ${this.namespace}/${name} is not UTF-8 text without NUL, as an environment variable must be`,
      { retryable: false },
    );
  }

  #load(kind: SourceKind, name: string): Promise<SourceData | undefined> {
    const id = `${kind}/${name}`;
    let data = this.#read.get(id);
    if (data === undefined) {
      data = this.#fetch(kind, name);
      this.#read.set(id, data);
    }
    return data;
  }

  async #fetch(kind: SourceKind, name: string): Promise<SourceData | undefined> {
    try {
      if (kind === "ConfigMap") {
        const object = await this.#objects.configMap(this.namespace, name, this.#call);
        return object && (object.data ?? {});
      }
      const object = await this.#objects.secret(this.namespace, name, this.#call);
      return object && decodeValues(object.data ?? {});
    } catch (error) {
      if (isAbort(error, this.#call.signal)) throw error;
      throw new ConfigError(
        `failed to read ${kind.toLowerCase()} "${name}" of namespace "${this.namespace}": ${errorMessage(error)}`,
        { cause: error },
      );
    }
  }
}

function decodeValues(data: Readonly<Record<string, string>>): SourceData {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const decode = (value: string) => {
    try {
      const text = decoder.decode(Buffer.from(value, "base64"));
      return text.includes("\0") ? undefined : text;
    } catch {
      return undefined;
    }
  };
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, decode(value)]));
}
