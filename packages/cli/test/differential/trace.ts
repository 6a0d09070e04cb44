import type { ContainerStatus, Event, Pod, PodCondition, PodStatus } from "@wherry/kubernetes";

/** What was seen of a pod, as texts under a subject each: `phase`, `condition Ready`, `container main`, `events` and so on. */
export type Trace = ReadonlyMap<string, readonly string[]>;

/** What is told beyond what every trace tells; see `Scenario`. */
export interface TraceOptions {
  /** Logs by container. */
  readonly logs?: Readonly<Record<string, string>>;
  readonly resources?: boolean | undefined;
  readonly eventCounts?: boolean | undefined;
  readonly podMessage?: boolean | undefined;
  readonly messages?: boolean | undefined;
  readonly maxRestarts?: number | undefined;
  readonly endOrder?: boolean | undefined;
  /** What of the messages of waiting containers is told. @default nothing */
  readonly waitingMessages?: RegExp | undefined;
}

/** What is false on the way to the first start and may be told or not. */
const startConditions: ReadonlySet<string> = new Set(["PodReadyToStartContainers", "ContainersReady", "Ready"]);

const statusKinds = ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"] as const;

/** Times in a status are whole seconds. */
const laterMs = 2000;

const ends: ReadonlySet<string> = new Set(["False PodCompleted", "False PodFailed"]);

/**
 * What the versions of a pod, oldest first, and its events say, without what differs between two runs of one kubelet.
 *
 * - Times, names, identifiers, addresses and image references are left out, and messages unless wanted; of a field of which only the value
 *   is left out, `fields` subjects still tell whether it is there.
 * - A kubelet may write any number of changes as one, so nothing depends on a version between: an instance of a container that ended is
 *   known from `state` or from the `lastState` after it, and that it ran from its start time. Conditions and reasons for waiting are told
 *   once each, in the order in which they were first seen, phases whenever they change.
 * - Of a container that started, waiting for its creation is left out; of conditions that became true, their being false before; and of
 *   those of a pod that ended, that its containers were not ready before.
 * - With `endOrder`, the subject "end order" tells which of the containers of the last version ended well after which others.
 * - Events are a set of type, reason and place, without counts; what is not from the kubelet is left out.
 */
export function traceOf(versions: readonly Pod[], events: readonly Event[], options: TraceOptions = {}): Trace {
  const trace = new Map<string, readonly string[]>();
  trace.set("phase", changes(versions.map(({ status }) => joined(status?.phase, status?.reason))));
  for (const [type, seen] of conditionsOf(versions)) trace.set(`condition ${type}`, seen);
  const last = versions.at(-1);
  trace.set("status fields", fieldsOf(last?.status ?? {}));
  if (options.podMessage === true) trace.set("message", last?.status?.message ? [last.status.message] : []);
  for (const kind of statusKinds) {
    const names = new Set(versions.flatMap(({ status }) => (status?.[kind] ?? []).map(({ name }) => name)));
    for (const name of names) {
      const statuses = versions.flatMap(({ status }) => status?.[kind]?.filter((entry) => entry.name === name) ?? []);
      addContainer(trace, name, statuses, options);
    }
  }
  if (options.resources === true) addResources(trace, versions, events);
  if (options.endOrder === true) trace.set("end order", endOrderOf(last?.status ?? {}));
  trace.set("events", eventsOf(events));
  if (options.eventCounts === true) addEventCounts(trace, events);
  for (const [container, text] of Object.entries(options.logs ?? {})) trace.set(`log ${container}`, text.split("\n"));
  return trace;
}

function conditionsOf(versions: readonly Pod[]): Map<string, string[]> {
  const byType = new Map<string, PodCondition[]>();
  for (const condition of versions.flatMap(({ status }) => status?.conditions ?? [])) {
    const seen = byType.get(condition.type);
    if (seen === undefined) byType.set(condition.type, [condition]);
    else seen.push(condition);
  }
  const result = new Map<string, string[]>();
  for (const [type, all] of byType) {
    const started = startConditions.has(type) ? all.findIndex(({ status }) => status === "True") : 0;
    const relevant = all.slice(Math.max(started, 0));
    const seen = new Set(relevant.map(({ status, reason }) => joined(status, reason)));
    if (startConditions.has(type) && [...seen].some((fact) => ends.has(fact))) seen.delete("False ContainersNotReady");
    result.set(type, [...seen]);
  }
  return result;
}

