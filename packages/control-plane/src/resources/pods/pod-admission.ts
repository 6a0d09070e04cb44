import {
  findUntoleratedTaint,
  jsonEquals,
  type Pod,
  type PodSpec,
  type PriorityClass,
  type RuntimeClass,
  type ServiceAccount,
  type Toleration,
} from "@wherry/kubernetes";
import { forbidden, type ResourceName } from "../../errors.ts";
import type { StrategyContext } from "../resource-definition.ts";

const pods: ResourceName = { group: "", resource: "pods" };
const tokenMountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
const mirrorAnnotation = "kubernetes.io/config.mirror";
const defaultTolerationSeconds = 300;
// An hour plus a little, so that a token outlives the hourly refresh of clients that read it once.
const projectedTokenSeconds = 3607;

const builtInPriorities: Readonly<Record<string, number>> = {
  "system-cluster-critical": 2_000_000_000,
  "system-node-critical": 2_000_001_000,
};

/** What the admission plug-ins ServiceAccount, Priority, DefaultTolerationSeconds and RuntimeClass do to a new pod. */
export function admitPod(pod: Pod, context: StrategyContext): void {
  const spec = pod.spec as PodSpec;
  if (pod.metadata?.annotations?.[mirrorAnnotation] === undefined) admitServiceAccount(pod, spec, context);
  admitPriority(pod, spec, context);
  admitTolerations(spec);
  admitRuntimeClass(pod, spec, context);
}

function admitServiceAccount(pod: Pod, spec: PodSpec, { store, randomText }: StrategyContext): void {
  spec.serviceAccountName ||= "default";
  const name = spec.serviceAccountName;
  spec.serviceAccount = name;
  const namespace = pod.metadata?.namespace ?? "";
  const account = store.get("serviceaccounts", `${namespace}/${name}`)?.object as ServiceAccount | undefined;
  if (account === undefined) {
    throw refuse(pod, `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`);
  }
  if ((spec.imagePullSecrets?.length ?? 0) === 0 && account.imagePullSecrets !== undefined) {
    spec.imagePullSecrets = account.imagePullSecrets.map((reference) => ({ ...reference }));
  }
  if (!(spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true)) return;
  const volumeName = `kube-api-access-${randomText(5)}`;
  let isMounted = false;
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    if (container.volumeMounts?.some((mount) => mount.mountPath === tokenMountPath)) continue;
    container.volumeMounts = [
      ...(container.volumeMounts ?? []),
      { name: volumeName, readOnly: true, mountPath: tokenMountPath },
    ];
    isMounted = true;
  }
  if (isMounted) spec.volumes = [...(spec.volumes ?? []), tokenVolume(volumeName)];
}

function tokenVolume(name: string): NonNullable<PodSpec["volumes"]>[number] {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: projectedTokenSeconds, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        {
          downwardAPI: {
            items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
          },
        },
      ],
      defaultMode: 0o644,
    },
  };
}

function admitPriority(pod: Pod, spec: PodSpec, { store }: StrategyContext): void {
  let priority = 0;
  let preemptionPolicy = "PreemptLowerPriority";
  const classes = store
    .list("priorityclasses.scheduling.k8s.io")
    .map((record) => record.object as unknown as PriorityClass);
  if (spec.priorityClassName) {
    const found = classes.find((item) => item.metadata?.name === spec.priorityClassName);
    const value = found?.value ?? builtInPriorities[spec.priorityClassName];
    if (value === undefined) throw refuse(pod, `no PriorityClass with name ${spec.priorityClassName} was found`);
    priority = value;
    preemptionPolicy = found?.preemptionPolicy ?? preemptionPolicy;
  } else {
    const globalDefault = classes.find((item) => item.globalDefault);
    if (globalDefault !== undefined) {
      spec.priorityClassName = globalDefault.metadata?.name;
      priority = globalDefault.value ?? 0;
      preemptionPolicy = globalDefault.preemptionPolicy ?? preemptionPolicy;
    }
  }
  if (spec.priority !== undefined && spec.priority !== priority) {
    throw refuse(
      pod,
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${priority} from the given PriorityClass name`,
    );
  }
  spec.priority = priority;
  spec.preemptionPolicy ??= preemptionPolicy;
}

/** Lets a pod without wishes of its own stay five minutes on a node that is lost; for updates as well as creates. */
export function admitTolerations(spec: PodSpec): void {
  for (const key of ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]) {
    const taint = { key, effect: "NoExecute" };
    if (findUntoleratedTaint([taint], spec.tolerations, ["NoExecute"]) === undefined) continue;
    const toleration: Toleration = {
      key,
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: defaultTolerationSeconds,
    };
    spec.tolerations = [...(spec.tolerations ?? []), toleration];
  }
}

function admitRuntimeClass(pod: Pod, spec: PodSpec, { store }: StrategyContext): void {
  const name = spec.runtimeClassName;
  if (!name) {
    if (spec.overhead !== undefined)
      throw refuse(pod, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
    return;
  }
  const runtimeClass = store.get("runtimeclasses.node.k8s.io", name)?.object as RuntimeClass | undefined;
  if (runtimeClass === undefined) throw refuse(pod, `pod rejected: RuntimeClass "${name}" not found`);
  const overhead = runtimeClass.overhead?.podFixed;
  if (spec.overhead !== undefined && !jsonEquals(spec.overhead, overhead)) {
    throw refuse(pod, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
  }
  if (overhead !== undefined) spec.overhead = { ...overhead };
  const { nodeSelector = {}, tolerations = [] } = runtimeClass.scheduling ?? {};
  const own = new Map(Object.entries(spec.nodeSelector ?? {}));
  for (const [key, value] of Object.entries(nodeSelector)) {
    const present = own.get(key);
    if (present !== undefined && present !== value) {
      throw refuse(
        pod,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${present}`,
      );
    }
    spec.nodeSelector = { ...spec.nodeSelector, [key]: value };
  }
  for (const toleration of tolerations) {
    if (!spec.tolerations?.some((present) => jsonEquals(present, toleration))) {
      spec.tolerations = [...(spec.tolerations ?? []), { ...toleration }];
    }
  }
}

/** Names what the client named: upstream makes the rest of a name up after admission only. */
function refuse({ metadata }: Pod, message: string): Error {
  return forbidden(pods, metadata?.generateName || metadata?.name || "", message);
}
