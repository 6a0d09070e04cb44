import { isIP } from "node:net";
import { parseQuantity, quantityValue, type Taint, tryParseQuantity } from "@wherry/kubernetes";
import { allowlistProblem, type VerificationPolicy } from "../images/verification-policy.ts";
import type { Threshold } from "../node/node-resources.ts";
import type { ManifestRequest } from "../pods/static/manifest-answer.ts";
import { withDefaults } from "./defaults.ts";
import type { ConfigurationProblem, ReportProblem } from "./errors.ts";
import { parseThresholds } from "./eviction-thresholds.ts";
import { tryParseGoDuration } from "./go-duration.ts";
import type { KubeletConfiguration } from "./kubelet-configuration.ts";
import { type ReservedResources, reservedResources } from "./reserved-resources.ts";
import { opensslCipher } from "./tls-ciphers.ts";

/** A configuration in effect: defaults applied, values parsed and checked against each other. */
export interface ResolvedConfiguration {
  /** As it would be written in a file, with defaults; for `/configz`. */
  readonly source: KubeletConfiguration;
  readonly server: {
    readonly enabled: boolean;
    readonly address: string;
    readonly port: number;
    readonly debuggingHandlers: boolean;
    readonly tlsCertFile: string | undefined;
    readonly tlsPrivateKeyFile: string | undefined;
    readonly tlsMinVersion: "TLSv1.2" | "TLSv1.3";
    /** OpenSSL names; empty for the default. */
    readonly tlsCiphers: readonly string[];
  };
  /** Port 0 is off. */
  readonly healthz: { readonly address: string; readonly port: number };
  readonly authentication: {
    readonly clientCaFile: string | undefined;
    readonly webhook: { readonly enabled: boolean; readonly cacheTtlMs: number };
    readonly anonymous: boolean;
  };
  readonly authorization: {
    readonly mode: "Webhook" | "AlwaysAllow";
    readonly allowTtlMs: number;
    readonly denyTtlMs: number;
  };
  readonly node: {
    readonly register: boolean;
    readonly taints: readonly Taint[];
    readonly providerId: string | undefined;
    readonly statusUpdateEveryMs: number;
    readonly statusReportEveryMs: number;
    readonly statusMaxImages: number;
    readonly leaseDurationSeconds: number;
    readonly maxPods: number;
    readonly podsPerCore: number;
    /** Sum of `systemReserved` and `kubeReserved`. */
    readonly reserved: ReservedResources;
  };
  readonly eviction: {
    readonly hard: Readonly<Record<string, Threshold>>;
    readonly pressureTransitionMs: number;
    /** Whether local storage is a resource of the node, and pods that take up more of it than their spec allows are evicted. */
    readonly localStorage: boolean;
  };
  readonly api: { readonly qps: number; readonly burst: number };
  readonly events: { readonly perSecond: number; readonly burst: number };
  readonly pods: {
    readonly staticPath: string | undefined;
    readonly syncEveryMs: number;
    readonly fileCheckEveryMs: number;
    /** Where manifests are fetched from, with the headers of the request. */
    readonly staticUrl: ManifestRequest | undefined;
    readonly httpCheckEveryMs: number;
    /** Range of pods' addresses until the Node has one. */
    readonly podCidr: string | undefined;
    readonly clusterDomain: string | undefined;
    readonly clusterDns: readonly string[];
    readonly resolvConf: string;
    readonly maxRestartDelayMs: number;
  };
  readonly logs: {
    readonly podLogsDirectory: string;
    readonly maxSizeBytes: number;
    readonly maxFiles: number;
    readonly maxWorkers: number;
    readonly checkEveryMs: number;
  };
  readonly images: {
    /** Infinite for no limit. */
    readonly maxParallelPulls: number;
    readonly minimumAgeMs: number;
    /** 0 for no limit. */
    readonly maximumAgeMs: number;
    readonly highThresholdPercent: number;
    readonly lowThresholdPercent: number;
    readonly verification: VerificationPolicy;
  };
}

