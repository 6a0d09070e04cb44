import type { ContainerResizePolicy, PodSpec, ResourceRequirements } from "../../api/index.ts";
import { formatResourceList, isComputeResource, isPodResource, podRequests } from "../../pods/pod-resources.ts";
import { compareQuantities, parseQuantity, tryParseQuantity } from "../../quantity.ts";
import { labelKeyProblem, labelKeyProblems } from "../../selectors/label-syntax.ts";
import {
  checkForm,
  checkSupported,
  duplicateValue,
  type FieldError,
  forbiddenValue,
  invalidValue,
  requiredValue,
} from "../field-error.ts";

const hugePages = "hugepages-";
const computeResources: readonly string[] = ["cpu", "memory"];
const containerResources: readonly string[] = [...computeResources, "ephemeral-storage"];
/** What else has a name of its own, and is counted in quotas only. */
const quotaResources: readonly string[] = [
  ...containerResources.flatMap((name) => [`requests.${name}`, `limits.${name}`]),
  "pods",
  "resourcequotas",
  "services",
  "services.nodeports",
  "services.loadbalancers",
  "replicationcontrollers",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "storage",
  "requests.storage",
];

/** Checks the amounts that a container asks for and may have. */
export function validateResources(resources: ResourceRequirements | undefined, path: string): FieldError[] {
  return [
    ...validateAmounts(resources, path, validateContainerResourceName),
    ...validateLimits(resources, path),
    ...validateHugePages(resources, path),
  ];
}

/** Checks the amounts that the containers of a pod share, at `path` of its spec. */
export function validatePodResources(spec: PodSpec, path: string): FieldError[] {
  const { resources } = spec;
  if (resources === undefined) return [];
  return [...validateShared(resources, `${path}.resources`), ...validateShares(spec, resources, path)];
}

function validateShared(resources: ResourceRequirements, path: string): FieldError[] {
  const errors = [
    ...validateAmounts(resources, path, validatePodResourceName),
    ...validateLimits(resources, path),
    ...validateHugePages(resources, path),
  ];
  if ((resources.claims ?? []).length > 0)
    errors.push(forbiddenValue(`${path}.claims`, "claims may not be set for Resources at pod-level"));
  return errors;
}

/** No container may have more than all together, and all not more than is asked for them. */
function validateShares(
  spec: PodSpec,
  { limits = {}, requests = {} }: ResourceRequirements,
  path: string,
): FieldError[] {
  const { resources: _r, overhead: _o, ...own } = spec;
  const errors: FieldError[] = [];
  const check = (field: string, amounts: Readonly<Record<string, string>>, sums: Readonly<Record<string, string>>) => {
    for (const [name, sum] of Object.entries(sums)) {
      const amount = Object.hasOwn(amounts, name) ? amounts[name] : undefined;
      if (amount !== undefined && compareQuantities(parseQuantity(sum), parseQuantity(amount)) > 0)
        errors.push(
          invalidValue(
            `${path}.resources.${field}[${name}]`,
            amount,
            `must be greater than or equal to aggregate container ${field} of ${sum}`,
          ),
        );
    }
  };
  const sums = formatResourceList(podRequests(own));
  check("requests", requests, sums);
  // Of huge pages what is asked for is what may be had.
  const pages = Object.entries(sums).filter(([name]) => name.startsWith(hugePages));
  check("limits", limits, Object.fromEntries(pages));
  spec.containers.forEach(({ resources }, index) => {
    for (const [name, amount] of Object.entries(resources?.limits ?? {})) {
      const limit = Object.hasOwn(limits, name) ? limits[name] : undefined;
      if (limit === undefined) continue;
      if (compareQuantities(parseQuantity(amount), parseQuantity(limit)) > 0)
        errors.push(
          invalidValue(
            `${path}.resources.containers[${index}][${name}].limits`,
            amount,
            `must be less than or equal to pod limits of ${limit}`,
          ),
        );
    }
  });
  return errors;
}

/** Checks what a pod costs beside its containers. */
export function validateOverhead(overhead: Readonly<Record<string, string>> | undefined, path: string): FieldError[] {
  return validateResources(overhead && { limits: { ...overhead } }, path);
}

type CheckName = (name: string, path: string) => FieldError[];

function validateAmounts(
  { limits = {}, requests = {} }: ResourceRequirements = {},
  path: string,
  checkName: CheckName,
): FieldError[] {
  return Object.entries({ limits, requests }).flatMap(([field, amounts]) =>
    Object.entries(amounts).flatMap(([name, amount]) => {
      const at = `${path}.${field}[${name}]`;
      return [...checkName(name, at), ...validateAmount(name, amount, at)];
    }),
  );
}