function addContainer(
  trace: Map<string, readonly string[]>,
  name: string,
  statuses: readonly ContainerStatus[],
  { messages = false, maxRestarts = Number.POSITIVE_INFINITY, waitingMessages }: TraceOptions,
): void {
  const instances = new Set<string>();
  const waiting = new Set<string>();
  for (const { restartCount, state, lastState } of statuses) {
    // The count rises when the next instance starts: what waits for that shows the present one as its last.
    const last = state?.waiting === undefined ? restartCount - 1 : restartCount;
    if (lastState?.terminated !== undefined && last <= maxRestarts)
      addEnd(instances, last, lastState.terminated, messages);
    if (state?.waiting?.reason !== undefined)
      waiting.add(joined(state.waiting.reason, waitingMessages?.exec(state.waiting.message ?? "")?.[0]));
    if (restartCount > maxRestarts) continue;
    if (state?.running !== undefined) instances.add(`#${restartCount} running`);
    if (state?.terminated !== undefined) addEnd(instances, restartCount, state.terminated, messages);
  }
  if (instances.size > 0) waiting.delete("ContainerCreating");
  trace.set(`container ${name}`, [...instances]);
  trace.set(`container ${name} waiting`, [...waiting]);
  const last = statuses.at(-1);
  trace.set(`container ${name} flags`, [`ready ${last?.ready}`, `started ${last?.started}`]);
  trace.set(`container ${name} fields`, fieldsOf(last ?? {}));
  if (last?.stopSignal !== undefined) trace.set(`container ${name} stop signal`, [last.stopSignal]);
}

/** What the pod and its containers have in the end, and what was said on the way there. */
function addResources(trace: Map<string, readonly string[]>, versions: readonly Pod[], events: readonly Event[]): void {
  const { metadata, status } = versions.at(-1) ?? {};
  const amounts = ({ resources, allocatedResources }: Pick<ContainerStatus, "resources" | "allocatedResources">) => [
    `resources ${sortedJson(resources)}`,
    `allocated ${sortedJson(allocatedResources)}`,
  ];
  trace.set("resources", amounts(status ?? {}));
  for (const entry of statusKinds.flatMap((kind) => status?.[kind] ?? []))
    trace.set(`container ${entry.name} resources`, amounts(entry));
  trace.set("observed generation", [status?.observedGeneration === metadata?.generation ? "current" : "behind"]);
  const resizing = (status?.conditions ?? []).filter(({ type }) => type.startsWith("PodResize"));
  trace.set(
    "resize conditions",
    resizing.map(({ type, reason, message, observedGeneration }) =>
      joined(type, reason, message, observedGeneration === metadata?.generation ? "current" : "behind"),
    ),
  );
  const said = events
    .filter(({ reason }) => reason?.startsWith("Resize"))
    .map(({ reason, message }) => joined(reason, message));
  trace.set("resize events", [...new Set(said)].toSorted());
}

function addEnd(
  instances: Set<string>,
  instance: number,
  terminated: NonNullable<NonNullable<ContainerStatus["state"]>["terminated"]>,
  messages: boolean,
): void {
  const { exitCode, reason, signal, startedAt, message } = terminated;
  // A time that is none stands for a container that was never started.
  if (startedAt !== undefined && Date.parse(startedAt) > 0) instances.add(`#${instance} running`);
  const signalText = signal === undefined ? undefined : `signal ${signal}`;
  const messageText = messages ? JSON.stringify(message ?? "") : undefined;
  instances.add(joined(`#${instance} terminated`, reason, String(exitCode), signalText, messageText));
}

/** Containers by when they ended, those in one text that did so in less than 2 s after one another. */
function endOrderOf(status: PodStatus): string[] {
  const ended = statusKinds
    .flatMap((kind) => status[kind] ?? [])
    .map(({ name, state }) => ({ name, atMs: Date.parse(state?.terminated?.finishedAt ?? "") }))
    .toSorted((a, b) => a.atMs - b.atMs);
  const groups: string[][] = [];
  for (const [index, { name, atMs }] of ended.entries()) {
    const before = ended[index - 1];
    if (before !== undefined && atMs - before.atMs < laterMs) groups.at(-1)?.push(name);
    else groups.push([name]);
  }
  return groups.map((names) => names.toSorted().join(" and "));
}

function ownOf(events: readonly Event[]): Event[] {
  return events.filter(({ source, reportingComponent }) => (source?.component ?? reportingComponent) === "kubelet");
}

/** In how many objects an event is told, whether one of them is counted, and what fields it has. */
function addEventCounts(trace: Map<string, readonly string[]>, events: readonly Event[]): void {
  const groups = Map.groupBy(ownOf(events), ({ type, reason }) => joined(type, reason));
  const told = [...groups].map(([name, group]) =>
    joined(`${name} in ${group.length}`, group.some(({ count = 1 }) => count > 1) ? "counted" : undefined),
  );
  trace.set("event counts", told.toSorted());
  trace.set("event fields", [...new Set(ownOf(events).map((event) => fieldsOf(event).join(" ")))].toSorted());
}

function eventsOf(events: readonly Event[]): string[] {
  const own = ownOf(events);
  const texts = own.map(({ type, reason, involvedObject }) => joined(type, reason, involvedObject.fieldPath));
  return [...new Set(texts)].toSorted();
}

function fieldsOf(object: object): string[] {
  return Object.entries(object)
    .filter(([, value]) => value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0))
    .map(([name]) => name)
    .toSorted();
}

function sortedJson(value: object | undefined): string {
  return JSON.stringify(value ?? {}, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([left], [right]) => left.localeCompare(right)))
      : part,
  );
}

function changes(texts: readonly string[]): string[] {
  return texts.filter((text, index) => text !== texts[index - 1]);
}

function joined(...words: readonly (string | undefined)[]): string {
  return words.filter((word) => word !== undefined && word !== "").join(" ");
}
