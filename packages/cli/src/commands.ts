import type { CommandEntry } from "./command.ts";

/** All commands, in the order of the help. */
export const commands: readonly CommandEntry[] = [
  {
    name: "up",
    summary: "Starts an embedded control plane and a node on this machine",
    load: async () => (await import("./commands/up.ts")).upCommand,
  },
  {
    name: "kubelet",
    summary: "Joins a cluster as a node that runs WebAssembly pods",
    load: async () => (await import("./commands/kubelet.ts")).kubeletCommand,
  },
  {
    name: "run",
    summary: "Runs a WebAssembly module file or an image, and exits as its guest did",
    load: async () => (await import("./commands/run.ts")).runCommand,
  },
  {
    name: "push",
    summary: "Pushes a WebAssembly module to a registry as an OCI artifact",
    load: async () => (await import("./commands/push.ts")).pushCommand,
  },
  {
    name: "pull",
    summary: "Pulls an image into the local content store",
    load: async () => (await import("./commands/pull.ts")).pullCommand,
  },
  {
    name: "version",
    summary: "Prints the versions of Wherry and of the Node it runs on",
    load: async () => (await import("./commands/version.ts")).versionCommand,
  },
];
