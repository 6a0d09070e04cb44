/**
 * A Kubernetes kubelet as a library: the node, its pods and its HTTP API around a `Provider` that runs the pods, with the complete
 * pod lifecycle over any `Runtime` as the standard one.
 *
 * @packageDocumentation
 */
export type {
  ActionOptions,
  CommandResult,
  ContainerActions,
  GrpcTarget,
  NetworkTarget,
} from "./actions/container-actions.ts";
export { createContainerActions } from "./actions/create-container-actions.ts";
export type { HttpRequest, HttpResponse } from "./actions/http-request.ts";
export { ConfigurationError, type ConfigurationProblem } from "./configuration/errors.ts";
export type { KubeletConfiguration } from "./configuration/kubelet-configuration.ts";
export {
  type LoadConfigurationOptions,
  type LoadedConfiguration,
  loadConfiguration,
} from "./configuration/load-configuration.ts";
export { type ResolvedConfiguration, resolveConfiguration } from "./configuration/resolve-configuration.ts";
export {
  type CredentialProviders,
  type CredentialProvidersFactory,
  type CredentialProvidersOptions,
  loadCredentialProviders,
} from "./credentials/credential-providers.ts";
export type { CredentialProviderServices } from "./credentials/pod-service-account.ts";
export { ActionError, ConfigError, HookError, KubeletError, VolumeError } from "./errors.ts";
export { createHookRunner, type HookRunnerOptions } from "./hooks/create-hook-runner.ts";
export type { HookRunner, HookSubject } from "./hooks/hook-runner.ts";
export type { FinishedPull, ImageAccess } from "./images/image-access.ts";
export type { CredentialSource, PullCredential } from "./images/pull-credential.ts";
export { createKubelet, type Kubelet, type KubeletOptions, type KubeletServices } from "./kubelet.ts";
export { CriLogWriter, type CriLogWriterOptions } from "./logs/cri-log-writer.ts";
export { NodeError, type NodeErrorCode } from "./node/errors.ts";
export { type NodeAddressOptions, resolveNodeAddresses } from "./node/node-addresses.ts";
export {
  type NodePlatform,
  wasmArchitecture,
  wasmClusterPlatform,
  wasmStandalonePlatform,
} from "./node/node-labels.ts";
export { resolveNodeName } from "./node/node-name.ts";
export type { PullSecrets } from "./objects/pull-secrets.ts";
export type { EnvironmentFacts, EnvironmentResolver, EnvironmentVariable } from "./ports/environment.ts";
export type { EventContent, EventRecorder, EventSubject } from "./ports/event-recorder.ts";
export { type LogFiles, type LoggedContainer, nodeLogFiles } from "./ports/log-files.ts";
export { containerLogPath, type PodIdentity, podLogDirectory } from "./ports/log-paths.ts";
export type { ContainerLog, LogRefusal } from "./ports/log-source.ts";
export type { NodeFacts } from "./ports/node-facts.ts";
export type { ObjectCache, ObjectCallOptions } from "./ports/object-cache.ts";
export type { RuntimeClasses } from "./ports/runtime-classes.ts";
export type { ContainerMountsOptions, VolumeCallOptions, VolumeManager } from "./ports/volume-manager.ts";
export { createProbeManager, type ProbeManagerOptions } from "./probes/create-probe-manager.ts";
export type {
  PodProbes,
  PodProbesListener,
  PodView,
  ProbedContainer,
  ProbeManager,
  ProbeSeries,
} from "./probes/probe-manager.ts";
export { describeInstances, type InstanceFacts } from "./provider/describe-instances.ts";
export type { HealthTerm, NodeDetails } from "./provider/node-details.ts";
export { type ContainerPlan, type ContainerPlanFacts, planContainers } from "./provider/plan-containers.ts";
export type { PodDescription } from "./provider/pod-description.ts";
export type { PodHandle, PodTermination } from "./provider/pod-handle.ts";
export type { ContainerTarget, PodRefusal, Provider, ProviderCallOptions } from "./provider/provider.ts";
export type { Counter, Gauge, Histogram, MetricLabels, MetricsRegistry } from "./server/metrics/metrics-registry.ts";
export { BackOffTable, type BackOffTableOptions } from "./standard/back-off-table.ts";
export type { NodeUser } from "./standard/container-user.ts";
export { type CrashDelayFacts, crashDelay } from "./standard/crash-delay.ts";
export {
  describeStandardPod,
  extendStandardProvider,
  type StandardExtension,
  type StandardPod,
  standardStates,
} from "./standard/extend-standard-provider.ts";
export { GraceDeadline } from "./standard/grace-deadline.ts";
export { type ImageOutcome, ImagePuller, type ImagePullerOptions, type ImageRequest } from "./standard/image-puller.ts";
export { nextAttempt } from "./standard/next-attempt.ts";
export { podEdges, podStateDescriptions } from "./standard/pod-edges.ts";
export { type FieldRule, type FieldVerdict, podFieldTable, type RuntimeAbility } from "./standard/pod-field-table.ts";
export type { PodMachine, PodState } from "./standard/pod-machine.ts";
export { standardMachine } from "./standard/standard-machine.ts";
export type { StandardProviderOptions } from "./standard/standard-options.ts";
export { createStandardProvider, type StandardProvider } from "./standard/standard-provider.ts";
export type { StartDelay } from "./standard/start-outcome.ts";
export { refuseFields } from "./standard/unsupported-fields.ts";
export { Wakeup } from "./standard/wakeup.ts";
export type { TerminationLogs } from "./volumes/termination-log.ts";
