import { dnsLabelProblem, type JsonValue } from "@wherry/kubernetes";

/** What the value of a field must be. */
export interface FieldRule {
  /** For "it must be …". */
  readonly wanted: string;
  readonly holds: (value: JsonValue) => boolean;
}

const maxInt32 = 2 ** 31 - 1;

function exactly(...values: readonly string[]): FieldRule {
  const wanted = values.map((value) => JSON.stringify(value)).join(" or ");
  return { wanted, holds: (value) => values.includes(String(value)) };
}

/** An empty text counts as absent, as in the API: a default takes its place. */
function oneOf(...values: readonly string[]): FieldRule {
  const rule = exactly(...values);
  return { ...rule, holds: (value) => value === "" || rule.holds(value) };
}

function between(min: number, max: number): FieldRule {
  return { wanted: `from ${min} to ${max}`, holds: (value) => Number(value) >= min && Number(value) <= max };
}

function atLeast(min: number): FieldRule {
  return { wanted: `${min} or more`, holds: (value) => Number(value) >= min };
}

const portName: FieldRule = {
  wanted: 'at most 15 letters a-z, digits and single "-" within, of which one is a letter',
  holds: (value) => value === "" || isPortName(String(value)),
};
const portNumber: FieldRule = between(1, 65_535);
const portNumberOrName: FieldRule = {
  wanted: "a port from 1 to 65535 or the name of one",
  holds: (value) => (typeof value === "string" ? isPortName(value) : portNumber.holds(value)),
};
const pathBelow: FieldRule = {
  wanted: 'a relative path without ".."',
  holds: (value) => !String(value).startsWith("/") && hasNoWayUp(value),
};
const hostName: FieldRule = {
  wanted: 'at most 63 letters a-z, digits and "-" within',
  holds: (value) => value === "" || dnsLabelProblem(String(value)) === undefined,
};
const fileMode: FieldRule = { ...between(0, 0o777), wanted: "from 0 to 0777 (octal)" };
const userId: FieldRule = between(0, maxInt32);
const pullPolicy: FieldRule = oneOf("Always", "IfNotPresent", "Never");
const notNegative: FieldRule = atLeast(0);

/** Rules by type of `core/v1` and field; they hold wherever the type occurs. */
export const fieldRules: Readonly<Record<string, Readonly<Record<string, FieldRule>>>> = {
  PodSpec: {
    restartPolicy: oneOf("Always", "OnFailure", "Never"),
    dnsPolicy: oneOf("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    terminationGracePeriodSeconds: notNegative,
    activeDeadlineSeconds: between(1, maxInt32),
    hostname: hostName,
    subdomain: hostName,
  },
  PodSecurityContext: { runAsUser: userId, runAsGroup: userId, fsGroup: userId },
  SecurityContext: { runAsUser: userId, runAsGroup: userId },
  Container: {
    image: { wanted: "without white space around it", holds: (value) => value === String(value).trim() },
    imagePullPolicy: pullPolicy,
    // Nothing takes the place of an empty one here.
    restartPolicy: exactly("Always", "OnFailure", "Never"),
    terminationMessagePolicy: oneOf("File", "FallbackToLogsOnError"),
  },
  ContainerPort: {
    name: portName,
    containerPort: portNumber,
    hostPort: between(0, 65_535),
    protocol: oneOf("TCP", "UDP", "SCTP"),
  },
  ContainerResizePolicy: {
    resourceName: oneOf("cpu", "memory"),
    restartPolicy: oneOf("NotRequired", "RestartContainer"),
  },
  ContainerRestartRuleOnExitCodes: { operator: oneOf("In", "NotIn") },
  EnvVar: {
    name: { wanted: 'printable ASCII without "="', holds: (value) => /^[ -<>-~]*$/.test(String(value)) },
  },
  VolumeMount: {
    subPath: pathBelow,
    subPathExpr: pathBelow,
    mountPropagation: oneOf("None", "HostToContainer", "Bidirectional"),
    recursiveReadOnly: oneOf("Disabled", "IfPossible", "Enabled"),
  },
  Probe: {
    initialDelaySeconds: notNegative,
    timeoutSeconds: notNegative,
    periodSeconds: notNegative,
    successThreshold: notNegative,
    failureThreshold: notNegative,
    terminationGracePeriodSeconds: atLeast(1),
  },
  HTTPGetAction: { port: portNumberOrName, scheme: oneOf("HTTP", "HTTPS") },
  TCPSocketAction: { port: portNumberOrName },
  GRPCAction: { port: portNumber },
  SleepAction: { seconds: notNegative },
  HostPathVolumeSource: {
    path: { wanted: 'a path without ".."', holds: hasNoWayUp },
    type: oneOf("DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"),
  },
  ImageVolumeSource: { pullPolicy },
  DownwardAPIVolumeSource: { defaultMode: fileMode },
  DownwardAPIVolumeFile: { mode: fileMode, path: pathBelow },
  ProjectedVolumeSource: { defaultMode: fileMode },
};

/** Fields that must be there and not empty, beside those that the schema says so of. */
export const neededFields: Readonly<Record<string, readonly string[]>> = {
  Container: ["image"],
  EnvVar: ["name"],
  VolumeMount: ["mountPath"],
  ExecAction: ["command"],
  HostPathVolumeSource: ["path"],
  ImageVolumeSource: ["reference"],
  DownwardAPIVolumeFile: ["path"],
};

/** Types of whose fields one, and no more, says what is meant. */
export const unions: Readonly<Record<string, { readonly of?: readonly string[]; readonly isOptional?: true }>> = {
  Probe: { of: ["exec", "httpGet", "tcpSocket", "grpc"] },
  LifecycleHandler: {},
  EnvVarSource: {},
  DownwardAPIVolumeFile: { of: ["fieldRef", "resourceFieldRef"] },
  // Without any it is an emptyDir.
  Volume: { isOptional: true },
  VolumeProjection: { isOptional: true },
};

function isPortName(name: string): boolean {
  return name.length <= 15 && /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name) && /[a-z]/.test(name);
}

function hasNoWayUp(path: JsonValue): boolean {
  return !String(path).split("/").includes("..");
}
