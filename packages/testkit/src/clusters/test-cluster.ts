import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createClient, type KubernetesClient, loadClusterConfig, resources } from "@wherry/client";
import type { KubeletConfiguration } from "@wherry/kubelet";
import type { Container, Pod, PodSpec } from "@wherry/kubernetes";
import { startEmbeddedControlPlane } from "../control-planes/embedded-control-plane.ts";
import { startTestControlPlane } from "../control-planes/start-test-control-plane.ts";
import type { TestControlPlane } from "../control-planes/test-control-plane.ts";
import { workloadKit } from "../modules/assembly-script.ts";
import { TestNode } from "../nodes/test-node.ts";
import { type ContainerTemplate, wasmPod } from "../pods/wasm-pod.ts";
import { FakeRegistry } from "../registries/fake-registry.ts";
import { KubernetesObserver } from "./kubernetes-observer.ts";

export interface TestClusterOptions {
  /** `configured` is the one this run tests against, as `startTestControlPlane` has it. @default "configured" */
  readonly plane?: "configured" | "embedded";
  /** Names of further nodes that tests may start themselves; every pod then has to say which node it is for. */
  readonly furtherNodes?: readonly string[];
  readonly configuration?: KubeletConfiguration;
  readonly flags?: readonly string[];
  /** As `startTestControlPlane` has it. @default false */
  readonly certificateApis?: boolean;
}

/** What `kubectl logs` can ask for. */
export interface LogQuery {
  readonly container?: string;
  readonly follow?: boolean;
  readonly previous?: boolean;
  readonly timestamps?: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  readonly sinceSeconds?: number;
  readonly sinceTime?: string;
}

interface Parts {
  readonly directory: string;
  readonly plane: TestControlPlane;
  readonly node: TestNode;
  readonly registry: FakeRegistry;
  readonly client: KubernetesClient;
  readonly observer: KubernetesObserver;
  readonly kit: string;
  readonly hasFurtherNodes: boolean;
  readonly owned: AsyncDisposableStack;
}

const namespace = "default";

/** A control plane, a node and a registry, each in a state of its own that goes with it. */
export class TestCluster implements AsyncDisposable {
  readonly directory: string;
  readonly plane: TestControlPlane;
  readonly node: TestNode;
  readonly registry: FakeRegistry;
  /** Has all rights and no rate limit. */
  readonly client: KubernetesClient;
  readonly observer: KubernetesObserver;
  /** Reference of the workload kit in the registry. */
  readonly kit: string;
  readonly #hasFurtherNodes: boolean;
  readonly #resources: AsyncDisposableStack;

  private constructor(parts: Parts) {
    this.directory = parts.directory;
    this.plane = parts.plane;
    this.node = parts.node;
    this.registry = parts.registry;
    this.client = parts.client;
    this.observer = parts.observer;
    this.kit = parts.kit;
    this.#hasFurtherNodes = parts.hasFurtherNodes;
    this.#resources = parts.owned;
  }

  /** Resolves when pods can be created. */
  static async start(options: TestClusterOptions = {}): Promise<TestCluster> {
    await using owned = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), "wherry-test-"));
    owned.defer(() => rm(directory, { recursive: true, force: true }));
    const nodeName = "node-1";
    const registry = owned.use(await FakeRegistry.start());
    const module = workloadKit().then((path) => readFile(path));
    const nodeNames = [nodeName, ...(options.furtherNodes ?? [])];
    const startPlane = options.plane === "embedded" ? startEmbeddedControlPlane : startTestControlPlane;
    const { certificateApis = false } = options;
    const plane = owned.use(await startPlane({ directory, nodeNames, controllers: true, certificateApis }));
    const node = owned.use(
      new TestNode({ directory, plane, name: nodeName, configuration: options.configuration, flags: options.flags }),
    );
    const client = createClient(await loadClusterConfig({ paths: [plane.adminKubeconfig] }), { qps: 0 });
    owned.defer(() => client.close());
    const observer = new KubernetesObserver(client, namespace);
    const stop = new AbortController();
    const observing = observer.run(stop.signal);
    owned.defer(async () => {
      stop.abort();
      await observing.catch(() => undefined);
    });
    const [bytes] = await Promise.all([module, node.start(), observer.ready()]);
    registry.addImage("kit", "v1", bytes);
    await observer.untilNode(nodeName, "Ready", (found) =>
      (found.status?.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True"),
    );
    const kit = `${registry.host}/kit:v1`;
    const hasFurtherNodes = nodeNames.length > 1;
    return new TestCluster({
      directory,
      plane,
      node,
      registry,
      client,
      observer,
      kit,
      hasFurtherNodes,
      owned: owned.move(),
    });
  }

  /**
   * Creates a pod of the workload kit, or of the containers given.
   *
   * @throws Error for a pod without `nodeName` in a cluster with further nodes: it might be scheduled to one that another test ends
   */
  async createPod(
    name: string,
    containers: readonly string[] | Partial<Container> | readonly Partial<Container>[],
    spec: Partial<PodSpec> = {},
  ): Promise<Pod> {
    if (this.#hasFurtherNodes && spec.nodeName === undefined) {
      throw new Error(
        `Pod "${name}" has no nodeName: in a cluster with further nodes, name the one that it is to run on`,
      );
    }
    const list = isArguments(containers) ? [{ args: [...containers] }] : [containers].flat();
    const templates = list.map((container) => ({ image: this.kit, ...container }) as ContainerTemplate);
    return this.client.create(resources.pods, wasmPod(name, templates, spec), { namespace });
  }

  async deletePod(name: string, gracePeriodSeconds?: number): Promise<void> {
    await this.client.delete(resources.pods, name, {
      namespace,
      ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    });
  }

  /** The log through the API server; with `follow` it resolves when the server ends it. */
  async log(name: string, query: LogQuery = {}): Promise<string> {
    const parts: Buffer[] = [];
    for await (const part of await this.#logStream(name, query)) parts.push(part as Buffer);
    return Buffer.concat(parts).toString();
  }

  /** The lines of the log as they come; leaving the loop ends the request. */
  async *logLines(name: string, query: LogQuery = {}): AsyncGenerator<string> {
    const stream = await this.#logStream(name, query);
    try {
      yield* createInterface({ input: stream });
    } finally {
      stream.destroy();
    }
  }

  /** Puts a module into the registry and answers its reference. */
  addModule(repository: string, bytes: Uint8Array): string {
    this.registry.addImage(repository, "v1", bytes);
    return `${this.registry.host}/${repository}:v1`;
  }

  /** The ends of the logs of node and control plane, to be shown when a test fails. */
  describeLogs(): string {
    const lines = this.node.process.tail(30).split("\n");
    const text = lines.map((line) => (line.length > 300 ? `${line.slice(0, 300)}…` : line)).join("\n");
    return `--- end of the log of node "${this.node.name}"\n${text}\n${this.plane.describeLogs()}`;
  }

  #logStream(name: string, query: LogQuery): ReturnType<KubernetesClient["stream"]> {
    const text = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]));
    return this.client.stream(`/api/v1/namespaces/${namespace}/pods/${name}/log?${text}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

function isArguments(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string");
}
