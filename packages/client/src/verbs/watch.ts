import { type Clock, errorMessage } from "@wherry/base";
import type { KubernetesObject, Status } from "@wherry/kubernetes";

import { ApiError, TransportError } from "../errors.ts";
import { bodyError } from "../transport/read-body.ts";
import type { RestClient } from "../transport/rest-client.ts";
import type { WatchEvent, WatchOptions } from "./kubernetes-client.ts";
import { LineSplitter } from "./line-splitter.ts";
import { encodeQuery } from "./query.ts";
import { describeResource, type ResourceDefinition, resourcePath } from "./resource-definition.ts";

const defaultTimeoutSeconds = 300;
const defaultMaxEventBytes = 16 * 2 ** 20;
// Beyond its own time limit the server counts as silent.
const overrunMs = 30_000;

/** Opens a watch and yields its events; see `KubernetesClient.watch`. */
export async function* watchEvents<T extends KubernetesObject>(
  rest: RestClient,
  clock: Clock,
  definition: ResourceDefinition<T>,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const { namespace, signal, timeoutSeconds = defaultTimeoutSeconds } = options;
  const action = `watch ${describeResource(definition, { namespace })}`;
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal?.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  const cancelTimer = clock.setTimer(timeoutSeconds * 1000 + overrunMs, () =>
    controller.abort(new TransportError("timeout", `Cannot ${action}: server did not end the watch in time`)),
  );
  try {
    const response = await rest.open({
      action,
      method: "GET",
      path: resourcePath(definition, { namespace }) + watchQuery(options, timeoutSeconds),
      headers: { accept: "application/json" },
      longRunning: true,
      signal: controller.signal,
    });
    const lines = new LineSplitter(options.maxEventBytes ?? defaultMaxEventBytes);
    try {
      for await (const chunk of response.body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>)
        for (const line of lines.push(chunk)) yield parseEvent<T>(action, line);
    } catch (error) {
      if (error instanceof ApiError) throw error;
      throw bodyError(error, controller.signal);
    }
    if (controller.signal.aborted) throw bodyError(undefined, controller.signal);
    if (!response.complete() || lines.pendingBytes > 0)
      throw new TransportError("connection", `Cannot ${action}: connection lost`);
  } finally {
    cancelTimer();
    signal?.removeEventListener("abort", onAbort);
    controller.abort();
  }
}

function watchQuery(options: WatchOptions, timeoutSeconds: number): string {
  return encodeQuery({
    watch: true,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    resourceVersion: options.resourceVersion,
    resourceVersionMatch: options.resourceVersionMatch,
    allowWatchBookmarks: options.allowWatchBookmarks ?? true,
    sendInitialEvents: options.sendInitialEvents,
    timeoutSeconds,
  });
}

function parseEvent<T extends KubernetesObject>(action: string, line: string): WatchEvent<T> {
  let event: { readonly type?: unknown; readonly object?: unknown };
  try {
    event = JSON.parse(line);
  } catch (error) {
    throw new TransportError("protocol", `Cannot ${action}: event is not JSON: ${errorMessage(error)}`);
  }
  const { type, object } = event ?? {};
  if (typeof object !== "object" || object === null)
    throw new TransportError("protocol", `Cannot ${action}: event ${JSON.stringify(type)} has no object`);
  switch (type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
    case "BOOKMARK":
      return event as WatchEvent<T>;
    case "ERROR":
      throw new ApiError(action, object as Status);
    default:
      throw new TransportError("protocol", `Cannot ${action}: event has type ${JSON.stringify(type)}`);
  }
}
