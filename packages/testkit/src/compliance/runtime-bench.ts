import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ContainerConfig, ContainerStatus, PodSandboxConfig, Runtime, RuntimeEvent } from "@wherry/runtime";
import { containerConfig, podSandboxConfig } from "../pods/runtime-configs.ts";
import { eventually } from "../processes/peer-process.ts";
import type { RuntimeSubject } from "./runtime-subject.ts";
import type { Workload } from "./workload.ts";

/** Makes sandboxes and containers of a subject for the tests of one suite. */
export class RuntimeBench {
  readonly subject: RuntimeSubject;
  #count = 0;

  constructor(subject: RuntimeSubject) {
    this.subject = subject;
  }

  get runtime(): Runtime {
    return this.subject.runtime;
  }

  can(workload: Workload): boolean {
    return this.subject.workload(workload) !== undefined;
  }

  sandboxConfig(changes: Partial<PodSandboxConfig> = {}): PodSandboxConfig {
    const name = `pod-${++this.#count}`;
    return podSandboxConfig({
      metadata: { name, namespace: "default", uid: `uid-${name}`, attempt: 0 },
      hostname: name,
      logDirectory: join(this.subject.logsDirectory, name),
      labels: { app: name },
      annotations: { note: "kept" },
      ...changes,
    });
  }

  containerConfig(workload: Workload, changes: Partial<ContainerConfig> = {}): ContainerConfig {
    const { name = "main" } = changes;
    return containerConfig({
      image: { image: this.subject.image, runtimeHandler: "" },
      labels: { container: name },
      annotations: { note: "kept" },
      ...this.subject.workload(workload),
      ...changes,
    });
  }

  /** A sandbox with one container that has started. */
  async start(
    workload: Workload,
    changes: Partial<ContainerConfig> = {},
  ): Promise<{ readonly sandbox: string; readonly container: string; readonly config: PodSandboxConfig }> {
    const config = this.sandboxConfig();
    const sandbox = await this.runtime.runPodSandbox(config);
    const container = await this.runtime.createContainer(sandbox, this.containerConfig(workload, changes));
    await this.runtime.startContainer(container);
    return { sandbox, container, config };
  }

  /** The container's status once it has ended. */
  async exited(id: string): Promise<ContainerStatus> {
    let status = await this.runtime.containerStatus(id);
    await eventually(`The end of container ${id}`, async () => {
      status = await this.runtime.containerStatus(id);
      return status.state === "exited";
    });
    return status;
  }

  /** What a container prints, and its exit code. */
  async outcome(changes: Partial<ContainerConfig>): Promise<{ readonly exitCode: number; readonly output: string }> {
    const { container } = await this.start({ kind: "exit", code: 0 }, changes);
    const { exitCode, logPath } = await this.exited(container);
    const lines = (await readFile(logPath, "utf8")).trimEnd().split("\n");
    return { exitCode, output: lines.map((line) => line.split(" ").slice(3).join(" ")).join("\n") };
  }

  /** Removes every sandbox, as a test's end. */
  async clear(): Promise<void> {
    for (const { id } of await this.runtime.listPodSandboxes()) await this.runtime.removePodSandbox(id);
  }

  /** Follows events from the call on; `seen` has those about one sandbox, as `type` or `type container`. */
  follow(): { readonly seen: (sandbox: string) => readonly string[]; readonly end: () => Promise<void> } {
    const stop = new AbortController();
    const events: RuntimeEvent[] = [];
    const stream = this.runtime.events({ signal: stop.signal });
    const running = (async () => {
      for await (const event of stream) if (event.type !== "overflow") events.push(event);
    })();
    return {
      seen: (sandbox) =>
        events
          .filter(({ sandboxId }) => sandboxId === sandbox)
          .map(({ type, containerId }) => (containerId === undefined ? type : `${type} ${containerId}`)),
      async end() {
        stop.abort();
        await running;
      },
    };
  }
}
