import type { FieldRule } from "@wherry/kubelet";
import { schemaTable } from "@wherry/kubernetes";

// What is in neither list is refused, so a field that Kubernetes gets tomorrow is too.
const honouredOfPods = [
  "activeDeadlineSeconds",
  "affinity",
  "containers",
  "enableServiceLinks",
  "hostIPC",
  "hostNetwork",
  "hostPID",
  "initContainers",
  "nodeName",
  "nodeSelector",
  "os",
  "overhead",
  "readinessGates",
  "restartPolicy",
  "terminationGracePeriodSeconds",
  "tolerations",
];
const meaninglessOfPods = [
  "automountServiceAccountToken",
  "dnsPolicy",
  "ephemeralContainers",
  "imagePullSecrets",
  "preemptionPolicy",
  "priority",
  "priorityClassName",
  "schedulerName",
  "schedulingGates",
  "serviceAccount",
  "serviceAccountName",
  "topologySpreadConstraints",
  "volumes",
];
const honouredOfContainers = [
  "args",
  "command",
  "env",
  "envFrom",
  "name",
  "resources",
  "restartPolicy",
  "restartPolicyRules",
  "workingDir",
];
const meaninglessOfContainers = [
  "image",
  "imagePullPolicy",
  "ports",
  "resizePolicy",
  "terminationMessagePath",
  "terminationMessagePolicy",
  "volumeMounts",
];

const tokenDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";
const noMounts = "a command sees the node's files, nothing can be mounted for it";

/** What a command cannot be given, though the API knows it. */
export const commandFieldRules: readonly FieldRule[] = [
  ...refusedFields("core/v1.PodSpec", "", [...honouredOfPods, ...meaninglessOfPods]),
  {
    path: "volumes[].name",
    verdict: "refused",
    why: noMounts,
    // The API server gives every pod its token; a command that wants none is none the worse.
    when: (name) => !String(name).startsWith("kube-api-access-"),
  },
  ...["containers[].", "initContainers[]."].flatMap((list): readonly FieldRule[] => [
    ...refusedFields("core/v1.Container", list, [...honouredOfContainers, ...meaninglessOfContainers]),
    {
      path: `${list}volumeMounts[].mountPath`,
      verdict: "refused",
      why: noMounts,
      when: (path) => path !== tokenDirectory,
    },
    {
      path: `${list}restartPolicyRules[].action`,
      verdict: "refused",
      why: "commands are started again one by one",
      when: (action) => action !== "Restart",
    },
    { path: `${list}resources.limits`, verdict: "refused", why: "nothing keeps a command to its limits" },
    { path: `${list}resources.claims`, verdict: "refused", why: "there are no devices to claim" },
    { path: `${list}ports[].hostPort`, verdict: "refused", why: "a command listens where it likes" },
  ]),
];

function refusedFields(type: string, prefix: string, taken: readonly string[]): FieldRule[] {
  return Object.keys(schemaTable[type]?.fields ?? {})
    .filter((field) => !taken.includes(field))
    .map((field) => ({
      path: prefix + field,
      verdict: "refused",
      why: "a local command has nothing of the kind",
      when: (value) => value !== false,
    }));
}
