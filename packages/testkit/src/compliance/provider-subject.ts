import type { KubeletServices, NodePlatform, Provider, ResolvedConfiguration } from "@wherry/kubelet";
import type { Container, PodSpec } from "@wherry/kubernetes";
import type { EdgeTable } from "@wherry/machine";
import type { Workload } from "./workload.ts";

/** What a subject is given by the suite. */
export interface ProviderSurroundings {
  /** The kubelet's `--root-dir`, the same in all its lives; a provider keeps its state in a directory of its own in it. */
  readonly rootDirectory: string;
}

/** A provider under test and what it runs on; disposing it ends everything it runs. */
export interface ProviderSubject<E extends EdgeTable, Context> extends AsyncDisposable {
  /** Makes the provider of one life of the kubelet; called anew for each. */
  provider(services: KubeletServices, configuration: ResolvedConfiguration): Provider<E, Context>;
  readonly platform: NodePlatform;
  /**
   * What makes a container do this; undefined where the provider knows no such thing, and the tests of it are skipped. Every provider
   * has to know `exit` and `hold`.
   */
  container(workload: Workload): (Partial<Container> & { readonly image: string }) | undefined;
  /** Ends a running container behind the kubelet's back, whether a kubelet runs or not; resolves when it has ended. */
  kill(podUid: string, container: string): Promise<void>;
  /** Part of a spec that the provider refuses. @default nothing is refused */
  readonly refused?: Partial<PodSpec> | undefined;
  /** Whether output can be read by `kubectl logs`. @default true */
  readonly writesLogs?: boolean | undefined;
  /** Names what is left of all pods, beside what `listPods` shows: processes, files. */
  leftovers?(): Promise<readonly string[]> | readonly string[];
}
