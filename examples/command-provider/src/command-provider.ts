import { rm } from "node:fs/promises";
import { arch } from "node:os";
import { dirname, join } from "node:path";
import {
  type ContainerLog,
  type ContainerTarget,
  type KubeletServices,
  type LogRefusal,
  type NodePlatform,
  type PodRefusal,
  type Provider,
  refuseFields,
} from "@wherry/kubelet";
import type { Pod } from "@wherry/kubernetes";
import { type commandEdges, commandMachine } from "./command-machine.ts";
import { CommandStore, containerId } from "./command-store.ts";
import { commandFieldRules } from "./field-rules.ts";
import { type CommandOptions, PodCommands } from "./pod-commands.ts";

export interface CommandProviderOptions {
  /** Directory of the provider's own. */
  readonly directory: string;
  readonly maxRestartDelayMs: number;
  /** `PATH` of commands that name none. @default "/usr/local/bin:/usr/bin:/bin" */
  readonly searchPath?: string | undefined;
}

export type CommandProvider = Provider<typeof commandEdges, PodCommands>;

/** Names of Kubernetes for the architecture of this machine; only pods that ask for commands find the node. */
export const commandPlatform: NodePlatform = {
  os: "linux",
  arch: arch() === "x64" ? "amd64" : arch(),
  taints: [{ key: "example.com/commands", value: "true", effect: "NoSchedule" }],
};

/**
 * Runs pods as commands on the node: `command` and `args` of a container are a process without a shell, with the user, the files and
 * the network of the kubelet; `image` is only a label. Not for commands of people who are not trusted with the node.
 */
export function createCommandProvider(services: KubeletServices, options: CommandProviderOptions): CommandProvider {
  const { directory, maxRestartDelayMs, searchPath = "/usr/local/bin:/usr/bin:/bin" } = options;
  const store = new CommandStore(directory, services.clock);
  const shared: CommandOptions = { services, store, maxRestartDelayMs, searchPath };
  const pods = new Map<string, PodCommands>();

  return {
    name: "command",
    machine: commandMachine,
    stopping: "stopping",

    nodeDetails: async () => ({ architecture: commandPlatform.arch, runtimeVersion: "command://1.0.0" }),

    admit: refuse,

    createContext(handle) {
      pods.get(handle.uid)?.close();
      const pod = new PodCommands(handle, shared);
      pods.set(handle.uid, pod);
      handle.onChange(() => pod.wakeup.raise());
      return pod;
    },

    listPods: () => store.pods(),

    async removePod(podUid) {
      const logs = (await store.instances(podUid)).map(({ logPath }) => dirname(dirname(logPath)));
      await store.remove(podUid);
      for (const path of new Set(logs)) await rm(path, { recursive: true, force: true });
      pods.get(podUid)?.close();
      pods.delete(podUid);
    },

    containerLog: async (target, { previous }) => containerLog(pods.get(target.podUid), target, previous),

    activeLogs: () =>
      [...pods.values()].flatMap(({ handle, instances }) =>
        instances
          .filter(({ running, exit }) => running !== undefined && exit === undefined)
          .map((instance) => ({ containerId: containerId(handle.uid, instance), path: instance.logPath })),
      ),

    // The supervisor's log finds out by itself.
    reopenLog: async () => undefined,
  };
}

/** Where the provider keeps its state below the kubelet's root directory. */
export function commandDirectory(rootDirectory: string): string {
  return join(rootDirectory, "commands");
}

function refuse(pod: Pod): PodRefusal | undefined {
  const refused = refuseFields(pod, commandFieldRules);
  if (refused !== undefined) return refused;
  const { initContainers = [], containers = [] } = pod.spec ?? {};
  const empty = [...initContainers, ...containers].find(
    ({ command = [], args = [] }) => command.length + args.length === 0,
  );
  if (empty === undefined) return undefined;
  const message = `container ${JSON.stringify(empty.name)} has no command, and an image gives it none here`;
  return { reason: "CommandMissing", message };
}

function containerLog(
  pod: PodCommands | undefined,
  { container }: ContainerTarget,
  previous: boolean,
): ContainerLog | LogRefusal {
  const { initContainers = [], containers = [] } = pod?.handle.pod.spec ?? {};
  const title = `container ${JSON.stringify(container)} in pod ${JSON.stringify(pod?.handle.pod.metadata?.name ?? "")}`;
  if (pod === undefined || ![...initContainers, ...containers].some(({ name }) => name === container))
    return { status: 404, message: `${title} is not available` };
  const all = pod.of(container);
  const started = all.filter(({ running, exit }) => running !== undefined || exit !== undefined);
  // While a container waits for its restart or is only starting, the instance that ended last is the one before.
  const isNewest = started[0] === all[0] && !pod.waiting.has(container);
  const instance = started[previous && isNewest ? 1 : 0];
  if (instance === undefined)
    return { status: 400, message: `${title} ${previous ? "has no previous instance" : "is waiting to start"}` };
  const isRunning = () =>
    pod.instances.some(({ directory, exit }) => directory === instance.directory && exit === undefined);
  return {
    containerId: containerId(pod.handle.uid, instance),
    path: instance.logPath,
    isRunning,
    async ended(signal) {
      while (isRunning()) await pod.refreshed(signal);
    },
  };
}
