import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { dirname, join } from "node:path";
import type { KubeletConfiguration } from "@wherry/kubelet";
import type { Pod } from "@wherry/kubernetes";
import type { TestControlPlane } from "../control-planes/test-control-plane.ts";
import { LoggedProcess } from "../processes/logged-process.ts";
import { wherryProgram } from "../processes/source-program.ts";

export interface TestNodeOptions {
  /** Directory for the node's state and logs, made by the caller and removed after. */
  readonly directory: string;
  readonly plane: TestControlPlane;
  readonly name: string;
  /** Merged over what a test needs anyway: free ports, short restart delays. */
  readonly configuration?: KubeletConfiguration | undefined;
  /** Further flags of `wherry kubelet`. */
  readonly flags?: readonly string[] | undefined;
  /** @default a directory below `directory` */
  readonly rootDirectory?: string | undefined;
}

/** The host process of a container as the engine noted it. */
export interface HostProcessNote {
  /** Of the container. */
  readonly containerId: string;
  readonly sandboxId: string;
  readonly pid: number;
}

/** `wherry kubelet` in a process of its own, from source; its log is `NAME.log` in the directory. */
export class TestNode implements AsyncDisposable {
  readonly name: string;
  readonly rootDirectory: string;
  readonly podLogsDirectory: string;
  readonly #options: TestNodeOptions;
  #process: LoggedProcess | undefined;

  constructor(options: TestNodeOptions) {
    this.#options = options;
    this.name = options.name;
    this.rootDirectory = options.rootDirectory ?? join(options.directory, `${options.name}-root`);
    this.podLogsDirectory = join(options.directory, `${options.name}-logs`);
  }

  /** Resolves when the node is registered and answers. */
  async start(): Promise<void> {
    await this.launch();
    await this.registered();
  }

  /** Answers the port of its HTTPS API when the process that runs now has said that the node is registered. */
  registered(): Promise<number> {
    const said = (line: string) => {
      const port = /Node is registered .*port=(\d+)/.exec(line)?.[1];
      return port === undefined ? undefined : Number(port);
    };
    return this.process.line("that the node is registered", said);
  }

  /** Starts the process and does not wait for anything. */
  async launch(): Promise<LoggedProcess> {
    const { directory, plane, configuration, flags = [] } = this.#options;
    await mkdir(this.podLogsDirectory, { recursive: true });
    const configPath = join(directory, `${this.name}-config.json`);
    const address = nodeAddress();
    const document: KubeletConfiguration = {
      apiVersion: "kubelet.config.k8s.io/v1beta1",
      kind: "KubeletConfiguration",
      address,
      healthzPort: 0,
      authentication: { x509: { clientCAFile: plane.kubeletClientCaPath } },
      crashLoopBackOff: { maxContainerRestartPeriod: "1s" },
      podLogsDir: this.podLogsDirectory,
      ...configuration,
    };
    await writeFile(configPath, JSON.stringify(document));
    const kubeconfig = await plane.nodeKubeconfig(this.name);
    this.#process = await LoggedProcess.start({
      name: `node "${this.name}"`,
      logPath: this.logPath,
      ...wherryProgram(
        "kubelet",
        `--kubeconfig=${kubeconfig}`,
        `--config=${configPath}`,
        `--hostname-override=${this.name}`,
        `--node-ip=${address}`,
        "--port=0",
        `--root-dir=${this.rootDirectory}`,
        ...flags,
      ),
    });
    return this.#process;
  }

  get logPath(): string {
    return join(this.#options.directory, `${this.name}.log`);
  }

  get process(): LoggedProcess {
    if (this.#process === undefined) throw new Error(`Node "${this.name}" has not been started`);
    return this.#process;
  }

  /** Ends the node without grace; pods go on. */
  async kill(): Promise<void> {
    await this.process.stop("SIGKILL");
  }

  /** Ends the kubelet, while pods go on, lets `whileAway` do what it wants, and starts it again. */
  async restart(signal: NodeJS.Signals = "SIGTERM", whileAway?: () => Promise<void>): Promise<void> {
    await this.process.stop(signal);
    await whileAway?.();
    await this.start();
  }

  /** The host processes that the engine of this node has given to containers which have not exited as far as it is noted. */
  hosts(): readonly HostProcessNote[] {
    const directory = join(this.rootDirectory, "engine/sandboxes");
    return list(directory).flatMap((sandboxId) => {
      const guests = join(directory, sandboxId, "guests");
      return list(guests).flatMap((containerId) => {
        const guest = readJson(join(guests, containerId, "guest.json")) as { state?: string } | undefined;
        const process = readJson(join(guests, containerId, "process.json")) as { pid: number } | undefined;
        if (process === undefined || guest?.state === "exited") return [];
        return { containerId, sandboxId, pid: process.pid };
      });
    });
  }

  /** The host process of a pod's container, the first unless named, by the container IDs in its status; throws when there is none. */
  hostOf(pod: Pod, container?: string): HostProcessNote {
    const host = this.findHost(pod, container);
    if (host === undefined) throw new Error(`Cannot find the host process of pod "${pod.metadata?.name}"`);
    return host;
  }

  /** As `hostOf`, undefined where there is none. */
  findHost(pod: Pod, container?: string): HostProcessNote | undefined {
    const statuses = pod.status?.containerStatuses ?? [];
    const status = container === undefined ? statuses[0] : statuses.find(({ name }) => name === container);
    const id = status?.containerID?.replace(/^\w+:\/\//, "");
    return this.hosts().find(({ containerId }) => containerId === id);
  }

  /** Where a volume of a pod is, named as `kubernetes.io~secret/NAME`: on disk, or in memory if it holds what may be secret. */
  volumePath(pod: Pod, volume: string): string {
    const below = join("pods", pod.metadata?.uid ?? "", "volumes", volume);
    const paths = [this.rootDirectory, this.#memoryDirectory()].map((directory) => join(directory, below));
    const path = paths.find((candidate) => existsSync(candidate));
    if (path === undefined)
      throw new Error(
        `Cannot find volume "${volume}" of pod "${pod.metadata?.name}": neither of ${paths.join(", ")} exists`,
      );
    return path;
  }

  /** Ends the node, and what it left running for its next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.stop();
    for (const { containerId, pid } of this.hosts()) {
      try {
        // The number may be another process's by now; the title of a host tells whose it is.
        if (readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith(`wherry-host ${containerId}`))
          process.kill(pid, "SIGKILL");
      } catch {
        // Ended already.
      }
    }
    await rm(this.#memoryDirectory(), { recursive: true, force: true });
  }

  /** What the node keeps in memory beside its root directory: the parent of where its engine's directory leads. */
  #memoryDirectory(): string {
    try {
      return dirname(readlinkSync(join(this.rootDirectory, "engine")));
    } catch {
      return join(this.rootDirectory, "engine");
    }
  }
}

/** An address of this machine that a node may have: one that others can reach, loopback where there is no other. */
export function nodeAddress(): string {
  const entries = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const outer = entries.find(
    (entry) => entry.family === "IPv4" && !entry.internal && !entry.address.startsWith("169.254."),
  );
  return outer?.address ?? "127.0.0.1";
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
