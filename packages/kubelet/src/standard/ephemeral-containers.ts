import { type Container, containerFieldPath } from "@wherry/kubernetes";
import type { PodHandle } from "../provider/pod-handle.ts";
import type { PodContext } from "./pod-context.ts";
import type { RuntimeAbility } from "./pod-field-table.ts";
import { unsupportedInEphemeral } from "./unsupported-fields.ts";

/**
 * The pod's ephemeral containers that the node takes, as containers to start. What the API allows none of them is dropped,
 * wherever the pod comes from; the target container means nothing where no container sees another's processes.
 */
export function startableEphemeral(context: PodContext): Container[] {
  return (context.spec.ephemeralContainers ?? [])
    .filter((container) => unsupportedInEphemeral(container, context.shared.abilities) === undefined)
    .map((container) => {
      const { targetContainerName: _target, ports: _ports, resources: _resources, ...rest } = container;
      const { lifecycle: _l, livenessProbe: _p, readinessProbe: _r, startupProbe: _s, ...own } = rest;
      return own;
    });
}

/** The answer says of each ephemeral container that the node does not take why, once, whenever it is called. */
export function ephemeralWarnings(handle: PodHandle, abilities: ReadonlySet<RuntimeAbility>): () => void {
  const warned = new Set<string>();
  return () => {
    const spec = handle.pod.spec ?? { containers: [] };
    for (const container of spec.ephemeralContainers ?? []) {
      const refusal = unsupportedInEphemeral(container, abilities);
      if (refusal === undefined || warned.has(container.name)) continue;
      warned.add(container.name);
      handle.event({ type: "Warning", ...refusal, fieldPath: containerFieldPath(spec, container.name) });
    }
  };
}
