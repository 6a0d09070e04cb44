import { verificationPolicies } from "../images/verification-policy.ts";
import type { FieldRule, FieldRules, FieldSupport } from "./field-rule.ts";

// Shorthands of the table below; `support` defaults to "acted".
type Numbers = { readonly min?: number; readonly max?: number };

const text = (value?: string, support: FieldSupport = "acted"): FieldRule => ({
  kind: "string",
  support,
  default: value,
});
const choice = (value: string, oneOf: readonly string[], support: FieldSupport = "acted"): FieldRule => ({
  kind: "string",
  support,
  default: value,
  oneOf,
});
const flag = (value?: boolean, support: FieldSupport = "acted"): FieldRule => ({
  kind: "boolean",
  support,
  default: value,
});
const integer = (value?: number, limits: Numbers = {}, support: FieldSupport = "acted"): FieldRule => ({
  kind: "integer",
  support,
  default: value,
  ...limits,
});
const duration = (value?: string, minMs = 0, support: FieldSupport = "acted"): FieldRule => ({
  kind: "duration",
  support,
  default: value,
  minMs,
});
const strings = (value?: readonly string[], support: FieldSupport = "acted"): FieldRule => ({
  kind: "strings",
  support,
  default: value,
});
const map = (support: FieldSupport = "acted"): FieldRule => ({ kind: "map", support });
const any = (support: FieldSupport): FieldRule => ({ kind: "any", support });
const object = (fields: FieldRules, support: FieldSupport = "acted"): FieldRule => ({
  kind: "object",
  support,
  fields,
});

/** 0 is off, or for the node's HTTPS API any free port. */
const port = { min: 0, max: 65_535 };
const percent = { min: 0, max: 100 };
const count = { min: 0 };

const serving: FieldRules = {
  enableServer: flag(true),
  address: text("0.0.0.0"),
  port: integer(10_250, port),
  readOnlyPort: integer(0, port, "missing"),
  healthzPort: integer(10_248, port),
  healthzBindAddress: text("127.0.0.1"),
  tlsCertFile: text(),
  tlsPrivateKeyFile: text(),
  tlsMinVersion: choice("VersionTLS12", ["VersionTLS12", "VersionTLS13"]),
  tlsCipherSuites: strings(),
  tlsCurvePreferences: any("missing"),
  rotateCertificates: flag(false, "missing"),
  serverTLSBootstrap: flag(false, "missing"),
  authentication: object({
    x509: object({ clientCAFile: text() }),
    webhook: object({ enabled: flag(true), cacheTTL: duration("2m0s") }),
    anonymous: object({ enabled: flag(false) }),
  }),
  authorization: object({
    mode: choice("Webhook", ["Webhook", "AlwaysAllow"]),
    webhook: object({
      cacheAuthorizedTTL: duration("5m0s"),
      cacheUnauthorizedTTL: duration("30s"),
    }),
  }),
  enableDebuggingHandlers: flag(true),
  enableContentionProfiling: flag(false, "inert"),
  enableProfilingHandler: flag(true, "inert"),
  enableDebugFlagsHandler: flag(true, "inert"),
  enableSystemLogHandler: flag(true, "missing"),
  enableSystemLogQuery: flag(false, "missing"),
  streamingConnectionIdleTimeout: duration("4h0m0s", 0, "missing"),
};

const node: FieldRules = {
  registerNode: flag(true),
  registerWithTaints: {
    kind: "objects",
    support: "acted",
    fields: { key: text(), value: text(), effect: text(), timeAdded: text() },
  },
  providerID: text(),
  nodeStatusUpdateFrequency: duration("10s"),
  // Without a value it depends on nodeStatusUpdateFrequency; see defaults.ts.
  nodeStatusReportFrequency: duration(),
  nodeLeaseDurationSeconds: integer(40, { min: 1 }),
  nodeStatusMaxImages: integer(50, { min: -1 }),
  maxPods: integer(110, count),
  podsPerCore: integer(0, count),
  systemReserved: map(),
  kubeReserved: map(),
  featureGates: map("inert"),
  localStorageCapacityIsolation: flag(true),
  shutdownGracePeriod: duration("0s", 0, "missing"),
  shutdownGracePeriodCriticalPods: duration("0s", 0, "missing"),
  shutdownGracePeriodByPodPriority: any("missing"),
};

const clients: FieldRules = {
  eventRecordQPS: integer(50, count),
  eventBurst: integer(100, count),
  kubeAPIQPS: integer(50, count),
  kubeAPIBurst: integer(100, count),
  contentType: text("application/vnd.kubernetes.protobuf", "inert"),
};

