/**
 * The life of a pod. Every state in which a pod lives has an edge to `stopping`, which deletion, eviction and a passed deadline
 * take at any time.
 */
export const podEdges = {
  /** Finds out what the runtime already has of the pod, and how it is to run. */
  registered: ["mounting", "refused", "stopping"],
  /** The node cannot run the pod. */
  refused: ["stopping"],
  /** Makes volumes ready. */
  mounting: ["sandboxing", "stopping"],
  /** Makes a sandbox, or takes over the one that is there. */
  sandboxing: ["initializing", "stopping"],
  /** Runs init containers in order and starts sidecars. */
  initializing: ["running", "sandboxing", "stopping"],
  /** Starts containers, and starts them again by their policy. */
  running: ["sandboxing", "stopping"],
  /** Stops containers in their order, then the sandbox. */
  stopping: ["releasing"],
  /** Nothing runs any more: publishes the end and gives volumes back. */
  releasing: ["finished"],
  finished: [],
} as const;
