import { type ContainerStatus, containerStatus, findContainerStatus, podContainers } from "@wherry/kubernetes";
import type { PodDescription } from "../provider/pod-description.ts";
import type { PodContext } from "./pod-context.ts";
import { unsupportedInEphemeral } from "./unsupported-fields.ts";

/** Describes the pod from the facts; undefined while the runtime has not been asked. */
export function describePod(
  context: PodContext,
  options: { readonly stopped?: boolean } = {},
): PodDescription | undefined {
  if (!context.facts.known) return undefined;
  const { status } = context.handle;
  const lists = { init: [] as ContainerStatus[], app: [] as ContainerStatus[], ephemeral: [] as ContainerStatus[] };
  const previous = {
    init: status.initContainerStatuses,
    app: status.containerStatuses,
    ephemeral: status.ephemeralContainerStatuses,
  };
  for (const { kind, container } of podContainers(context.spec)) {
    const refused = kind === "ephemeral" ? unsupportedInEphemeral(container, context.shared.abilities) : undefined;
    const pending = refused ?? context.pending.get(container.name);
    const instances = context.facts.of(container.name);
    const id = instances[0]?.runtimeId ?? "";
    lists[kind].push(
      containerStatus({
        pod: context.pod,
        kind,
        container,
        instances,
        previous: findContainerStatus(previous[kind], container.name),
        waiting: pending && { reason: pending.reason, message: pending.message },
        stopping: context.handle.termination !== undefined,
        started: context.probes.isStarted(container.name, id),
        ready: context.probes.isReady(container.name, id),
      }),
    );
  }
  const sandbox = context.facts.sandbox;
  return {
    initContainerStatuses: lists.init,
    containerStatuses: lists.app,
    ephemeralContainerStatuses: lists.ephemeral,
    sandboxReady: sandbox !== undefined,
    podIps: context.podIps,
    stopped: options.stopped ?? false,
  };
}
