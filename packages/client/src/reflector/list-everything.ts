import type { KubernetesObject } from "@wherry/kubernetes";

import { isGone, isTooLargeResourceVersion, TransportError } from "../errors.ts";
import type { KubernetesClient, ListOptions } from "../verbs/kubernetes-client.ts";
import type { ResourceDefinition } from "../verbs/resource-definition.ts";

export interface ListEverythingOptions extends Omit<ListOptions, "limit" | "continue"> {
  /** Objects on a page. */
  readonly pageSize: number;
}

export interface EverythingListed<T extends KubernetesObject> {
  readonly items: T[];
  readonly resourceVersion: string;
}

/**
 * Lists a collection page by page.
 *
 * A version the server does not have (any more, or yet) is given up for its newest state, and a page that expired in the
 * middle for one whole list.
 */
export async function listEverything<T extends KubernetesObject>(
  client: KubernetesClient,
  definition: ResourceDefinition<T>,
  options: ListEverythingOptions,
): Promise<EverythingListed<T>> {
  try {
    return await listPages(client, definition, options);
  } catch (error) {
    const latest = options.resourceVersion === undefined || options.resourceVersion === "";
    if (latest || !(isGone(error) || isTooLargeResourceVersion(error))) throw error;
    return await listPages(client, definition, { ...options, resourceVersion: "" });
  }
}

async function listPages<T extends KubernetesObject>(
  client: KubernetesClient,
  definition: ResourceDefinition<T>,
  options: ListEverythingOptions,
): Promise<EverythingListed<T>> {
  const { pageSize, resourceVersion, ...query } = options;
  const first = await client.list(definition, { ...query, resourceVersion, limit: pageSize });
  const items = first.items;
  let page = first;
  while (page.metadata?.continue) {
    try {
      page = await client.list(definition, { ...query, limit: pageSize, continue: page.metadata.continue });
    } catch (error) {
      if (!isGone(error)) throw error;
      const whole = await client.list(definition, query);
      return { items: whole.items, resourceVersion: listVersion(definition, whole.metadata?.resourceVersion) };
    }
    items.push(...page.items);
  }
  return { items, resourceVersion: listVersion(definition, page.metadata?.resourceVersion) };
}

function listVersion(definition: ResourceDefinition, version: string | undefined): string {
  if (version === undefined)
    throw new TransportError("protocol", `Cannot list ${definition.resource}: list has no resource version`);
  return version;
}
