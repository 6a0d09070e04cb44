import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "@wherry/base";
import { createClient, type KubernetesClient, loadClusterConfig, resources } from "@wherry/client";
import {
  createKubelet,
  type Kubelet,
  type KubeletServices,
  loadConfiguration,
  type Provider,
  resolveNodeAddresses,
} from "@wherry/kubelet";
import type { Container, Pod, PodSpec } from "@wherry/kubernetes";
import type { EdgeTable } from "@wherry/machine";
import { KubernetesObserver } from "../clusters/kubernetes-observer.ts";
import { startEmbeddedControlPlane } from "../control-planes/embedded-control-plane.ts";
import type { TestControlPlane } from "../control-planes/test-control-plane.ts";
import { nodeAddress } from "../nodes/test-node.ts";
import type { ProviderSubject, ProviderSurroundings } from "./provider-subject.ts";
import type { Workload } from "./workload.ts";

const nodeName = "node-1";
const namespace = "default";

interface Life<E extends EdgeTable, Context> {
  readonly kubelet: Kubelet;
  readonly provider: Provider<E, Context>;
  readonly services: KubeletServices;
  stop(): Promise<void>;
}

export interface ProviderBenchParts<E extends EdgeTable, Context> {
  readonly directory: string;
  readonly plane: TestControlPlane;
  readonly client: KubernetesClient;
  readonly observer: KubernetesObserver;
  readonly subject: ProviderSubject<E, Context>;
  readonly logger: Logger;
}

/** A kubelet in this process with the provider under test, on an embedded control plane; it can end and begin another life. */
export class ProviderBench<E extends EdgeTable, Context> implements AsyncDisposable {
  readonly subject: ProviderSubject<E, Context>;
  readonly client: KubernetesClient;
  readonly observer: KubernetesObserver;
  readonly nodeName: string = nodeName;
  readonly #parts: ProviderBenchParts<E, Context>;
  readonly #owned: AsyncDisposableStack;
  #life: Life<E, Context> | undefined;

  private constructor(parts: ProviderBenchParts<E, Context>, owned: AsyncDisposableStack) {
    this.#parts = parts;
    this.subject = parts.subject;
    this.client = parts.client;
    this.observer = parts.observer;
    this.#owned = owned;
  }

