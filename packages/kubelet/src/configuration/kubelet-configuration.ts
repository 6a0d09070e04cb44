import type { Taint } from "@wherry/kubernetes";
import type { VerificationPolicy } from "../images/verification-policy.ts";

/**
 * `KubeletConfiguration` of `kubelet.config.k8s.io/v1beta1` as it is written in a file: durations as Go spells them, quantities as
 * text. Only the fields this kubelet acts on are typed; the others are kept for `/configz`.
 */
export interface KubeletConfiguration {
  readonly apiVersion?: "kubelet.config.k8s.io/v1beta1";
  readonly kind?: "KubeletConfiguration";
  readonly enableServer?: boolean;
  readonly address?: string;
  readonly port?: number;
  readonly healthzPort?: number;
  readonly healthzBindAddress?: string;
  readonly tlsCertFile?: string;
  readonly tlsPrivateKeyFile?: string;
  readonly tlsMinVersion?: "VersionTLS12" | "VersionTLS13";
  readonly tlsCipherSuites?: readonly string[];
  readonly authentication?: {
    readonly x509?: { readonly clientCAFile?: string };
    readonly webhook?: { readonly enabled?: boolean; readonly cacheTTL?: string };
    readonly anonymous?: { readonly enabled?: boolean };
  };
  readonly authorization?: {
    readonly mode?: "Webhook" | "AlwaysAllow";
    readonly webhook?: { readonly cacheAuthorizedTTL?: string; readonly cacheUnauthorizedTTL?: string };
  };
  readonly enableDebuggingHandlers?: boolean;
  readonly registerNode?: boolean;
  readonly registerWithTaints?: readonly Taint[];
  readonly providerID?: string;
  readonly nodeStatusUpdateFrequency?: string;
  readonly nodeStatusReportFrequency?: string;
  readonly nodeLeaseDurationSeconds?: number;
  readonly nodeStatusMaxImages?: number;
  readonly maxPods?: number;
  readonly podsPerCore?: number;
  readonly systemReserved?: Readonly<Record<string, string>>;
  readonly kubeReserved?: Readonly<Record<string, string>>;
  readonly localStorageCapacityIsolation?: boolean;
  readonly eventRecordQPS?: number;
  readonly eventBurst?: number;
  readonly kubeAPIQPS?: number;
  readonly kubeAPIBurst?: number;
  readonly staticPodPath?: string;
  readonly syncFrequency?: string;
  readonly staticPodURL?: string;
  readonly staticPodURLHeader?: Readonly<Record<string, readonly string[]>>;
  readonly fileCheckFrequency?: string;
  readonly httpCheckFrequency?: string;
  readonly podCIDR?: string;
  readonly clusterDomain?: string;
  readonly clusterDNS?: readonly string[];
  readonly resolvConf?: string;
  readonly crashLoopBackOff?: { readonly maxContainerRestartPeriod?: string };
  readonly podLogsDir?: string;
  readonly containerLogMaxSize?: string;
  readonly containerLogMaxFiles?: number;
  readonly containerLogMaxWorkers?: number;
  readonly containerLogMonitorInterval?: string;
  readonly serializeImagePulls?: boolean;
  readonly maxParallelImagePulls?: number;
  readonly imageMinimumGCAge?: string;
  readonly imageMaximumGCAge?: string;
  readonly imageGCHighThresholdPercent?: number;
  readonly imageGCLowThresholdPercent?: number;
  readonly imagePullCredentialsVerificationPolicy?: VerificationPolicy["policy"];
  readonly preloadedImagesVerificationAllowlist?: readonly string[];
  readonly evictionHard?: Readonly<Record<string, string>>;
  readonly evictionPressureTransitionPeriod?: string;
  readonly mergeDefaultEvictionSettings?: boolean;
  readonly [field: string]: unknown;
}
