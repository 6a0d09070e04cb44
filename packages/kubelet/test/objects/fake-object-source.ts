import { aborted } from "@wherry/base";
import type { ConfigMap } from "@wherry/kubernetes";
import type { ObjectSource } from "../../src/objects/watched-objects.ts";

/** A server of config maps whose watches a test drives. */
export class FakeObjectSource implements ObjectSource<ConfigMap> {
  readonly objects: Map<string, ConfigMap> = new Map();
  readonly gets: string[] = [];
  /** Names followed now. */
  readonly followed: Set<string> = new Set();
  /** Thrown by the next gets, one each. */
  readonly failures: unknown[] = [];
  readonly #watchers: Map<string, (object: ConfigMap | undefined) => void> = new Map();
  #version = 100;

  async get(namespace: string, name: string): Promise<ConfigMap | undefined> {
    this.gets.push(name);
    await Promise.resolve();
    if (this.failures.length > 0) throw this.failures.shift();
    return this.objects.get(`${namespace}/${name}`);
  }

  async follow(
    namespace: string,
    name: string,
    onState: (object: ConfigMap | undefined) => void,
    signal: AbortSignal,
  ): Promise<void> {
    this.followed.add(name);
    this.#watchers.set(`${namespace}/${name}`, onState);
    await aborted(signal);
    this.followed.delete(name);
  }

  set(name: string, data: Record<string, string>, more: Partial<ConfigMap> = {}): ConfigMap {
    const metadata = { name, namespace: "ns", uid: `uid-${name}`, resourceVersion: String(this.#version++) };
    const object: ConfigMap = { metadata, data, ...more };
    this.objects.set(`ns/${name}`, object);
    return object;
  }

  /** Tells watchers of `name` what `object` is, by default as stored. */
  tell(name: string, object: ConfigMap | undefined = this.objects.get(`ns/${name}`)): void {
    this.#watchers.get(`ns/${name}`)?.(object);
  }
}
