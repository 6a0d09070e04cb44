import type { KubernetesObject } from "@wherry/kubernetes";

import { isGone, isTooLargeResourceVersion, isTransportError, TransportError } from "../errors.ts";
import type { KubernetesClient, ListOptions } from "../verbs/kubernetes-client.ts";
import { describeResource, type ResourceDefinition } from "../verbs/resource-definition.ts";

export interface ListEverythingOptions extends Omit<ListOptions, "limit" | "continue"> {
  /** Objects on a page. */
  readonly pageSize: number;
}

export interface EverythingListed<T extends KubernetesObject> {
  readonly items: T[];
  readonly resourceVersion: string;
}

// Few steps from usual pages to single objects, since each costs as much as may be read.
const shrinkage = 8;

/**
 * Lists a collection page by page, or whole where a version is asked for that caches can answer, as client-go does.
 *
 * A version the server does not have (any more, or yet) is given up for its newest state, a page that expired in the middle
 * for one whole list, and pages too large to be read for smaller ones. Throws a `TransportError` of kind `limit` when single
 * objects are too large, which means that the server does not page.
 */
export async function listEverything<T extends KubernetesObject>(
  client: KubernetesClient,
  definition: ResourceDefinition<T>,
  options: ListEverythingOptions,
): Promise<EverythingListed<T>> {
  try {
    return await listPages(client, definition, options);
  } catch (error) {
    const { resourceVersion } = options;
    // Of these, only the state of now is certain to be there and to be paged.
    if (isLatest(resourceVersion) ? !isTooLarge(error) : !isGivenUp(error)) throw error;
    if (!isLatest(resourceVersion))
      return await listEverything(client, definition, { ...options, resourceVersion: "" });
    return await listSmallerPages(client, definition, options, error);
  }
}

function listSmallerPages<T extends KubernetesObject>(
  client: KubernetesClient,
  definition: ResourceDefinition<T>,
  options: ListEverythingOptions,
  error: unknown,
): Promise<EverythingListed<T>> {
  const { pageSize, namespace } = options;
  if (pageSize > 1)
    return listEverything(client, definition, { ...options, pageSize: Math.max(1, Math.floor(pageSize / shrinkage)) });
  throw new TransportError(
    "limit",
    `Cannot list ${describeResource(definition, { namespace })}: the server answers limit=1 with more than may be read, so it ` +
      "does not page; select fewer objects, or raise maxResponseBytes of the client",
    { cause: error },
  );
}

async function listPages<T extends KubernetesObject>(
  client: KubernetesClient,
  definition: ResourceDefinition<T>,
  options: ListEverythingOptions,
): Promise<EverythingListed<T>> {
  const { pageSize, resourceVersion, ...query } = options;
  // A limit beside a version sends older servers to their database; that of "0" they ignore.
  const limit = isLatest(resourceVersion) || resourceVersion === "0" ? pageSize : undefined;
  const first = await client.list(definition, { ...query, resourceVersion, limit });
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

function isLatest(resourceVersion: string | undefined): boolean {
  return resourceVersion === undefined || resourceVersion === "";
}

function isGivenUp(error: unknown): boolean {
  return isGone(error) || isTooLargeResourceVersion(error) || isTooLarge(error);
}

function isTooLarge(error: unknown): boolean {
  return isTransportError(error) && error.kind === "limit";
}

function listVersion(definition: ResourceDefinition, version: string | undefined): string {
  if (version === undefined)
    throw new TransportError("protocol", `Cannot list ${definition.resource}: list has no resource version`);
  return version;
}
