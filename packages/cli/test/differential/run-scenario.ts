import { access, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isNotFound, type KubernetesClient, resources } from "@wherry/client";
import type { Container, ContainerStatus, Event, Pod } from "@wherry/kubernetes";
import { eventually } from "@wherry/testkit";
import type { Scenario, ScenarioContainer, Step } from "./scenario.ts";
import { shellScript } from "./shell-script.ts";
import { type Trace, traceOf } from "./trace.ts";
import type { ComparedNode } from "./two-nodes.ts";

const stepTimeoutMs = 90_000;

/** What an image that is only a module, without a title, calls it. */
const wherryModule = "module.wasm";

/** Where a scenario runs. */
export interface ScenarioPlace {
  readonly client: KubernetesClient;
  readonly node: ComparedNode;
  readonly registryHost: string;
  /** Name for the pod, new in the namespace. */
  readonly podName: string;
}

/** Creates the pod and goes through the steps; the answer tells what has been seen whenever it is asked. */
export async function runScenario(scenario: Scenario, place: ScenarioPlace): Promise<() => Trace> {
  await createPod(scenario, place);
  await takeSteps(scenario.steps, scenario, place);
  return traceOfScenario(scenario, place);
}

async function createPod(scenario: Scenario, place: ScenarioPlace): Promise<void> {
  const pod = podOf(scenario, place);
  if (scenario.static === true) await writeFile(manifestOf(place), JSON.stringify(pod));
  else await place.client.create(resources.pods, pod, { namespace: place.node.namespace });
}

export async function takeSteps(steps: readonly Step[], scenario: Scenario, place: ScenarioPlace): Promise<void> {
  const shown = shownPlace(scenario, place);
  for (const step of steps) await take(step, shown);
}

/** Reads the logs; the answer tells what has been seen of the rest whenever it is asked. */
export async function traceOfScenario(scenario: Scenario, place: ScenarioPlace): Promise<() => Trace> {
  const { node } = place;
  const shown = shownPlace(scenario, place);
  const { podName } = shown;
  const logs: Record<string, string> = {};
  for (const container of scenario.logs ?? []) logs[container] = await logOf(shown, container);
  return () => traceOf(node.observer.history(podName), node.observer.events(podName), { ...scenario, logs });
}

/** Removes the pod of a scenario, in whatever state it is. */
export async function removePod(place: ScenarioPlace): Promise<void> {
  await deletePod(place, 0);
}

/** Deletes the pod of a scenario where it is still there, and resolves when nothing of it runs. */
export async function endPod(scenario: Scenario, place: ScenarioPlace): Promise<void> {
  if (scenario.static === true) await rm(manifestOf(place));
  else await deletePod(place, undefined);
  await place.node.observer.untilGone(shownPlace(scenario, place).podName, stepTimeoutMs);
}

function manifestOf({ node, podName }: ScenarioPlace): string {
  return join(node.manifestDirectory, `${podName}.json`);
}

/** The same with the name that the API has for the pod. */
function shownPlace(scenario: Scenario, place: ScenarioPlace): ScenarioPlace {
  return scenario.static === true ? { ...place, podName: `${place.podName}-${place.node.nodeName}` } : place;
}

async function deletePod(place: ScenarioPlace, gracePeriodSeconds: number | undefined): Promise<void> {
  const { client, node, podName } = place;
  const options = { namespace: node.namespace, gracePeriodSeconds };
  await client.delete(resources.pods, podName, options).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
}

function podOf(scenario: Scenario, place: ScenarioPlace): Pod {
  const { node, podName } = place;
  const container = (template: ScenarioContainer) => containerOf(template, place);
  const { initContainers } = scenario;
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: podName, namespace: node.namespace },
    spec: {
      nodeName: node.nodeName,
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 5,
      tolerations: [{ operator: "Exists" }],
      ...scenario.spec,
      ...(initContainers !== undefined && { initContainers: initContainers.map(container) }),
      containers: scenario.containers.map(container),
    },
  };
  return filled(pod, place);
}

function containerOf({ program, ...rest }: ScenarioContainer, { node }: ScenarioPlace): Container {
  const args = node.kind === "go" ? [shellScript(program ?? [], rest.ports?.[0]?.containerPort)] : program;
  const container = { image: node.image, ...(args !== undefined && { args: [...args] }), ...rest };
  return withCommands(container, node.kind);
}

/** The same with each command that begins with "workload" in the words of the node: of a shell, or of the guest's own module. */
function withCommands<T>(value: T, kind: ComparedNode["kind"]): T {
  return JSON.parse(JSON.stringify(value), (name, entry: unknown) => {
    if (name !== "command" || !Array.isArray(entry) || entry[0] !== "workload") return entry;
    const words = entry.slice(1).map(String);
    return kind === "go" ? ["sh", "-c", shellScript(words)] : [wherryModule, ...words];
  }) as T;
}

