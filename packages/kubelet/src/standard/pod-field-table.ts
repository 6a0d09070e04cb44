export type FieldVerdict = "honoured" | "refused" | "ignored";

/** What becomes of one field of a pod's spec, with everything below it unless a deeper rule says otherwise. */
export interface FieldRule {
  /** Path below `spec`; `[]` stands for every entry of a list. */
  readonly path: string;
  readonly verdict: FieldVerdict;
  /** For people: how it is honoured, or why not. */
  readonly why: string;
  /** For `refused`: whether this value is refused; any value is where it is absent. */
  readonly when?: ((value: unknown) => boolean) | undefined;
  /** For `refused`: an ability of the runtime with which it is honoured after all. */
  readonly unless?: RuntimeAbility | undefined;
  /** For people: how it is honoured with that ability. */
  readonly able?: string | undefined;
}

/** What some runtimes can do and others cannot: `exec` is to run a second command in a container. */
export type RuntimeAbility = "exec";

const isTrue = (value: unknown) => value === true;
const scheduler = "decided by the scheduler before the pod reaches the node";
const noSystemCalls = "a guest makes no system calls and has no user of its own";
const noNamespaces = "a guest sees no processes or devices of the node";

/** A field that asks for a user or a group; see `container-user.ts`. */
function userRule(field: string): FieldRule {
  return {
    path: `securityContext.${field}`,
    verdict: "ignored",
    why: "no guest has a user of its own; asking for another than the kubelet's with a hostPath volume ends in CreateContainerConfigError",
  };
}

const podRules: readonly FieldRule[] = [
  { path: "activeDeadlineSeconds", verdict: "honoured", why: "counted from status.startTime" },
  { path: "affinity.nodeAffinity", verdict: "honoured", why: "required terms are checked at admission" },
  { path: "affinity.podAffinity", verdict: "ignored", why: scheduler },
  { path: "affinity.podAntiAffinity", verdict: "ignored", why: scheduler },
  { path: "automountServiceAccountToken", verdict: "ignored", why: "the API server turns it into a volume" },
  { path: "dnsConfig", verdict: "ignored", why: "a preview 1 guest resolves no names" },
  { path: "dnsPolicy", verdict: "ignored", why: "a preview 1 guest resolves no names" },
  { path: "enableServiceLinks", verdict: "honoured", why: "service variables in the environment" },
  { path: "ephemeralContainers", verdict: "honoured", why: "started once each, beside what runs; they decide nothing" },
  { path: "hostAliases", verdict: "ignored", why: "a preview 1 guest resolves no names" },
  { path: "hostIPC", verdict: "refused", why: noNamespaces, when: isTrue },
  { path: "hostNetwork", verdict: "honoured", why: "the pod has the node's addresses, and its ports are opened there" },
  { path: "hostPID", verdict: "refused", why: noNamespaces, when: isTrue },
  { path: "hostUsers", verdict: "ignored", why: noSystemCalls },
  { path: "hostname", verdict: "honoured", why: "host name of the sandbox" },
  { path: "hostnameOverride", verdict: "honoured", why: "host name of the sandbox" },
  { path: "imagePullSecrets", verdict: "honoured", why: "tried in order, then those of the service account" },
  { path: "nodeName", verdict: "honoured", why: "checked at admission" },
  { path: "nodeSelector", verdict: "honoured", why: "checked at admission" },
  { path: "os", verdict: "honoured", why: "checked at admission" },
  { path: "overhead", verdict: "honoured", why: "counted at admission" },
  { path: "preemptionPolicy", verdict: "ignored", why: scheduler },
  {
    path: "priority",
    verdict: "honoured",
    why: "on a full node critical pods take the room of others; resizes that wait go by it",
  },
  { path: "priorityClassName", verdict: "ignored", why: scheduler },
  { path: "readinessGates", verdict: "honoured", why: "part of the Ready condition" },
  { path: "resourceClaims", verdict: "refused", why: "dynamic resource allocation is not supported" },
  {
    path: "resources",
    verdict: "honoured",
    why: "requests at admission, limits of the sandbox; resized while it runs",
  },
  { path: "resources.claims", verdict: "refused", why: "dynamic resource allocation is not supported" },
  { path: "restartPolicy", verdict: "honoured", why: "with upstream's back-off" },
  { path: "runtimeClassName", verdict: "honoured", why: "the handler must be one of the node's" },
  { path: "schedulerName", verdict: "ignored", why: scheduler },
  { path: "schedulingGates", verdict: "ignored", why: scheduler },
  { path: "schedulingGroup", verdict: "ignored", why: scheduler },
  { path: "securityContext", verdict: "ignored", why: noSystemCalls },
  ...["fsGroup", "runAsGroup", "runAsNonRoot", "runAsUser", "supplementalGroups"].map(userRule),
  { path: "securityContext.sysctls", verdict: "refused", why: "a guest has no kernel parameters of its own" },
  { path: "serviceAccount", verdict: "ignored", why: "old name of serviceAccountName" },
  { path: "serviceAccountName", verdict: "honoured", why: "tokens and pull secrets" },
  { path: "setHostnameAsFQDN", verdict: "refused", why: "the cluster's domain is not known to guests", when: isTrue },
  { path: "shareProcessNamespace", verdict: "ignored", why: noNamespaces },
  { path: "subdomain", verdict: "ignored", why: "used by the cluster's name service only" },
  {
    path: "terminationGracePeriodSeconds",
    verdict: "honoured",
    why: "from the stop signal to the kill, which never comes sooner than after 2 s",
  },
  { path: "tolerations", verdict: "honoured", why: "NoExecute taints are checked at admission" },
  { path: "topologySpreadConstraints", verdict: "ignored", why: scheduler },
  {
    path: "volumes",
    verdict: "honoured",
    why: "by kind; one the node cannot mount ends in FailedMount",
  },
  {
    path: "volumes[].emptyDir.medium",
    verdict: "honoured",
    why: "Memory is a directory of the memory file system that all pods of the node share; HugePages ends in FailedMount",
  },
  {
    path: "volumes[].emptyDir.sizeLimit",
    verdict: "honoured",
    why: "measured every 10 s, for Memory too: a pod over it is evicted, no write fails at it",
  },
  {
    path: "volumes[].projected.sources",
    verdict: "honoured",
    why: "by kind",
  },
  {
    path: "volumes[].projected.sources[].clusterTrustBundle",
    verdict: "honoured",
    why: "KEP-3257; in an order that stays, 4 MiB of bundles at most; FailedMount where the API server does not serve them, as is Kubernetes 1.36's default",
  },
  {
    path: "volumes[].projected.sources[].podCertificate",
    verdict: "honoured",
    why: "KEP-4317, as of Kubernetes 1.36 (stubPKCS10Request); a new key after a restart of the kubelet; a pod keeps its certificate when its renewal is refused; FailedMount where the API server does not serve the requests, as is Kubernetes 1.36's default",
  },
  {
    path: "volumes[].image",
    verdict: "honoured",
    why: "a module, or the file system of an OCI image, read-only; other artifacts end in CreateContainerError",
  },
];