/** Parses a decoded configuration and checks what concerns more than one field; unusable where there are problems. */
export function resolveConfiguration(given: KubeletConfiguration): {
  readonly resolved: ResolvedConfiguration;
  readonly problems: readonly ConfigurationProblem[];
} {
  const source = withDefaults(given);
  const problems: ConfigurationProblem[] = [];
  const problem = (path: string, message: string): void => void problems.push({ path, message });
  checkRelations(source, problem);
  const resolved: ResolvedConfiguration = {
    source,
    ...resolveServing(source, problem),
    node: resolveNode(source, problem),
    eviction: {
      hard: parseThresholds(source.evictionHard ?? {}, "evictionHard", problem),
      pressureTransitionMs: ms(source.evictionPressureTransitionPeriod),
      localStorage: source.localStorageCapacityIsolation ?? true,
    },
    api: { qps: source.kubeAPIQPS ?? 50, burst: source.kubeAPIBurst ?? 100 },
    events: { perSecond: source.eventRecordQPS ?? 50, burst: source.eventBurst ?? 100 },
    pods: {
      staticPath: source.staticPodPath || undefined,
      syncEveryMs: ms(source.syncFrequency),
      fileCheckEveryMs: ms(source.fileCheckFrequency),
      staticUrl: source.staticPodURL
        ? { url: source.staticPodURL, headers: source.staticPodURLHeader ?? {} }
        : undefined,
      httpCheckEveryMs: ms(source.httpCheckFrequency),
      podCidr: source.podCIDR || undefined,
      clusterDomain: source.clusterDomain || undefined,
      clusterDns: source.clusterDNS ?? [],
      resolvConf: source.resolvConf ?? "",
      maxRestartDelayMs: ms(source.crashLoopBackOff?.maxContainerRestartPeriod),
    },
    logs: {
      podLogsDirectory: source.podLogsDir ?? "",
      maxSizeBytes: quantityValue(parseQuantity(quantityOr(source.containerLogMaxSize, "10Mi"))),
      maxFiles: source.containerLogMaxFiles ?? 5,
      maxWorkers: source.containerLogMaxWorkers ?? 1,
      checkEveryMs: ms(source.containerLogMonitorInterval),
    },
    images: {
      maxParallelPulls: source.maxParallelImagePulls ?? (source.serializeImagePulls ? 1 : Number.POSITIVE_INFINITY),
      minimumAgeMs: ms(source.imageMinimumGCAge),
      maximumAgeMs: ms(source.imageMaximumGCAge),
      highThresholdPercent: source.imageGCHighThresholdPercent ?? 85,
      lowThresholdPercent: source.imageGCLowThresholdPercent ?? 80,
      verification: resolveVerification(source, problem),
    },
  };
  return { resolved, problems };
}

function resolveNode(source: KubeletConfiguration, problem: ReportProblem): ResolvedConfiguration["node"] {
  return {
    register: source.registerNode ?? true,
    taints: source.registerWithTaints ?? [],
    providerId: source.providerID || undefined,
    statusUpdateEveryMs: ms(source.nodeStatusUpdateFrequency),
    statusReportEveryMs: ms(source.nodeStatusReportFrequency),
    statusMaxImages: source.nodeStatusMaxImages ?? 50,
    leaseDurationSeconds: source.nodeLeaseDurationSeconds ?? 40,
    maxPods: source.maxPods ?? 110,
    podsPerCore: source.podsPerCore ?? 0,
    reserved: reservedResources(source, problem),
  };
}

function resolveVerification(source: KubeletConfiguration, problem: ReportProblem): VerificationPolicy {
  const policy = source.imagePullCredentialsVerificationPolicy || "NeverVerifyPreloadedImages";
  const allowlist = source.preloadedImagesVerificationAllowlist ?? [];
  if (allowlist.length > 0 && policy !== "NeverVerifyAllowlistedImages")
    problem(
      "preloadedImagesVerificationAllowlist",
      `must be absent unless imagePullCredentialsVerificationPolicy is "NeverVerifyAllowlistedImages"; it is "${policy}"`,
    );
  for (const [index, entry] of allowlist.entries()) {
    const message = allowlistProblem(entry);
    if (message !== undefined) problem(`preloadedImagesVerificationAllowlist[${index}]`, message);
  }
  return { policy, allowlist };
}