/** The same with the place's names in its texts. */
function filled<T>(value: T, { registryHost, podName, node }: ScenarioPlace): T {
  const texts = { "{pod}": podName, "{registry}": registryHost, "{usr1-image}": node.usr1Image };
  let document = JSON.stringify(value);
  for (const [name, text] of Object.entries(texts)) document = document.replaceAll(name, text);
  return JSON.parse(document) as T;
}

async function take(step: Step, place: ScenarioPlace): Promise<void> {
  const { client, node, podName } = place;
  const { namespace, observer } = node;
  const until = (holds: (pod: Pod) => boolean) =>
    observer.until(podName, `on the ${node.kind} node, ${JSON.stringify(step)}`, holds, stepTimeoutMs);
  if ("phase" in step) await until(({ status }) => status?.phase === step.phase);
  else if ("waiting" in step)
    await until((pod) => statusesOf(pod).some(({ state }) => state?.waiting?.reason === step.waiting));
  else if ("restarts" in step)
    await until((pod) => statusesOf(pod).some(({ restartCount }) => restartCount >= step.restarts));
  else if ("condition" in step)
    await until(({ status }) =>
      (status?.conditions ?? []).some(({ type, status }) => type === step.condition && status === step.status),
    );
  else if ("count" in step) {
    const times = () => countOf(observer.events(podName).filter(({ reason }) => reason === step.event));
    await eventually(`${step.count} events ${step.event}`, () => times() >= step.count, stepTimeoutMs);
  } else if ("event" in step) await observer.untilEvent(podName, step.event, undefined, stepTimeoutMs);
  else if ("ended" in step) await until(({ status }) => /^(Succeeded|Failed)$/.test(status?.phase ?? ""));
  else if ("started" in step) await until((pod) => stateOf(pod, step.started)?.running !== undefined);
  else if ("terminated" in step) await until((pod) => stateOf(pod, step.terminated)?.terminated !== undefined);
  else if ("gone" in step) await observer.untilGone(podName, stepTimeoutMs);
  else if ("configMap" in step) {
    const metadata = { name: step.configMap.replaceAll("{pod}", podName), namespace };
    await client.create(resources.configMaps, { metadata, data: { text: "from the map" } });
  } else if ("make" in step || "remove" in step || "made" in step) {
    const pod = observer.pod(podName);
    if (pod === undefined) throw new Error(`Cannot take ${JSON.stringify(step)}: there is no pod "${podName}"`);
    const volume = node.volumePath(pod, "kubernetes.io~empty-dir/state");
    if ("make" in step) await writeFile(join(volume, step.make), "");
    else if ("made" in step)
      await eventually(`the file "${step.made}"`, () => access(join(volume, step.made)).then(() => true));
    // A guest's sockets listen before it has begun, so that a probe may be through before the file is there.
    else await eventually(`the file "${step.remove}"`, () => rm(join(volume, step.remove)).then(() => true));
  } else if ("deadline" in step) {
    const patch = { spec: { activeDeadlineSeconds: step.deadline } };
    await client.patch(resources.pods, podName, patch, { type: "merge", namespace });
  } else if ("debug" in step) {
    const patch = { spec: { ephemeralContainers: [filled(containerOf(step.debug, place), place)] } };
    const options = { type: "strategic", namespace, subresource: "ephemeralcontainers" } as const;
    await client.patch(resources.pods, podName, patch, options);
  } else if ("setCondition" in step) {
    const conditions = [{ type: step.setCondition, status: step.status }];
    await client.patch(
      resources.pods,
      podName,
      { status: { conditions } },
      {
        type: "strategic",
        namespace,
        subresource: "status",
      },
    );
  } else if ("resize" in step) {
    const containers = Object.entries(step.resize).map(([name, amounts]) => ({ name, resources: amounts }));
    const patch = { spec: { ...(step.whole !== undefined && { resources: step.whole }), containers } };
    await client.patch(resources.pods, podName, patch, { type: "strategic", namespace, subresource: "resize" });
  } else if ("resized" in step)
    await until(
      ({ metadata, status }) =>
        status?.observedGeneration === metadata?.generation &&
        status?.conditions?.some(({ type }) => type.startsWith("PodResize")) !== true,
    );
  else if ("removeOther" in step) {
    await client.delete(resources.pods, step.removeOther, { namespace });
    await observer.untilGone(step.removeOther, stepTimeoutMs);
  } else await client.delete(resources.pods, podName, { namespace, gracePeriodSeconds: step.delete });
}

function countOf(events: readonly Event[]): number {
  return events.reduce((sum, { count = 1 }) => sum + count, 0);
}

function statusesOf({ status }: Pod): readonly ContainerStatus[] {
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = status ?? {};
  return [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses];
}

function stateOf(pod: Pod, container: string): ContainerStatus["state"] {
  return statusesOf(pod).find(({ name }) => name === container)?.state;
}

async function logOf({ client, node, podName }: ScenarioPlace, container: string): Promise<string> {
  const path = `/api/v1/namespaces/${node.namespace}/pods/${podName}/log?container=${container}`;
  const { status, body } = await client.raw("GET", path);
  return status === 200 ? body.toString() : `status ${status}`;
}
