import type { Readable } from "node:stream";

import { type Clock, errorMessage } from "@wherry/base";
import type { KubernetesList, KubernetesObject } from "@wherry/kubernetes";

import { RequestError, TransportError } from "../errors.ts";
import { checkedBody } from "../transport/read-body.ts";
import type { RestClient } from "../transport/rest-client.ts";
import type {
  CallOptions,
  CreateOptions,
  DeleteOptions,
  GetOptions,
  KubernetesClient,
  ListOptions,
  PatchOptions,
  PatchType,
  RawOptions,
  RawResponse,
  ReplaceOptions,
  StreamOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "./kubernetes-client.ts";
import { encodeQuery } from "./query.ts";
import {
  apiVersionOf,
  describeResource,
  type ResourceAddress,
  type ResourceDefinition,
  resourcePath,
} from "./resource-definition.ts";
import { watchEvents } from "./watch.ts";

const patchContentTypes: Readonly<Record<PatchType, string>> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  // JSON is YAML, so the patch goes out as JSON.
  apply: "application/apply-patch+yaml",
};

interface Call extends CallOptions {
  readonly verb: string;
  readonly method: string;
  readonly address: ResourceAddress;
  readonly query?: string;
  readonly body?: unknown;
  readonly contentType?: string;
}

/** The verbs over a `RestClient`; lanes and closing belong to whoever owns the transport. */
export abstract class ApiClient implements KubernetesClient {
  readonly #rest: RestClient;
  readonly #clock: Clock;

  constructor(rest: RestClient, clock: Clock) {
    this.#rest = rest;
    this.#clock = clock;
  }

  abstract withLane(lane: string): KubernetesClient;
  abstract close(): Promise<void>;

  get<T extends KubernetesObject>(
    definition: ResourceDefinition<T>,
    name: string,
    options: GetOptions = {},
  ): Promise<T> {
    const { namespace, resourceVersion } = options;
    return this.#call(definition, {
      ...options,
      verb: "get",
      method: "GET",
      address: { namespace, name },
      query: encodeQuery({ resourceVersion }),
    });
  }

  async list<T extends KubernetesObject>(
    definition: ResourceDefinition<T>,
    options: ListOptions = {},
  ): Promise<KubernetesList<T>> {
    const { namespace, signal, timeoutMs, ...query } = options;
    const list = await this.#call<KubernetesList<T>>(definition, {
      signal,
      timeoutMs,
      verb: "list",
      method: "GET",
      address: { namespace },
      query: encodeQuery(query),
    });
    list.items ??= [];
    const apiVersion = apiVersionOf(definition);
    for (const item of list.items) {
      item.apiVersion ??= apiVersion;
      item.kind ??= definition.kind;
    }
    return list;
  }

  async create<T extends KubernetesObject>(
    definition: ResourceDefinition<T>,
    object: T,
    options: CreateOptions = {},
  ): Promise<T> {
    const namespace = options.namespace ?? object.metadata?.namespace;
    if (definition.namespaced && namespace === undefined)
      throw new RequestError(`Cannot create ${definition.resource}: metadata.namespace is missing`);
    return this.#call(definition, {
      ...options,
      verb: "create",
      method: "POST",
      address: { namespace },
      query: writeQuery(options),
      body: withType(definition, object),
    });
  }

  createSubresource<TBody, TAnswer>(
    definition: ResourceDefinition,
    name: string,
    subresource: string,
    body: TBody,
    options: CreateOptions = {},
  ): Promise<TAnswer> {
    const { namespace } = options;
    return this.#call(definition, {
      ...options,
      verb: "create",
      method: "POST",
      address: { namespace, name, subresource },
      query: writeQuery(options),
      body,
    });
  }

  async replace<T extends KubernetesObject>(
    definition: ResourceDefinition<T>,
    object: T,
    options: ReplaceOptions = {},
  ): Promise<T> {
    const { name, namespace } = object.metadata ?? {};
    if (name === undefined) throw new RequestError(`Cannot replace ${definition.resource}: metadata.name is missing`);
    return this.#call(definition, {
      ...options,
      verb: "replace",
      method: "PUT",
      address: { namespace, name, subresource: options.subresource },
      query: writeQuery(options),
      body: withType(definition, object),
    });
  }

  async patch<T extends KubernetesObject>(
    definition: ResourceDefinition<T>,
    name: string,
    patch: unknown,
    options: PatchOptions,
  ): Promise<T> {
    const { namespace, subresource, type, force } = options;
    if (type === "apply" && options.fieldManager === undefined)
      throw new RequestError(`Cannot apply ${definition.resource} "${name}": fieldManager is missing`);
    return this.#call(definition, {
      ...options,
      verb: "patch",
      method: "PATCH",
      address: { namespace, name, subresource },
      query: writeQuery(options, force),
      body: patch,
      contentType: patchContentTypes[type],
    });
  }

  async delete<T extends KubernetesObject>(
    definition: ResourceDefinition<T>,
    name: string,
    options: DeleteOptions = {},
  ): Promise<void> {
    const { namespace, gracePeriodSeconds, preconditions, propagationPolicy } = options;
    await this.#call(definition, {
      ...options,
      verb: "delete",
      method: "DELETE",
      address: { namespace, name },
      body: { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds, preconditions, propagationPolicy },
    });
  }

  watch<T extends KubernetesObject>(
    definition: ResourceDefinition<T>,
    options: WatchOptions = {},
  ): AsyncIterable<WatchEvent<T>> {
    return watchEvents(this.#rest, this.#clock, definition, options);
  }

  raw(method: string, path: string, options: RawOptions = {}): Promise<RawResponse> {
    return this.#rest.send({
      action: `${method} ${path}`,
      method,
      path,
      headers: options.headers ?? {},
      body: options.body,
      signal: options.signal,
      timeoutMs: options.timeoutMs,
      maxResponseBytes: options.maxResponseBytes,
      anyStatus: true,
    });
  }

  async stream(path: string, options: StreamOptions = {}): Promise<Readable> {
    const response = await this.#rest.open({
      action: `GET ${path}`,
      method: "GET",
      path,
      headers: options.headers ?? {},
      longRunning: true,
      signal: options.signal,
    });
    return checkedBody(response, options.signal);
  }

  async #call<R>(definition: ResourceDefinition, call: Call): Promise<R> {
    const { verb, method, address, body } = call;
    const headers: Record<string, string> = { accept: "application/json" };
    if (body !== undefined) headers["content-type"] = call.contentType ?? "application/json";
    const action = `${verb} ${describeResource(definition, address)}`;
    const response = await this.#rest.send({
      action,
      method,
      path: resourcePath(definition, address) + (call.query ?? ""),
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: call.signal,
      timeoutMs: call.timeoutMs,
    });
    try {
      return JSON.parse(response.body.toString("utf8")) as R;
    } catch (error) {
      throw new TransportError("protocol", `Cannot ${action}: answer is not JSON: ${errorMessage(error)}`);
    }
  }
}

function writeQuery(options: WriteOptions, force?: boolean): string {
  return encodeQuery({ dryRun: options.dryRun ? "All" : undefined, fieldManager: options.fieldManager, force });
}

function withType<T extends KubernetesObject>(definition: ResourceDefinition<T>, object: T): T {
  if (object.apiVersion !== undefined && object.kind !== undefined) return object;
  return { ...object, apiVersion: apiVersionOf(definition), kind: definition.kind };
}
