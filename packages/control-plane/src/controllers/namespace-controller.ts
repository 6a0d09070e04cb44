import { aborted, errorMessage, type Logger } from "@wherry/base";
import type { Namespace } from "@wherry/kubernetes";
import { configMaps } from "../resources/configuration.ts";
import { namespaces, systemNamespaces } from "../resources/namespaces.ts";
import { type ResourceDefinition, storageName } from "../resources/resource-definition.ts";
import type { ResourceIndex } from "../resources/resource-table.ts";
import { serviceAccounts } from "../resources/service-accounts.ts";
import type { StoredRecord } from "../storage/stored-record.ts";
import { createObject } from "../verbs/create-object.ts";
import { deleteObject } from "../verbs/delete-object.ts";
import { writeUpdate } from "../verbs/update-object.ts";
import { shallowCopy, type VerbServices } from "../verbs/verb-services.ts";

const rootCaName = "kube-root-ca.crt";

export interface NamespaceControllerOptions {
  readonly services: VerbServices;
  readonly index: ResourceIndex;
  /** PEM that pods verify the API server by. */
  readonly authority: string;
  readonly logger: Logger;
}

/**
 * Gives every namespace its `default` ServiceAccount and `kube-root-ca.crt` ConfigMap, and empties and removes namespaces
 * that are being deleted.
 */
export class NamespaceController {
  readonly #options: NamespaceControllerOptions;
  readonly #contents: readonly ResourceDefinition[];

  constructor(options: NamespaceControllerOptions) {
    this.#options = options;
    // Views show what their origin holds.
    this.#contents = options.index.definitions.filter(
      (definition) => definition.namespaced && !definition.isVirtual && definition.view === undefined,
    );
  }

  /** Makes the namespaces of every cluster, and what belongs into present ones. */
  prepare(): void {
    const { services } = this.#options;
    for (const name of systemNamespaces) {
      if (services.store.get("namespaces", name) !== undefined) continue;
      const input = { kind: "Namespace", apiVersion: "v1", metadata: { name } };
      createObject(services, { definition: namespaces, namespace: "" }, input);
    }
    for (const record of services.store.list("namespaces")) this.#sync(record.key);
  }

  /** Works until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { store } = this.#options.services;
    const sync = (namespace: string) => {
      try {
        this.#sync(namespace);
      } catch (error) {
        this.#options.logger.error("Cannot sync namespace", { namespace, error: errorMessage(error) });
      }
    };
    const stops = [
      store.subscribe("namespaces", (record) => {
        if (record.operation !== "delete") sync(record.key);
      }),
    ];
    for (const definition of this.#contents) {
      const listener = (record: StoredRecord) => {
        // Deletes matter to a namespace that waits to be empty and where something that belongs there is gone.
        if (record.operation === "delete") sync(record.key.slice(0, record.key.indexOf("/")));
      };
      stops.push(store.subscribe(storageName(definition), listener));
    }
    this.prepare();
    await aborted(signal);
    for (const stop of stops) stop();
  }

  #sync(name: string): void {
    const record = this.#options.services.store.get("namespaces", name);
    if (record === undefined) return;
    if (record.object.metadata.deletionTimestamp !== undefined) this.#empty(name, record);
    else this.#furnish(name);
  }

  #furnish(namespace: string): void {
    const { services, authority } = this.#options;
    if (services.store.get("serviceaccounts", `${namespace}/default`) === undefined) {
      const input = { kind: "ServiceAccount", apiVersion: "v1", metadata: { name: "default" } };
      createObject(services, { definition: serviceAccounts, namespace }, input);
    }
    const present = services.store.get("configmaps", `${namespace}/${rootCaName}`)?.object;
    const data = { "ca.crt": authority };
    if (present === undefined) {
      const input = { kind: "ConfigMap", apiVersion: "v1", metadata: { name: rootCaName }, data };
      createObject(services, { definition: configMaps, namespace }, input);
    } else if ((present["data"] as Record<string, string> | undefined)?.["ca.crt"] !== authority) {
      const target = { definition: configMaps, namespace, name: rootCaName };
      writeUpdate(services, target, { ...shallowCopy(present), data }, {});
    }
  }

  #empty(name: string, record: StoredRecord): void {
    const { services } = this.#options;
    const { store } = services;
    let isEmpty = true;
    for (const definition of this.#contents) {
      for (const { object } of store.list(storageName(definition), name)) {
        const target = { definition, namespace: name, name: object.metadata.name ?? "" };
        if (object.metadata.deletionTimestamp === undefined) deleteObject(services, target, {});
        if (store.get(storageName(definition), `${name}/${target.name}`) !== undefined) isEmpty = false;
      }
    }
    const current = store.get("namespaces", name);
    if (!isEmpty || current === undefined || current.revision < record.revision) return;
    const namespace = shallowCopy(current.object);
    const { spec } = namespace as unknown as Namespace;
    const finalizers = (spec?.finalizers ?? []).filter((finalizer) => finalizer !== "kubernetes");
    if (finalizers.length === (spec?.finalizers?.length ?? 0)) return;
    namespace["spec"] = { ...spec, finalizers };
    writeUpdate(services, { definition: namespaces, namespace: "", name }, namespace, {});
  }
}