function validateAmount(name: string, amount: string, path: string): FieldError[] {
  const { nano } = parseQuantity(amount);
  const errors = nano < 0n ? [invalidValue(path, amount, "must be greater than or equal to 0")] : [];
  if (isExtendedResource(name) && nano % 1_000_000_000n !== 0n)
    errors.push(invalidValue(path, amount, "must be an integer"));
  const pageSize = name.startsWith(hugePages) ? name.slice(hugePages.length) : undefined;
  if (pageSize !== undefined && !isMultiple(nano, pageSize))
    errors.push(invalidValue(path, amount, `${amount} is not positive integer multiple of ${name}`));
  return errors;
}

function isMultiple(nano: bigint, pageSize: string): boolean {
  const page = tryParseQuantity(pageSize)?.nano ?? 0n;
  return page > 0n && nano % page === 0n;
}

function validatePodResourceName(name: string, path: string): FieldError[] {
  const errors = checkForm(path, name, labelKeyProblems);
  return errors.length > 0 || isPodResource(name)
    ? errors
    : checkSupported(path, name, ["cpu", "hugepages-", "memory"]);
}

function validateContainerResourceName(name: string, path: string): FieldError[] {
  const errors = checkForm(path, name, labelKeyProblems);
  if (name.includes("/"))
    return isNative(name) || isExtendedResource(name)
      ? errors
      : [...errors, invalidValue(path, name, "doesn't follow extended resource name standard")];
  if (errors.length > 0) return [...errors, invalidValue(path, name, "must be a standard resource for containers")];
  if (containerResources.includes(name) || name.startsWith(hugePages)) return [];
  return quotaResources.includes(name)
    ? [invalidValue(path, name, "must be a standard resource for containers")]
    : [
        invalidValue(path, name, "must be a standard resource type or fully qualified"),
        invalidValue(path, name, "must be a standard resource for containers"),
      ];
}

function validateLimits({ limits = {}, requests = {} }: ResourceRequirements = {}, path: string): FieldError[] {
  return Object.entries(requests).flatMap(([name, request]) => {
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined;
    if (limit === undefined)
      return isOvercommitable(name)
        ? []
        : [requiredValue(`${path}.limits`, "Limit must be set for non overcommitable resources")];
    const difference = compareQuantities(parseQuantity(request), parseQuantity(limit));
    if (difference !== 0 && !isOvercommitable(name))
      return [invalidValue(`${path}.requests`, request, `must be equal to ${name} limit of ${limit}`)];
    if (difference <= 0) return [];
    return [invalidValue(`${path}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`)];
  });
}

/** Huge pages come with cpu or memory, by which the pod is placed. */
function validateHugePages({ limits = {}, requests = {} }: ResourceRequirements = {}, path: string): FieldError[] {
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  const isAlone = names.some((name) => name.startsWith(hugePages)) && !names.some(isComputeResource);
  return isAlone ? [forbiddenValue(path, "HugePages require cpu or memory")] : [];
}

function isNative(name: string): boolean {
  const domain = name.includes("/") ? (name.split("/")[0] ?? "") : "kubernetes.io";
  return `.${domain}`.endsWith(".kubernetes.io");
}

function isExtendedResource(name: string): boolean {
  return !isNative(name) && !name.startsWith("requests.") && labelKeyProblem(`requests.${name}`) === undefined;
}

/** Devices and huge pages are either there or not; more cannot be promised than there is. */
function isOvercommitable(name: string): boolean {
  return isNative(name) && !name.startsWith(hugePages);
}

/** Checks how a container takes changes of its resources. */
export function validateResizePolicies(
  policies: readonly ContainerResizePolicy[] | undefined,
  path: string,
  podRestartPolicy: string | undefined,
): FieldError[] {
  const names = new Set<string>();
  return (policies ?? []).flatMap(({ resourceName, restartPolicy }, index) => {
    const errors: FieldError[] = [];
    if (names.has(resourceName)) errors.push(duplicateValue(`${path}[${index}]`, resourceName));
    names.add(resourceName);
    errors.push(...(resourceName ? checkSupported(path, resourceName, computeResources) : [requiredValue(path)]));
    errors.push(
      ...(restartPolicy
        ? checkSupported(path, restartPolicy, ["NotRequired", "RestartContainer"])
        : [requiredValue(path)]),
    );
    if (podRestartPolicy === "Never" && restartPolicy !== "NotRequired")
      errors.push(invalidValue(path, restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"));
    return errors;
  });
}
