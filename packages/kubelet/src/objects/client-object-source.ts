import type { Clock, Logger } from "@wherry/base";
import { createReflector, isNotFound, type KubernetesClient, type ResourceDefinition } from "@wherry/client";
import { type KubernetesObject, objectKey } from "@wherry/kubernetes";
import type { ObjectSource } from "./watched-objects.ts";

export interface ClientObjectSourceOptions {
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly logger?: Logger;
}

/**
 * Objects of one resource from an API server: read by name, followed by a reflector for that name alone, which is all the node
 * authorizer allows.
 */
export function clientObjectSource<T extends KubernetesObject>(
  client: KubernetesClient,
  definition: ResourceDefinition<T>,
  options: ClientObjectSourceOptions = {},
): ObjectSource<T> {
  return {
    async get(namespace, name, signal) {
      try {
        return await client.get(definition, name, { namespace, signal });
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    async follow(namespace, name, onState, signal) {
      const reflector = createReflector(client, definition, {
        ...options,
        namespace,
        fieldSelector: `metadata.name=${name}`,
      });
      reflector.onChange(({ type, object }) => onState(type === "deleted" ? undefined : object));
      reflector.ready.then(
        () => {
          // An object that was gone before the reflector looked has no change to tell.
          if (!reflector.store.has(objectKey({ metadata: { namespace, name } }))) onState(undefined);
        },
        () => undefined,
      );
      await reflector.run(signal);
    },
  };
}
