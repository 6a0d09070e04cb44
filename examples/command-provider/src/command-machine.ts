import { mkdir } from "node:fs/promises";
import { GraceDeadline, type PodDescription } from "@wherry/kubelet";
import { containerFieldPath, isRestartableInitContainer } from "@wherry/kubernetes";
import type { MachineDefinition, State } from "@wherry/machine";
import type { PodCommands } from "./pod-commands.ts";
import { sendSignal } from "./process-identity.ts";

/** The life of a pod of commands; every state in which it lives has an edge to `stopping`. */
export const commandEdges = {
  adopting: ["preparing", "stopping"],
  preparing: ["running", "stopping"],
  running: ["stopping"],
  stopping: ["finished"],
  finished: [],
} as const;

type Edges = typeof commandEdges;
type PodState<N extends keyof Edges> = State<Edges, N, PodCommands, PodDescription>;

const retry = { backoff: { initialMs: 200, maxMs: 10_000 } };
/** How often is looked without being told: a missed change costs this much time and nothing else. */
const lookEveryMs = 5000;
const killEveryMs = 500;

/** Finds what runs since an earlier life of the kubelet. */
const adopting: PodState<"adopting"> = {
  name: "adopting",
  retry,
  async next(pod) {
    pod.services.objects.registerPod(pod.handle.pod);
    await pod.refresh();
    return "preparing";
  },
};

/** Makes the pod's working directory. */
const preparing: PodState<"preparing"> = {
  name: "preparing",
  retry,
  async next(pod) {
    await mkdir(pod.workingDirectory, { recursive: true, mode: 0o700 });
    return "running";
  },
};

/** Starts what is to run, again and again, and sleeps while there is nothing to do. */
const running: PodState<"running"> = {
  name: "running",
  retry,
  async next(pod, signal) {
    for (;;) {
      pod.wakeup.clear();
      await pod.refresh();
      const { done, start } = pod.plan();
      if (done) return "stopping";
      const before = pod.instances.length + pod.waiting.size;
      for (const container of start) await pod.start(container, signal);
      if (start.length > 0) await pod.refresh();
      // An init container that ended while another was started makes room for the next at once.
      if (start.length > 0 && pod.instances.length + pod.waiting.size !== before) continue;
      await pod.wakeup.wait(pod.handle.clock, signal, Math.min(lookEveryMs, pod.retryInMs ?? lookEveryMs));
    }
  },
};

/** Stops all but sidecars together, then sidecars in reverse order, within one grace period that may get shorter. */
const stopping: PodState<"stopping"> = {
  name: "stopping",
  retry,
  async next(pod, signal) {
    const { handle } = pod;
    const graceMs = () =>
      handle.termination?.gracePeriodMs ?? (handle.pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000;
    const deadline = new GraceDeadline(handle.clock, graceMs());
    const unsubscribe = handle.onChange(() => deadline.shorten(graceMs()));
    pod.waiting.clear();
    try {
      const sidecars = (handle.pod.spec?.initContainers ?? []).filter(isRestartableInitContainer);
      const names = sidecars.map(({ name }) => name).reverse();
      await stop(pod, (name) => !names.includes(name), deadline, signal);
      for (const sidecar of names) await stop(pod, (name) => name === sidecar, deadline, signal);
    } finally {
      unsubscribe();
      deadline.end();
    }
    pod.close();
    pod.services.objects.unregisterPod(handle.uid);
    return "finished";
  },
};

/** Nothing runs any more; logs and exit codes stay until the object is gone. */
const finished: PodState<"finished"> = { name: "finished", next: async () => "done" };

export const commandMachine: MachineDefinition<Edges, PodCommands, PodDescription> = {
  name: "command-pod",
  edges: commandEdges,
  initial: "adopting",
  states: { adopting, preparing, running, stopping, finished },
};

async function stop(
  pod: PodCommands,
  which: (container: string) => boolean,
  deadline: GraceDeadline,
  signal: AbortSignal,
): Promise<void> {
  const { handle } = pod;
  const spec = handle.pod.spec ?? { containers: [] };
  const told = new Set<string>();
  for (;;) {
    pod.wakeup.clear();
    await pod.refresh();
    const left = pod.instances.filter(({ container, exit }) => exit === undefined && which(container));
    if (left.length === 0) return;
    for (const { directory, container, running: note } of left) {
      // One that is only starting is met again once it runs.
      if (note === undefined) continue;
      const kill = deadline.remainingMs === 0;
      if (!kill && told.has(directory)) continue;
      if (!told.has(directory)) {
        const fieldPath = containerFieldPath(spec, container);
        handle.event({ type: "Normal", reason: "Killing", message: `Stopping container ${container}`, fieldPath });
      }
      told.add(directory);
      sendSignal(note.command, kill ? "SIGKILL" : "SIGTERM", { group: true });
    }
    const change = AbortSignal.any([signal, deadline.shortened]);
    await pod.wakeup
      .wait(handle.clock, change, Math.min(lookEveryMs, Math.max(killEveryMs, deadline.remainingMs)))
      .catch(() => signal.throwIfAborted());
  }
}