  /** Resolves when the node is registered. */
  static async open<E extends EdgeTable, Context>(
    openSubject: (surroundings: ProviderSurroundings) => Promise<ProviderSubject<E, Context>>,
    logger: Logger,
  ): Promise<ProviderBench<E, Context>> {
    await using owned = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), "wherry-provider-"));
    owned.defer(() => rm(directory, { recursive: true, force: true }));
    const plane = owned.use(await startEmbeddedControlPlane({ directory, nodeNames: [nodeName] }));
    const client = createClient(await loadClusterConfig({ paths: [plane.adminKubeconfig] }), { qps: 0 });
    owned.defer(() => client.close());
    const observer = new KubernetesObserver(client, namespace);
    const stop = new AbortController();
    const observing = observer.run(stop.signal);
    owned.defer(async () => {
      stop.abort();
      await observing.catch(() => undefined);
    });
    const subject = owned.use(await openSubject({ rootDirectory: join(directory, "root") }));
    await observer.ready();
    const bench = new ProviderBench({ directory, plane, client, observer, subject, logger }, owned.move());
    try {
      await bench.start();
    } catch (error) {
      await bench[Symbol.asyncDispose]();
      throw error;
    }
    return bench;
  }

  get provider(): Provider<E, Context> {
    return this.#current.provider;
  }

  get services(): KubeletServices {
    return this.#current.services;
  }

  /** Begins a life of the kubelet; resolves when the node is registered. */
  async start(): Promise<void> {
    const { directory, plane, subject, logger } = this.#parts;
    const address = nodeAddress();
    const { configuration } = await loadConfiguration({
      overrides: {
        address,
        port: 0,
        healthzPort: 0,
        authentication: { x509: { clientCAFile: plane.kubeletClientCaPath } },
        crashLoopBackOff: { maxContainerRestartPeriod: "1s" },
        podLogsDir: join(directory, "logs"),
      },
    });
    const client = createClient(await loadClusterConfig({ paths: [await plane.nodeKubeconfig(nodeName)] }));
    let made: Pick<Life<E, Context>, "provider" | "services"> | undefined;
    const kubelet = createKubelet<E, Context>({
      client,
      nodeName,
      provider: (services) => {
        made = { services, provider: subject.provider(services, configuration) };
        return made.provider;
      },
      configuration,
      rootDirectory: join(directory, "root"),
      certDirectory: join(directory, "pki"),
      addresses: resolveNodeAddresses({ nodeName, nodeIp: address, allowLoopback: true }),
      platform: subject.platform,
      logger,
    });
    const stop = new AbortController();
    const running = kubelet.run(stop.signal);
    const end = async () => {
      stop.abort();
      await running.catch(() => undefined);
      await client.close();
    };
    await Promise.race([kubelet.ready, running]);
    if (made === undefined) throw new Error("The kubelet ended before it made its provider");
    this.#life = { ...made, kubelet, stop: end };
  }

  /** Ends the kubelet; what the provider runs goes on. */
  async stop(): Promise<void> {
    const life = this.#life;
    this.#life = undefined;
    await life?.stop();
  }

  async restart(whileDown?: () => Promise<void>): Promise<void> {
    await this.stop();
    await whileDown?.();
    await this.start();
  }

  can(workload: Workload): boolean {
    return this.subject.container(workload) !== undefined;
  }

  /** A container that does this; throws where the subject knows none. */
  container(workload: Workload, name: string): Container {
    const container = this.subject.container(workload);
    if (container === undefined)
      throw new Error(
        `The subject's container() is undefined for ${JSON.stringify(workload)}: this test needs one, as every provider has to know "exit" and "hold"`,
      );
    return { name, ...container };
  }

  /** Creates a pod on the node that never restarts unless told; a container for each workload, named `main`, `main-1` and so on. */
  async create(name: string, workloads: Workload | readonly Workload[], spec: Partial<PodSpec> = {}): Promise<Pod> {
    const list = Array.isArray(workloads) ? (workloads as readonly Workload[]) : [workloads as Workload];
    return this.client.create(
      resources.pods,
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name, namespace },
        spec: {
          nodeName,
          restartPolicy: "Never",
          terminationGracePeriodSeconds: 20,
          automountServiceAccountToken: false,
          containers: list.map((one, index) => this.container(one, index === 0 ? "main" : `main-${index}`)),
          ...spec,
        },
      },
      { namespace },
    );
  }

  async delete(name: string, gracePeriodSeconds?: number): Promise<void> {
    await this.client.delete(resources.pods, name, {
      namespace,
      ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    });
  }

  /** Deletes every pod, by force where a test failed before it came to that. */
  async clear(): Promise<void> {
    for (const { metadata } of this.observer.pods()) {
      const name = metadata?.name ?? "";
      await this.delete(name, 1).catch(() => undefined);
      await this.observer.untilGone(name);
    }
  }

  async log(name: string, query = ""): Promise<string> {
    const stream = await this.client.stream(`/api/v1/namespaces/${namespace}/pods/${name}/log${query}`);
    const parts: Buffer[] = [];
    for await (const part of stream) parts.push(part as Buffer);
    return Buffer.concat(parts).toString();
  }

  get #current(): Life<E, Context> {
    if (this.#life === undefined) throw new Error("The kubelet is stopped");
    return this.#life;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#owned.disposeAsync();
  }
}

/** The status of a pod's container. */
export function statusOf(
  pod: Pod | undefined,
  container = "main",
): NonNullable<NonNullable<Pod["status"]>["containerStatuses"]>[0] {
  const { initContainerStatuses = [], containerStatuses = [] } = pod?.status ?? {};
  const status = [...initContainerStatuses, ...containerStatuses].find(({ name }) => name === container);
  if (status === undefined) throw new Error(`Pod "${pod?.metadata?.name}" has no status of container "${container}"`);
  return status;
}

/** Whether the container runs, as far as is published. */
export function isRunning(pod: Pod, container = "main"): boolean {
  const { initContainerStatuses = [], containerStatuses = [] } = pod?.status ?? {};
  return [...initContainerStatuses, ...containerStatuses].some(
    ({ name, state }) => name === container && state?.running !== undefined,
  );
}
