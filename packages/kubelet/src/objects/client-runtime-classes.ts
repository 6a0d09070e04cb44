import { isNotFound, type KubernetesClient, resources } from "@wherry/client";
import type { RuntimeClasses } from "../ports/runtime-classes.ts";

/** RuntimeClass objects, asked for one by one: a handler cannot change, so an answer stays good while the process lives. */
export function clientRuntimeClasses(client: KubernetesClient): RuntimeClasses {
  const known = new Map<string, string>();
  return {
    async handler(name, options = {}) {
      const handler = known.get(name);
      if (handler !== undefined) return handler;
      try {
        const found = await client.get(resources.runtimeClasses, name, { signal: options.signal });
        known.set(name, found.handler);
        return found.handler;
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
  };
}
