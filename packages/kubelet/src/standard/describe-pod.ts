import {
  type Container,
  type ContainerStatus,
  containerStatus,
  mayRestartAll,
  podContainers,
  statusOfContainer,
} from "@wherry/kubernetes";
import type { PodDescription } from "../provider/pod-description.ts";
import { restartsOfAll } from "./pod-actions.ts";
import type { PodContext } from "./pod-context.ts";
import type { Instance } from "./pod-facts.ts";
import { reportedLimits, reportedResources } from "./reported-resources.ts";
import { unsupportedInEphemeral } from "./unsupported-fields.ts";

const creating = { reason: "ContainerCreating", message: "" };

export interface DescribeOptions {
  readonly stopped?: boolean;
  /** All containers have just been removed to begin again. */
  readonly restartedAll?: boolean;
}

/** Describes the pod from the facts; undefined while the runtime has not been asked. */
export function describePod(context: PodContext, options: DescribeOptions = {}): PodDescription | undefined {
  if (!context.facts.known) return undefined;
  const { status, termination } = context.handle;
  const refused = context.refusal !== undefined || termination?.cause === "refused";
  const lists = { init: [] as ContainerStatus[], app: [] as ContainerStatus[], ephemeral: [] as ContainerStatus[] };
  const restarting = isRestartingAll(context, options);
  const removing = restarting === true || context.restartingAll || options.restartedAll;
  for (const { kind, container } of podContainers(context.spec)) {
    const unsupported = kind === "ephemeral" ? unsupportedInEphemeral(container, context.shared.abilities) : undefined;
    const replaced = context.replacing.has(container.name);
    const pending = unsupported ?? context.pending.get(container.name) ?? (replaced ? creating : undefined);
    const instances = context.facts.of(container.name);
    const id = instances[0]?.runtimeId ?? "";
    const described = containerStatus({
      pod: context.pod,
      kind,
      container,
      instances,
      previous: statusOfContainer(status, kind, container.name),
      waiting: pending && { reason: pending.reason, message: pending.message },
      replaced,
      stopping: termination !== undefined,
      restartingAll: removing,
      started: context.probes.isStarted(container.name, id),
      ready: context.probes.isReady(container.name, id),
    });
    // A pod that was not taken in was given nothing.
    const bare = kind === "ephemeral" || (refused && instances.length === 0);
    lists[kind].push(bare ? described : withResources(described, container, instances[0]));
  }
  const sandbox = context.facts.sandbox;
  return {
    initContainerStatuses: lists.init,
    containerStatuses: lists.app,
    ephemeralContainerStatuses: lists.ephemeral,
    sandboxReady: sandbox !== undefined,
    podIps: context.podIps,
    limits: sandbox?.resources && reportedLimits(context.spec, sandbox.resources),
    conditions: context.resize.conditions,
    restartingAll: restarting,
    stopped: options.stopped ?? false,
  };
}

function isRestartingAll(context: PodContext, { restartedAll }: DescribeOptions): boolean | undefined {
  const { spec, facts, handle } = context;
  if (!mayRestartAll(spec)) return undefined;
  if (handle.termination !== undefined || restartedAll === true) return false;
  // What is being replaced ended for that.
  const instancesOf = (name: string) => (context.replacing.has(name) ? [] : facts.of(name));
  return context.restartingAll || restartsOfAll(spec, instancesOf).length > 0;
}

/** The status with what the container was given, and what it has while it runs. */
function withResources(
  status: ContainerStatus,
  { resources }: Pick<Container, "resources">,
  newest: Instance | undefined,
): ContainerStatus {
  const result: ContainerStatus = { ...status };
  if (resources?.requests !== undefined) result.allocatedResources = resources.requests;
  if (status.state?.running !== undefined && newest !== undefined)
    result.resources = reportedResources(resources, newest.resources);
  return result;
}
