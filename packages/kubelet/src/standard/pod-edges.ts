/**
 * The life of a pod as data. Every state in which a pod lives has an edge to `stopping`, which deletion, eviction and a passed
 * deadline take at any time.
 */
export const podEdges = {
  registered: ["mounting", "refused", "stopping"],
  refused: ["stopping"],
  mounting: ["sandboxing", "stopping"],
  sandboxing: ["initializing", "stopping"],
  initializing: ["running", "restarting", "sandboxing", "stopping"],
  running: ["restarting", "sandboxing", "stopping"],
  restarting: ["initializing", "stopping"],
  stopping: ["releasing"],
  releasing: ["finished"],
  finished: [],
} as const;

/** What happens in each state, for people. */
export const podStateDescriptions: Readonly<Record<keyof typeof podEdges, string>> = {
  registered: "Finds out what the runtime already has of the pod, and which runtime handler it is to run with.",
  refused: "The node cannot run the pod; its reason is published at the end.",
  mounting: "Makes volumes ready; tried again with back-off, each failure a `FailedMount` event.",
  sandboxing: "Makes a sandbox, or takes over the one that is there; one that was lost is replaced (`SandboxChanged`).",
  initializing: "Runs init containers in order and starts sidecars; the next one waits for a sidecar's startup probe.",
  running:
    "Starts containers, stops those whose probe failed, and starts them again by their policy with crash back-off; sleeps while nothing changes.",
  restarting:
    "A container ended by a rule with `RestartAllContainers`: kills and removes all init and app containers, for which the pod begins again in its sandbox.",
  stopping:
    "Runs preStop hooks and stops containers (sidecars last, in reverse order) within the grace period, then the sandbox.",
  releasing: "Nothing runs any more: publishes the terminal phase and gives volumes back.",
  finished: "The end; dead containers and logs stay until the object is gone.",
};