function resolveServing(
  source: KubeletConfiguration,
  problem: ReportProblem,
): Pick<ResolvedConfiguration, "server" | "healthz" | "authentication" | "authorization"> {
  const { authentication, authorization } = source;
  const tlsCiphers = (source.tlsCipherSuites ?? []).map((suite, index) => {
    const cipher = opensslCipher(suite);
    if (cipher === undefined)
      problem(
        `tlsCipherSuites[${index}]`,
        `is "${suite}", it must be a name as IANA has it, e.g. "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"`,
      );
    return cipher ?? suite;
  });
  return {
    server: {
      enabled: source.enableServer ?? true,
      address: source.address ?? "0.0.0.0",
      port: source.port ?? 10_250,
      debuggingHandlers: source.enableDebuggingHandlers ?? true,
      tlsCertFile: source.tlsCertFile || undefined,
      tlsPrivateKeyFile: source.tlsPrivateKeyFile || undefined,
      tlsMinVersion: source.tlsMinVersion === "VersionTLS13" ? "TLSv1.3" : "TLSv1.2",
      tlsCiphers,
    },
    healthz: { address: source.healthzBindAddress ?? "127.0.0.1", port: source.healthzPort ?? 10_248 },
    authentication: {
      clientCaFile: authentication?.x509?.clientCAFile || undefined,
      webhook: { enabled: authentication?.webhook?.enabled ?? true, cacheTtlMs: ms(authentication?.webhook?.cacheTTL) },
      anonymous: authentication?.anonymous?.enabled ?? false,
    },
    authorization: {
      mode: authorization?.mode || "Webhook",
      allowTtlMs: ms(authorization?.webhook?.cacheAuthorizedTTL),
      denyTtlMs: ms(authorization?.webhook?.cacheUnauthorizedTTL),
    },
  };
}

function checkRelations(source: KubeletConfiguration, problem: ReportProblem): void {
  const { tlsCertFile, tlsPrivateKeyFile, imageGCHighThresholdPercent = 85, imageGCLowThresholdPercent = 80 } = source;
  if (Boolean(tlsCertFile) !== Boolean(tlsPrivateKeyFile))
    problem(
      tlsCertFile ? "tlsPrivateKeyFile" : "tlsCertFile",
      "is missing, it must be given together with the other of the two",
    );
  if (imageGCLowThresholdPercent >= imageGCHighThresholdPercent)
    problem(
      "imageGCLowThresholdPercent",
      `is ${imageGCLowThresholdPercent}, it must be below imageGCHighThresholdPercent (${imageGCHighThresholdPercent})`,
    );
  if (source.serializeImagePulls && (source.maxParallelImagePulls ?? 1) > 1)
    problem(
      "maxParallelImagePulls",
      `is ${source.maxParallelImagePulls}, with serializeImagePulls it must be 1 or absent`,
    );
  for (const name of ["address", "healthzBindAddress"] as const) {
    const address = source[name] ?? "";
    if (isIP(address) === 0) problem(name, `is "${address}", it must be an IP address`);
  }
  for (const [index, address] of (source.clusterDNS ?? []).entries())
    if (isIP(address) === 0) problem(`clusterDNS[${index}]`, `is "${address}", it must be an IP address`);
  if (source.staticPodPath && !source.staticPodPath.startsWith("/"))
    problem("staticPodPath", `is "${source.staticPodPath}", it must be an absolute path`);
  if (source.staticPodURL && !/^https?:$/.test(URL.parse(source.staticPodURL)?.protocol ?? ""))
    problem(
      "staticPodURL",
      `is "${source.staticPodURL}", it must be an http or https URL such as "https://host/pods.yaml"`,
    );
  for (const [name, values] of Object.entries(source.staticPodURLHeader ?? {}))
    if (!isHttpHeader(name, values)) problem(`staticPodURLHeader.${name}`, "is nothing that an HTTP header can carry");
  if (source.podLogsDir !== undefined && !source.podLogsDir.startsWith("/"))
    problem("podLogsDir", `is "${source.podLogsDir}", it must be an absolute path`);
  if (
    source.authorization?.mode === "Webhook" &&
    source.enableServer &&
    source.authentication?.webhook?.enabled === false
  )
    if (!source.authentication.x509?.clientCAFile && !source.authentication.anonymous?.enabled)
      problem("authentication", "lets nobody in: webhook and anonymous are off and x509.clientCAFile is missing");
}

function isHttpHeader(name: string, values: readonly string[]): boolean {
  try {
    for (const value of values) new Headers([[name, value]]);
    return true;
  } catch {
    return false;
  }
}

/** Milliseconds of a duration that decoding has checked. */
function ms(duration: string | undefined): number {
  return duration === undefined ? 0 : (tryParseGoDuration(duration) ?? 0);
}

/** `text`, or the default where decoding has found it to be none. */
function quantityOr(text: string | undefined, fallback: string): string {
  return text !== undefined && tryParseQuantity(text) !== undefined ? text : fallback;
}