const pods: FieldRules = {
  staticPodPath: text(),
  staticPodURL: text(),
  staticPodURLHeader: { kind: "lists", support: "acted" },
  syncFrequency: duration("1m0s", 0, "missing"),
  fileCheckFrequency: duration("20s"),
  httpCheckFrequency: duration("20s"),
  podCIDR: text(),
  clusterDomain: text(undefined, "missing"),
  clusterDNS: strings(undefined, "missing"),
  resolvConf: text("/etc/resolv.conf", "missing"),
  configMapAndSecretChangeDetectionStrategy: choice("Watch", ["Watch", "Cache", "Get"], "missing"),
  crashLoopBackOff: object({ maxContainerRestartPeriod: duration("5m0s", 1_000) }),
  maxOpenFiles: integer(1_000_000, count, "inert"),
  podPidsLimit: integer(-1, { min: -1 }, "missing"),
  podLogsDir: text("/var/log/pods"),
  containerLogMaxSize: { kind: "quantity", support: "acted", default: "10Mi" },
  containerLogMaxFiles: integer(5, { min: 2 }),
  containerLogMaxWorkers: integer(1, { min: 1 }),
  containerLogMonitorInterval: duration("10s", 3_000),
};

const images: FieldRules = {
  serializeImagePulls: flag(true),
  // Without a value 1 when pulls are serialised, else no limit; see defaults.ts.
  maxParallelImagePulls: integer(undefined, { min: 1 }),
  registryPullQPS: integer(5, count, "missing"),
  registryBurst: integer(10, count, "missing"),
  imageMinimumGCAge: duration("2m0s"),
  imageMaximumGCAge: duration("0s"),
  imageGCHighThresholdPercent: integer(85, percent),
  imageGCLowThresholdPercent: integer(80, percent),
  imagePullCredentialsVerificationPolicy: choice("NeverVerifyPreloadedImages", verificationPolicies),
  preloadedImagesVerificationAllowlist: strings(),
};

const eviction: FieldRules = {
  evictionHard: {
    kind: "map",
    support: "missing",
    effect: "only lowers what pods may use of the node; no pod is evicted for pressure",
  },
  evictionSoft: map("missing"),
  evictionSoftGracePeriod: map("missing"),
  evictionPressureTransitionPeriod: duration("5m0s", 0, "missing"),
  evictionMaxPodGracePeriod: integer(0, count, "missing"),
  evictionMinimumReclaim: map("missing"),
  mergeDefaultEvictionSettings: flag(false),
  kernelMemcgNotification: flag(false, "inert"),
};

// Settings of Linux containers behind CRI, of the Go implementation, and deprecated ones.
const containers: FieldRules = {
  ...Object.fromEntries(
    [
      "containerRuntimeEndpoint",
      "imageServiceEndpoint",
      "runtimeRequestTimeout",
      "cgroupDriver",
      "cgroupRoot",
      "cgroupsPerQOS",
      "enforceNodeAllocatable",
      "systemReservedCgroup",
      "kubeReservedCgroup",
      "systemCgroups",
      "kubeletCgroups",
      "reservedSystemCPUs",
      "reservedMemory",
      "cpuCFSQuota",
      "cpuCFSQuotaPeriod",
      "cpuManagerPolicy",
      "cpuManagerPolicyOptions",
      "singleProcessOOMKill",
      "cpuManagerReconcilePeriod",
      "memoryManagerPolicy",
      "topologyManagerPolicy",
      "topologyManagerPolicyOptions",
      "topologyManagerScope",
      "qosReserved",
      "memoryThrottlingFactor",
      "memoryReservationPolicy",
      "memorySwap",
      "failSwapOn",
      "failCgroupV1",
      "hairpinMode",
      "seccompDefault",
      "oomScoreAdj",
      "allowedUnsafeSysctls",
      "protectKernelDefaults",
      "makeIPTablesUtilChains",
      "iptablesMasqueradeBit",
      "iptablesDropBit",
      "userNamespaces",
      "volumePluginDir",
      "volumeStatsAggPeriod",
      "enableControllerAttachDetach",
      "nodeLeaseRenewIntervalFraction",
      "runOnce",
      "showHiddenMetricsForVersion",
      "registerSchedulable",
      "tracing",
      "flushFrequency",
      "logging",
    ].map((name) => [name, any("inert")]),
  ),
};

/** Every field of `KubeletConfiguration` in `kubelet.config.k8s.io/v1beta1`, with upstream's defaults. */
export const fieldRules: FieldRules = {
  ...serving,
  ...node,
  ...clients,
  ...pods,
  ...images,
  ...eviction,
  ...containers,
};

/** Upstream's hard eviction thresholds on Linux; any given one replaces them all. */
export const defaultEvictionHard: Readonly<Record<string, string>> = {
  "memory.available": "100Mi",
  "nodefs.available": "10%",
  "nodefs.inodesFree": "5%",
  "imagefs.available": "15%",
  "imagefs.inodesFree": "5%",
};
