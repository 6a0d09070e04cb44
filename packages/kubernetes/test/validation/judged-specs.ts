import type { Container, Pod } from "@wherry/kubernetes";
import { inContainer, inPod, type JudgedPod, podWith } from "./judged-pods.ts";

const appArmor = "container.apparmor.security.beta.kubernetes.io";
const seccomp = "container.seccomp.security.alpha.kubernetes.io";
const annotated = (annotations: Record<string, string>, container: Partial<Container> = {}): Pod => ({
  ...inContainer(container),
  metadata: { name: "web", annotations },
});

/** What else no pod can be. */
export const refusedSpecs: readonly JudgedPod[] = [
  [
    "metadata.labels: Invalid value: \"b c\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    { ...inPod({}), metadata: { name: "web", labels: { a: "b c" } } },
  ],
  [
    "metadata.annotations: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'); metadata.annotations: Invalid value: \"a/b/c\": a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName'); metadata.annotations: Invalid value: \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\": name part must be no more than 63 bytes",
    annotated({ "a b": "c", "a/b/c": "d", ["x".repeat(64)]: "" }),
  ],
  [
    'metadata.annotations[container.apparmor.security.beta.kubernetes.io/x]: Invalid value: "x": container not found; metadata.annotations[container.apparmor.security.beta.kubernetes.io/x]: Invalid value: "foo": invalid AppArmor profile name: "foo"',
    annotated({ "container.apparmor.security.beta.kubernetes.io/x": "foo" }),
  ],
  [
    'metadata.annotations.seccomp.security.alpha.kubernetes.io/pod: Invalid value: "foo": must be a valid seccomp profile',
    annotated({ "seccomp.security.alpha.kubernetes.io/pod": "foo" }),
  ],
  [
    "metadata.annotations.seccomp.security.alpha.kubernetes.io/pod: Invalid value: \"../a\": must not contain '..'",
    annotated({ "seccomp.security.alpha.kubernetes.io/pod": "localhost/../a" }),
  ],
  [
    'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "foo": must be a 32bit integer',
    annotated({ "controller.kubernetes.io/pod-deletion-cost": "foo" }),
  ],
  [
    "spec.containers[0].securityContext.appArmorProfile.type: Forbidden: apparmor type in annotation and field must match",
    annotated(
      { [`${appArmor}/a`]: "runtime/default" },
      { securityContext: { appArmorProfile: { type: "Unconfined" } } },
    ),
  ],
  [
    "spec.containers[0].securityContext.seccompProfile.localhostProfile: Forbidden: seccomp profile in annotation and field must match",
    annotated(
      { [`${seccomp}/a`]: "localhost/b" },
      { securityContext: { seccompProfile: { type: "Localhost", localhostProfile: "a" } } },
    ),
  ],
  [
    "metadata.name: Invalid value: \"Web\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'); metadata.labels: Invalid value: \"\": name part must be non-empty; metadata.labels: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'); metadata.labels: Invalid value: \"a/b/c\": a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName'); metadata.labels: Invalid value: \"/x\": prefix part must be non-empty; metadata.labels: Invalid value: \"A_/b\": prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    { ...inPod({}), metadata: { name: "Web", labels: { "": "a", "a/b/c": "d", "/x": "y", "A_/b": "c" } } },
  ],
  [
    'metadata.labels: Invalid value: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": name part must be no more than 63 bytes; metadata.labels: Invalid value: "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv": must be no more than 63 bytes',
    { ...inPod({}), metadata: { name: "web", labels: { ["x".repeat(64)]: "v".repeat(64) } } },
  ],
  [
    'metadata.name: Invalid value: "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww": must be no more than 253 characters',
    { ...inPod({}), metadata: { name: "w".repeat(254) } },
  ],
  [
    "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared",
    inPod({ schedulingGates: [{ name: "g" }] }),
  ],
  [
    "spec.schedulingGates[0]: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'); spec.schedulingGates[2]: Duplicate value: \"c\"; spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared",
    inPod({ schedulingGates: [{ name: "a b" }, { name: "c" }, { name: "c" }] }),
  ],
  [
    "spec.ephemeralContainers: Forbidden: cannot be set on create",
    inPod({ ephemeralContainers: [{ name: "e", image: "b" }] }),
  ],
  [
    'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
    inPod({ restartPolicy: "Sometimes" }),
  ],
  [
    "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
    inPod({ activeDeadlineSeconds: 0 }),
  ],
  [
    "spec.activeDeadlineSeconds: Invalid value: 2147483648: must be between 1 and 2147483647, inclusive",
    inPod({ activeDeadlineSeconds: 2 ** 31 }),
  ],
  [
    'spec.dnsPolicy: Unsupported value: "Off": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
    inPod({ dnsPolicy: "Off" }),
  ],
  ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None", inPod({ dnsPolicy: "None" })],
  [
    "spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None",
    inPod({ dnsPolicy: "None", dnsConfig: {} }),
  ],
  [
    'spec.dnsConfig.nameservers[0]: Invalid value: "a": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    inPod({ dnsConfig: { nameservers: ["a"] } }),
  ],
  [
    'spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.2","1.1.1.3","1.1.1.4"]: must not have more than 3 nameservers',
    inPod({ dnsConfig: { nameservers: ["1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"] } }),
  ],
  [
    "spec.dnsConfig.searches[0]: Invalid value: \"a b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')",
    inPod({ dnsConfig: { searches: ["a b"] } }),
  ],
  [
    'spec.dnsConfig.searches: Invalid value: ["a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a"]: must not have more than 32 search paths',
    inPod({ dnsConfig: { searches: Array(33).fill("a") } }),
  ],
  ["spec.dnsConfig.options[0]: Required value: must not be empty", inPod({ dnsConfig: { options: [{ value: "1" }] } })],
  [
    'spec.hostAliases[0].ip: Invalid value: "a": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    inPod({ hostAliases: [{ ip: "a" }] }),
  ],
  [
    'spec.hostAliases[0].ip: Invalid value: "": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    inPod({ hostAliases: [{ ip: "" }] }),
  ],
  [
    'spec.hostAliases[0].ip: Invalid value: "010.1.1.1": must not have leading 0s; spec.hostAliases[1].ip: Invalid value: "::ffff:1.2.3.4": must not be an IPv4-mapped IPv6 address',
    inPod({ hostAliases: [{ ip: "010.1.1.1" }, { ip: "::ffff:1.2.3.4" }] }),
  ],
  [
    "spec.hostAliases[0].hostnames[1]: Invalid value: \"b_c\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    inPod({ hostAliases: [{ ip: "1.2.3.4", hostnames: ["a", "b_c"] }] }),
  ],
  [
    "spec.hostname: Invalid value: \"a_b\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    inPod({ hostname: "a_b" }),
  ],
  ['spec.subdomain: Invalid value: "a.b": must not contain dots', inPod({ subdomain: "a.b" })],
  [
    "spec.hostnameOverride: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    inPod({ hostnameOverride: "" }),
  ],
  [
    "spec.hostnameOverride: Invalid value: \"a_b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    inPod({ hostnameOverride: "a_b" }),
  ],
  ["spec.hostnameOverride: Too long: may not be more than 64 bytes", inPod({ hostnameOverride: "a".repeat(65) })],
  [
    "spec.hostnameOverride: Forbidden: may not be specified when hostNetwork is true",
    inPod({ hostnameOverride: "a", hostNetwork: true }),
  ],
  [
    "spec.hostnameOverride: Forbidden: may not be specified when setHostnameAsFQDN is true",
    inPod({ hostnameOverride: "a", setHostnameAsFQDN: true }),
  ],
  [
    "spec.runtimeClassName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    inPod({ runtimeClassName: "A" }),
  ],
  [
    "spec.runtimeClassName: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    inPod({ runtimeClassName: "" }),
  ],
  [
    "spec.priorityClassName: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    inPod({ priorityClassName: "A_" }),
  ],
  [
    'spec.preemptionPolicy: Unsupported value: "Always": supported values: "PreemptLowerPriority", "Never"',
    inPod({ preemptionPolicy: "Always" }),
  ],
  ["spec.preemptionPolicy: Required value", inPod({ preemptionPolicy: "" })],
  [
    "spec.readinessGates[0].conditionType: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    inPod({ readinessGates: [{ conditionType: "a b" }] }),
  ],
  [
    "spec.readinessGates[0].conditionType: Invalid value: \"\": name part must be non-empty; spec.readinessGates[0].conditionType: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    inPod({ readinessGates: [{ conditionType: "" }] }),
  ],
  [
    'spec.overhead.limits[memory]: Invalid value: "-1Gi": must be greater than or equal to 0',
    inPod({ overhead: { memory: "-1Gi" } }),
  ],
  [
    'spec.resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0',
    inPod({ resources: { requests: { cpu: "-1" } } }),
  ],
  [
    'spec.resources.limits[ephemeral-storage]: Unsupported value: "ephemeral-storage": supported values: "cpu", "hugepages-", "memory"',
    inPod({ resources: { limits: { "ephemeral-storage": "1" } } }),
  ],
  [
    'spec.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    inPod({ resources: { requests: { cpu: "2" }, limits: { cpu: "1" } } }),
  ],
  [
    'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2',
    podWith({ resources: { requests: { cpu: "1" } } }, { resources: { requests: { cpu: "2" } } }),
  ],
  [
    'spec.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1; spec.resources.containers[0][cpu].limits: Invalid value: "2": must be less than or equal to pod limits of 1',
    podWith({ resources: { limits: { cpu: "1" } } }, { resources: { limits: { cpu: "2" } } }),
  ],
  [
    'spec.resources.requests[hugepages-2Mi]: Invalid value: "2Mi": must be greater than or equal to aggregate container requests of 4Mi; spec.resources.limits[hugepages-2Mi]: Invalid value: "2Mi": must be greater than or equal to aggregate container limits of 4Mi; spec.resources.containers[0][hugepages-2Mi].limits: Invalid value: "4Mi": must be less than or equal to pod limits of 2Mi',
    podWith(
      { resources: { limits: { cpu: "1", "hugepages-2Mi": "2Mi" } } },
      { resources: { limits: { cpu: "1", "hugepages-2Mi": "4Mi" } } },
    ),
  ],
  [
    "spec.securityContext.fsGroup: Invalid value: -4: must be between 0 and 2147483647, inclusive",
    inPod({ securityContext: { fsGroup: -4 } }),
  ],
  [
    "spec.securityContext.runAsUser: Invalid value: 2147483648: must be between 0 and 2147483647, inclusive; spec.securityContext.runAsGroup: Invalid value: -1: must be between 0 and 2147483647, inclusive; spec.securityContext.supplementalGroups[1]: Invalid value: -1: must be between 0 and 2147483647, inclusive",
    inPod({ securityContext: { runAsUser: 2 ** 31, runAsGroup: -1, supplementalGroups: [1, -1] } }),
  ],
  [
    'spec.securityContext.fsGroupChangePolicy: Unsupported value: "Some": supported values: "Always", "OnRootMismatch"',
    inPod({ securityContext: { fsGroupChangePolicy: "Some" } }),
  ],
  [
    'spec.securityContext.supplementalGroupsPolicy: Unsupported value: "Some": supported values: "Merge", "Strict"',
    inPod({ securityContext: { supplementalGroupsPolicy: "Some" } }),
  ],
  [
    'spec.securityContext.seLinuxChangePolicy: Unsupported value: "Some": supported values: "Recursive"',
    inPod({ securityContext: { seLinuxChangePolicy: "Some" } }),
  ],
  [
    'spec.securityContext.seccompProfile.type: Unsupported value: "Some": supported values: "Localhost", "RuntimeDefault", "Unconfined"',
    inPod({ securityContext: { seccompProfile: { type: "Some" } } }),
  ],
  [
    'spec.securityContext.appArmorProfile.type: Unsupported value: "Some": supported values: "Localhost", "RuntimeDefault", "Unconfined"',
    inPod({ securityContext: { appArmorProfile: { type: "Some" } } }),
  ],
  [
    'spec.securityContext.sysctls[0].name: Required value; spec.securityContext.sysctls[1].name: Invalid value: "bar..": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
    inPod({
      securityContext: {
        sysctls: [
          { name: "", value: "" },
          { name: "bar..", value: "1" },
        ],
      },
    }),
  ],
  [
    'spec.securityContext.sysctls[1].name: Duplicate value: "net.ipv4/x"',
    inPod({
      securityContext: {
        sysctls: [
          { name: "net.ipv4/x", value: "1" },
          { name: "net.ipv4/x", value: "1" },
        ],
      },
    }),
  ],
  [
    "spec.securityContext.sysctls[0].name: Invalid value: \"net.core.somaxconn\": may not be specified when 'hostNetwork' is true",
    inPod({ hostNetwork: true, securityContext: { sysctls: [{ name: "net.core.somaxconn", value: "1" }] } }),
  ],
  [
    "spec.securityContext.sysctls[0].name: Invalid value: \"kernel.shmmax\": may not be specified when 'hostIPC' is true",
    inPod({ hostIPC: true, securityContext: { sysctls: [{ name: "kernel.shmmax", value: "1" }] } }),
  ],
  [
    "spec.securityContext.windowsOptions.gmsaCredentialSpecName: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    inPod({ securityContext: { windowsOptions: { gmsaCredentialSpecName: "A_" } } }),
  ],
  [
    "spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers",
    inPod({ securityContext: { windowsOptions: { hostProcess: true } } }),
  ],
  [
    'spec.containers[0].securityContext.windowsOptions.runAsUserName: Invalid value: "": runAsUserName cannot be an empty string',
    inContainer({ securityContext: { windowsOptions: { runAsUserName: "" } } }),
  ],
  [
    'spec.containers[0].securityContext.windowsOptions.gmsaCredentialSpec: Invalid value: "": gmsaCredentialSpec cannot be an empty string; spec.containers[0].securityContext.windowsOptions.runAsUserName: Invalid value: "a\\u0001": runAsUserName cannot contain control characters',
    inContainer({ securityContext: { windowsOptions: { runAsUserName: "a\u0001", gmsaCredentialSpec: "" } } }),
  ],
  [
    "spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled",
    inPod({ shareProcessNamespace: true, hostPID: true }),
  ],
  ["spec.hostNetwork: Forbidden: when `hostUsers` is false", inPod({ hostUsers: false, hostNetwork: true })],
  ["spec.HostPID: Forbidden: when `hostUsers` is false", inPod({ hostUsers: false, hostPID: true })],
  ["spec.HostIPC: Forbidden: when `hostUsers` is false", inPod({ hostUsers: false, hostIPC: true })],
  [
    "spec.containers[0].volumeDevices: Forbidden: when `hostUsers` is false",
    podWith(
      { hostUsers: false, volumes: [{ name: "v", persistentVolumeClaim: { claimName: "c" } }] },
      { volumeDevices: [{ name: "v", devicePath: "/d" }] },
    ),
  ],
  ["spec.os.name: Required value", inPod({ os: { name: "" } })],
  ['spec.os: Unsupported value: "plan9": supported values: "linux", "windows"', inPod({ os: { name: "plan9" } })],
  [
    "spec.securityContext.fsGroupChangePolicy: Forbidden: cannot be set for a windows pod; spec.securityContext.seLinuxChangePolicy: Forbidden: cannot be set for a windows pod",
    inPod({
      os: { name: "windows" },
      securityContext: { seLinuxChangePolicy: "Recursive", fsGroupChangePolicy: "Always" },
    }),
  ],
  [
    "spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod",
    inPod({ os: { name: "linux" }, securityContext: { windowsOptions: { runAsUserName: "a" } } }),
  ],
  [
    "spec.hostPID: Forbidden: cannot be set for a windows pod; spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod; spec.containers[0].securityContext.privileged: Forbidden: cannot be set for a windows pod",
    podWith(
      { os: { name: "windows" }, hostPID: true, securityContext: { runAsUser: 1 } },
      { securityContext: { privileged: true } },
    ),
  ],
  [
    "spec.hostUsers: Forbidden: cannot be set for a windows pod; spec.securityContext.seLinuxOptions: Forbidden: cannot be set for a windows pod; spec.securityContext.sysctls: Forbidden: cannot be set for a windows pod",
    inPod({
      os: { name: "windows" },
      hostUsers: false,
      securityContext: { seLinuxOptions: {}, sysctls: [{ name: "a", value: "" }] },
    }),
  ],
  [
    "spec.resources.limits[a b]: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'); spec.resources.claims: Forbidden: claims may not be set for Resources at pod-level; spec.resources.claims[0]: Not found: \"a\": must be one of the names in pod.spec.resourceClaims which is empty",
    inPod({ resources: { limits: { cpu: "1", "a b": "1" }, claims: [{ name: "a" }] } }),
  ],
  [
    'spec.resourceClaims[0].name: Required value; spec.resourceClaims[0]: Invalid value: {"name":""}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
    inPod({ resourceClaims: [{ name: "" }] }),
  ],
  [
    'spec.resourceClaims[0].name: Invalid value: "A_": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or \'-\', and must start and end with an alphanumeric character (e.g. \'my-name\',  or \'123-abc\', regex used for validation is \'[a-z0-9]([-a-z0-9]*[a-z0-9])?\'); spec.resourceClaims[0]: Invalid value: {"name":"A_","resourceClaimName":"a","resourceClaimTemplateName":"b"}: at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified',
    inPod({ resourceClaims: [{ name: "A_", resourceClaimName: "a", resourceClaimTemplateName: "b" }] }),
  ],
  [
    "spec.containers[0].resources.claims[0].request: Invalid value: \"A_\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?'); spec.containers[0].resources.claims[0]: Not found: \"b\": must be one of the names in pod.spec.resourceClaims: a",
    podWith(
      { resourceClaims: [{ name: "a", resourceClaimName: "a" }] },
      { resources: { claims: [{ name: "b", request: "A_" }] } },
    ),
  ],
];