const noCommands = "the runtime runs no second command in a container";
const commands =
  "the first word is the container's own module or another .wasm file of its image, anything else fails: [exec](exec.md)";
const probes = "httpGet, tcpSocket and grpc, at the pod's address or the node's";
const hooks = "httpGet and sleep; tcpSocket fails, as the API says";

/** A probe or hook, and its handler that takes a runtime which can run commands. */
function withCommands(path: string, why: string): FieldRule[] {
  return [
    { path, verdict: "honoured", why },
    { path: `${path}.exec`, verdict: "refused", why: noCommands, unless: "exec", able: commands },
  ];
}

const startLimits = "; at most 128 KiB each and 2 MiB with all others, as on Linux, or CreateContainerConfigError";

const containerRules: readonly FieldRule[] = [
  { path: "args", verdict: "honoured", why: `with $(NAME) expanded${startLimits}` },
  { path: "command", verdict: "honoured", why: `with $(NAME) expanded${startLimits}` },
  { path: "env", verdict: "honoured", why: `values, field, resource, config map and secret references${startLimits}` },
  { path: "envFrom", verdict: "honoured", why: `with prefixes${startLimits}` },
  { path: "image", verdict: "honoured", why: "a Wasm module or an OCI image with one" },
  { path: "imagePullPolicy", verdict: "honoured", why: "with upstream's back-off" },
  ...withCommands("lifecycle.postStart", hooks),
  ...withCommands("lifecycle.preStop", hooks),
  { path: "lifecycle.stopSignal", verdict: "honoured", why: "handed to the runtime, and in the status" },
  ...withCommands("livenessProbe", probes),
  { path: "name", verdict: "honoured", why: "names statuses, logs and events" },
  {
    path: "ports",
    verdict: "honoured",
    why: "the WebAssembly runtime opens a socket for each TCP port, none for UDP and SCTP",
  },
  {
    path: "ports[].hostPort",
    verdict: "honoured",
    why: "opened on hostIP or the node's address, but for init containers that end; the WebAssembly runtime refuses it for UDP and SCTP: FailedCreatePodSandBox",
  },
  ...withCommands("readinessProbe", probes),
  {
    path: "resizePolicy",
    verdict: "honoured",
    why: "the WebAssembly runtime resizes cpu in place, memory by a restart",
  },
  {
    path: "resources",
    verdict: "honoured",
    why: "requests at admission, limits by the runtime; resized while it runs",
  },
  { path: "resources.claims", verdict: "refused", why: "dynamic resource allocation is not supported" },
  {
    path: "resources.limits.ephemeral-storage",
    verdict: "honoured",
    why: "its logs are measured every 10 s, with the volumes on disk for the pod: what is over a limit is evicted",
  },
  { path: "restartPolicy", verdict: "honoured", why: "the container's own policy goes before the pod's" },
  { path: "restartPolicyRules", verdict: "honoured", why: "by exit code" },
  {
    path: "restartPolicyRules[].action",
    verdict: "refused",
    why: "the actions supported are Restart and RestartAllContainers",
    when: (value) => value !== "Restart" && value !== "RestartAllContainers",
  },
  { path: "securityContext", verdict: "ignored", why: noSystemCalls },
  {
    path: "securityContext.capabilities",
    verdict: "ignored",
    why: "a guest makes no system calls; files of a hostPath volume it meets with the rights of the kubelet's user",
  },
  ...["runAsGroup", "runAsNonRoot", "runAsUser"].map(userRule),
  { path: "securityContext.privileged", verdict: "refused", why: noNamespaces, when: isTrue },
  { path: "securityContext.readOnlyRootFilesystem", verdict: "honoured", why: "an image's files are always read-only" },
  ...withCommands("startupProbe", probes),
  { path: "stdin", verdict: "honoured", why: "kept open; nothing can attach to it yet" },
  { path: "stdinOnce", verdict: "honoured", why: "as stdin; nothing can attach yet" },
  {
    path: "terminationMessagePath",
    verdict: "honoured",
    why: "a file for each instance, also where the path is relative: it is one from the root",
  },
  { path: "terminationMessagePolicy", verdict: "honoured", why: "the file, or the end of the log on errors" },
  {
    path: "tty",
    verdict: "honoured",
    why: "handed to the runtime; the WebAssembly runtime refuses it: CreateContainerError",
  },
  { path: "volumeDevices", verdict: "refused", why: "a guest has no block devices" },
  { path: "volumeMounts", verdict: "honoured", why: "with subPath, subPathExpr and readOnly" },
  {
    path: "volumeMounts[].mountPropagation",
    verdict: "refused",
    why: "a guest cannot mount, and sees no mounts made later",
    when: (value) => value !== "None",
  },
  {
    path: "workingDir",
    verdict: "honoured",
    why: "the WebAssembly runtime takes / or a mount path: CreateContainerError",
  },
];

/** What the API allows in no ephemeral container. */
const notInEphemeral: readonly string[] = [
  "lifecycle",
  "livenessProbe",
  "ports",
  "readinessProbe",
  "resizePolicy",
  "resources",
  "restartPolicy",
  "restartPolicyRules",
  "startupProbe",
];

const ephemeralRules: readonly FieldRule[] = [
  ...containerRules.filter(({ path }) => !notInEphemeral.some((field) => path.startsWith(field))),
  ...notInEphemeral.map((path): FieldRule => ({ path, verdict: "ignored", why: "the API allows none here" })),
  {
    path: "targetContainerName",
    verdict: "ignored",
    why: "no container sees the processes of another; it starts beside the target all the same",
  },
];

function below(list: string, rules: readonly FieldRule[]): FieldRule[] {
  return rules.map((rule) => ({ ...rule, path: `${list}.${rule.path}` }));
}

/** Every field of a pod's spec with what the standard provider makes of it; the documentation's table comes from here. */
export const podFieldTable: readonly FieldRule[] = [
  ...podRules,
  ...["initContainers[]", "containers[]"].flatMap((list) => below(list, containerRules)),
  ...below("ephemeralContainers[]", ephemeralRules),
];
