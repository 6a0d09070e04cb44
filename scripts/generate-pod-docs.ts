// Writes docs/pod-lifecycle.md and docs/pod-fields.md from the tables the standard provider runs by.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { podEdges, podFieldTable, podStateDescriptions, standardMachine } from "@wherry/kubelet";
import { toMermaid } from "@wherry/machine";

const generated = "<!-- Written by scripts/generate-pod-docs.ts; do not edit. -->";

/** The picture of the standard provider's state machine, with what happens in each state. */
export function podLifecyclePage(): string {
  const rows = Object.keys(podEdges).map(
    (state) => `| \`${state}\` | ${podStateDescriptions[state as keyof typeof podEdges]} |`,
  );
  return [
    generated,
    "# The life of a pod",
    "",
    "The standard provider takes every pod through this state machine. Deletion, eviction and a passed",
    "`activeDeadlineSeconds` take the edge to `stopping` from any state; a restarted kubelet begins at `registered` again,",
    "finds what runs, and goes on from there.",
    "",
    "```mermaid",
    toMermaid(standardMachine).trimEnd(),
    "```",
    "",
    "| state | what happens |",
    "| --- | --- |",
    ...rows,
    "",
    "Every state is tried again when it fails. What has no event of its own, such as a runtime that does not list its containers, is",
    "a Warning `FailedSync` with the error's words, the same once a minute at most.",
    "",
    ...restartOfAll,
    "",
    ...lostSandbox,
    "",
    ...fullNode,
    "",
  ].join("\n");
}

const restartOfAll = [
  "## A restart of all containers",
  "",
  "A container whose exit matches a rule with the action `RestartAllContainers` (KEP-5532) takes the pod to `restarting`. What runs of its",
  "init and app containers gets its stop signal at once, without preStop hooks and with 2 s at most, and all of them are removed. Then the",
  "pod is initialised again in the same sandbox: its UID, addresses, volumes and debug containers stay. Without dead instances there is",
  "nothing to back off from, so that a pod may do this once a second, and `kubectl logs --previous` finds nothing; restart counts of what had",
  "been started go up by one.",
  "",
  "While that lasts the condition `AllContainersRestarting` is True. What was removed waits with the reason `RestartingAllContainers`, which is",
  "also its last state from then on, with exit code 137 however it ended. Of a pod with init containers the phase is Pending until an app",
  "container has begun again.",
  "",
  "The container whose exit asked for it is removed last. A restarted kubelet that finds it does the rest; one that finds it gone goes by",
  "the condition, so that what was removed does not count as lost; only where the API server has not heard of it either, it does.",
  "",
  "Otherwise than upstream, containers are stopped together instead of one after another.",
];

const lostSandbox = [
  "## A lost sandbox",
  "",
  "A pod whose sandbox is lost gets another one, unless it never restarts, and begins again with its init containers. With `OnFailure` the API",
  "server lets no status say of an init container that has succeeded that it runs again, and would refuse the whole status. So it is shown as it",
  "ended until it ends again, and the rest of the status, such as that the pod is not ready, is up to date; upstream writes nothing meanwhile.",
];

