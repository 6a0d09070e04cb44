export type * from "./api/index.ts";
export { type KubernetesList, type KubernetesObject, objectKey } from "./object.ts";
export { PatchError } from "./patch/errors.ts";
export { type FieldShape, fieldSchema, fieldShape } from "./patch/field-shape.ts";
export { applyJsonPatch } from "./patch/json-patch.ts";
export { isJsonObject, type JsonObject, type JsonValue, jsonEquals, setOwn } from "./patch/json-value.ts";
export {
  type ApplyConfigurationOptions,
  type ApplyConflict,
  type ApplyOutcome,
  applyConfiguration,
  type FieldManager,
  trackFieldUpdate,
} from "./patch/managed-fields.ts";
export { applyMergePatch } from "./patch/merge-patch.ts";
export { applyStrategicMergePatch } from "./patch/strategic-merge-patch.ts";
export { formatApiTime, parseApiTime } from "./pods/api-time.ts";
export {
  awaitsRestartOfAll,
  type ContainerInstance,
  type ContainerStatusFacts,
  containerStatus,
  endedStatuses,
  isOutlived,
  restartingAllReason,
  type WaitingReason,
} from "./pods/container-statuses.ts";
export {
  describeResize,
  isResizable,
  type PodAllocation,
  podAllocation,
  resizableResources,
  sameAllocation,
  sameResizable,
  withAllocation,
} from "./pods/pod-allocation.ts";
export {
  kubeletConditionTypes,
  type PodConditionFacts,
  podConditions,
  withTransitionTimes,
} from "./pods/pod-conditions.ts";
export {
  type ContainerKind,
  containerFieldPath,
  findContainer,
  findContainerStatus,
  hasAnyAppContainerStarted,
  hasRun,
  isRestartableInitContainer,
  type PodContainer,
  podContainers,
  podTitle,
  statusOfContainer,
} from "./pods/pod-containers.ts";
export { setPodDefaults, setPodTemplateDefaults } from "./pods/pod-defaults.ts";
export { type PodPhase, type PodPhaseFacts, podPhase } from "./pods/pod-phase.ts";
export {
  configHashAnnotation,
  configMirrorAnnotation,
  configSourceAnnotation,
  findPodCondition,
  isCriticalPod,
  isMirrorPod,
  isPodReady,
  isPodTerminal,
  isStaticPod,
  isTerminalPhase,
  mayPreempt,
} from "./pods/pod-predicates.ts";
export {
  containerRequests,
  formatResourceList,
  parseResourceList,
  podEphemeralStorageLimit,
  podLimits,
  podRequests,
  type ResourceAmounts,
} from "./pods/pod-resources.ts";
export { type PodStatusFacts, podStatus } from "./pods/pod-status.ts";
export { type QosClass, qosClass } from "./pods/qos-class.ts";
export {
  mayRestartAll,
  mayTakeBackExit,
  shouldRestartAfterExit,
  shouldRestartAllAfterExit,
} from "./pods/restart-policy.ts";
export {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
  QuantityError,
  type QuantityFormat,
  quantityGrammarMessage,
  quantityMilliValue,
  quantityValue,
  tryParseQuantity,
} from "./quantity.ts";
export { schemaTable } from "./schema/table.ts";
export type { FieldSchema, TypeSchema } from "./schema/type-schema.ts";
export {
  type FieldRequirement,
  type FieldSelector,
  matchesFields,
  parseFieldSelector,
} from "./selectors/field-selector.ts";
export {
  type LabelOperator,
  type LabelRequirement,
  type LabelSelector as ParsedLabelSelector,
  labelSelectorOf,
  matchesLabels,
  parseLabelSelector,
  SelectorError,
} from "./selectors/label-selector.ts";
export { dnsLabelProblem, dnsSubdomainProblem, labelKeyProblem, labelValueProblem } from "./selectors/label-syntax.ts";
export { matchesNodeSelector, matchesNodeSelectorTerm, matchesPodNodeSelection } from "./selectors/node-selector.ts";
export { findUntoleratedTaint, toleratesTaint } from "./selectors/tolerations.ts";
export {
  checkForm,
  checkNonNegative,
  checkRange,
  checkSupported,
  duplicateValue,
  type FieldError,
  forbiddenValue,
  invalidValue,
  notFoundValue,
  requiredValue,
  tooLongValue,
  tooManyItems,
  unsupportedValue,
} from "./validation/field-error.ts";
export {
  isZeroIntOrPercent,
  scaledIntOrPercent,
  validateAtMostWhole,
  validateIntOrPercent,
} from "./validation/int-or-percent.ts";
export { isEmptySelector, matchesLabelSelector, validateLabelSelector } from "./validation/label-selector.ts";
export {
  validateAnnotations,
  validateLabels,
  validateMetadata,
  validateMetadataUpdate,
} from "./validation/metadata.ts";
export { configKeyProblem } from "./validation/names.ts";
export { validatePod, validatePodCreate } from "./validation/pods/pod.ts";
export { validatePodTemplate } from "./validation/pods/pod-template.ts";
export { validatePortNumber, validatePortOrName } from "./validation/port.ts";
export {
  maxCertificateSeconds,
  minCertificateSeconds,
  trustBundleNameProblem,
  validateSignerName,
  validateUserAnnotations,
} from "./validation/signer-name.ts";