const fullNode = [
  "## On a full node",
  "",
  "A pod for which the others leave too little is refused (`OutOfcpu`, `OutOfpods` and so on), unless it is critical: a static pod,",
  "or one with a priority of 2000000000 or more (`system-node-critical`, `system-cluster-critical`). Where a critical pod lacks",
  "nothing but resources, others end for it: those that are not critical, or of less priority. The choice is upstream's:",
  "burstable pods only for what all best-effort ones together cannot give, guaranteed pods only for what those leave, and of each",
  "class as few and as small ones as possible.",
  "",
  "They end by their own grace period, `Failed` with reason `Preempting`, an event that says so and the condition",
  "`DisruptionTarget`; the metric `kubelet_preemptions` counts them by the resource that was short. The critical pod starts when",
  "all of them have ended, and shows nothing before. What comes meanwhile may have what is left, and waits as well where it needs it.",
  "If all that may end would not be enough, nobody does, and the pod is refused with `UnexpectedAdmissionError`.",
  "",
  "Otherwise than upstream: pods end together instead of one after another; a critical pod waits for as long as they take, where",
  "upstream starts it beside one that has not ended after one and a half grace periods; a pod whose deletion gave it more time than it",
  "gives itself loses that; and nobody ends for the resize of a critical pod, which waits as any other (`Deferred`).",
  "",
  "A pod that was deleted by force may take a moment to end. What needs its room, such as the pod that takes its name, waits for",
  "that moment; upstream starts it beside the other.",
  "",
  "A restarted kubelet asks anew whether the node takes its pods, those that run first. What the API shows of the others may be out of date by",
  "then: a pod that has ended, but whose end was not written, holds no room, and one that took its place is not refused for its sake. So",
  "a pod that lacks only the room of pods nobody has looked at yet waits for that look, a quarter of a minute at most. What the node told a",
  "pod to end for, such as an eviction, is forgotten where the API server could not be told before the restart, as upstream forgets it.",
];

/** The table of every field of a pod's spec. */
export function podFieldsPage(): string {
  const rows = podFieldTable
    .filter(({ path, verdict }) => {
      const inContainers = path.replace(/^(init|ephemeral)Containers\[\]/, "containers[]");
      const same = (rule: (typeof podFieldTable)[number]) => rule.path === inContainers && rule.verdict === verdict;
      return path === inContainers || !podFieldTable.some(same);
    })
    .map(({ path, verdict, why, when, unless, able }) => {
      if (unless !== undefined) return `| \`${path}\` | honoured (by runtime) | ${able} |`;
      const note = verdict === "refused" && when !== undefined ? " (by value)" : "";
      return `| \`${path}\` | ${verdict}${note} | ${why} |`;
    });
  return [
    generated,
    "# Fields of a pod",
    "",
    "What the standard provider makes of each field below `spec`. A **refused** field ends the pod with phase `Failed`, reason",
    "`UnsupportedField` and a message that names the field; **ignored** ones cannot matter to a WebAssembly guest on this node.",
    "What is honoured **by runtime** is refused where the runtime cannot do it; the WebAssembly runtime can.",
    "A rule holds for everything below its path unless a deeper one says otherwise; `containers[]` stands for",
    "`initContainers[]` and `ephemeralContainers[]` too. An ephemeral container with a refused field leaves the pod as it is: it",
    "alone waits for ever, with reason `UnsupportedField`.",
    "",
    "| field | verdict | why |",
    "| --- | --- | --- |",
    ...rows,
    "",
    ...otherwise,
    "",
  ].join("\n");
}

const otherwise = [
  "## Otherwise than upstream",
  "",
  "| field | here | upstream's kubelet |",
  "| --- | --- | --- |",
  "| `metadata.annotations` in environment and volumes | those of the API | adds `kubernetes.io/config.source: api` and `kubernetes.io/config.seen`, when it saw the pod first since its start; both know them of static pods |",
  "| `env[].valueFrom.fileKeyRef`, a file with `NAME=''` or `NAME= 'value'` | the variable is empty | does not find the key |",
  "| `env[].valueFrom.fileKeyRef` with `optional`, no such file | the variable is not set | CreateContainerConfigError until the file is there |",
  "| `containers[].resources.limits.memory`, more than that | the guest is told that it gets no more, and most then end by themselves: reason `Error` and the exit code of their own doing. Over the limits of the pod as a whole it is `OOMKilled` | `OOMKilled`, exit code 137 |",
  "| `containers[].terminationMessagePath` below a volume | nothing but that container sees the file | an empty file of that name stays in the volume |",
];

if (import.meta.main) {
  const docs = join(import.meta.dirname, "../docs");
  await writeFile(join(docs, "pod-lifecycle.md"), podLifecyclePage());
  await writeFile(join(docs, "pod-fields.md"), podFieldsPage());
}
