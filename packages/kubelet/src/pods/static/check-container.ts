import {
  type Container,
  type ContainerPort,
  compareQuantities,
  type PodSpec,
  parseQuantity,
  type ResourceRequirements,
} from "@wherry/kubernetes";
import type { Report } from "./check-fields.ts";
import { shown } from "./typed-value.ts";

const probes = ["livenessProbe", "readinessProbe", "startupProbe"] as const;

/** What must fit together within the containers of a pod. */
export function checkContainers(spec: PodSpec, report: Report): void {
  const volumes = new Set((spec.volumes ?? []).map(({ name }) => name));
  const hostPorts = new Set<string>();
  for (const list of ["containers", "initContainers"] as const)
    for (const [index, container] of (spec[list] ?? []).entries()) {
      const at = `spec.${list}[${index}]`;
      // Init containers may have the host ports of those that run after them.
      checkPorts(container, `${at}.ports`, spec, list === "containers" ? hostPorts : new Set(), report);
      checkMounts(container, `${at}.volumeMounts`, volumes, report);
      checkProbes(container, at, report);
      checkResources(container.resources, `${at}.resources`, isContainerResource, report);
      for (const [position, { value, valueFrom }] of (container.env ?? []).entries())
        if (value && valueFrom !== undefined)
          report(`${at}.env[${position}].valueFrom`, "must not be set beside a value");
      if ((container.restartPolicyRules ?? []).length > 0 && container.restartPolicy === undefined)
        report(`${at}.restartPolicy`, "must be set beside restartPolicyRules");
      if (list === "initContainers" && container.restartPolicy !== "Always")
        for (const field of ["lifecycle", ...probes] as const)
          if (container[field] !== undefined)
            report(`${at}.${field}`, 'must not be set in an init container without restartPolicy "Always"');
    }
}

function checkPorts(
  { ports = [] }: Container,
  path: string,
  { hostNetwork = false }: PodSpec,
  hostPorts: Set<string>,
  report: Report,
): void {
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const { name, containerPort } = port;
    if (name && names.has(name)) report(`${path}[${index}].name`, `is ${shown(name)}, which another port has already`);
    names.add(name ?? "");
    const hostPort = hostPortOf(port, hostNetwork);
    if (hostPort === 0) continue;
    if (hostNetwork && hostPort !== containerPort)
      report(
        `${path}[${index}].hostPort`,
        `is ${hostPort}, with hostNetwork it must be containerPort ${containerPort}`,
      );
    const key = [port.protocol || "TCP", port.hostIP ?? "", hostPort].join(" ");
    if (hostPorts.has(key)) report(`${path}[${index}].hostPort`, `is ${hostPort}, which another port has already`);
    hostPorts.add(key);
  }
}

/** 0 for none. */
function hostPortOf({ hostPort, containerPort }: ContainerPort, hostNetwork: boolean): number {
  return hostPort || (hostNetwork ? containerPort : 0);
}

function checkMounts(
  { volumeMounts = [] }: Container,
  path: string,
  volumes: ReadonlySet<string>,
  report: Report,
): void {
  const mountPaths = new Set<string>();
  for (const [index, { name, mountPath, subPath, subPathExpr }] of volumeMounts.entries()) {
    const at = `${path}[${index}]`;
    if (!volumes.has(name)) report(`${at}.name`, `is ${shown(name)}, which is no volume of the pod`);
    if (mountPaths.has(mountPath)) report(`${at}.mountPath`, `is ${shown(mountPath)}, which another mount has already`);
    mountPaths.add(mountPath);
    if (subPath && subPathExpr) report(`${at}.subPathExpr`, "must not be set beside subPath");
  }
}

function checkProbes(container: Container, path: string, report: Report): void {
  for (const field of probes) {
    const { successThreshold, terminationGracePeriodSeconds } = container[field] ?? {};
    if (field === "readinessProbe") {
      if (terminationGracePeriodSeconds !== undefined)
        report(`${path}.${field}.terminationGracePeriodSeconds`, "must not be set, the probe ends no container");
    } else if (successThreshold !== undefined && successThreshold > 1)
      report(`${path}.${field}.successThreshold`, `is ${successThreshold}, it must be 1`);
  }
}

/** Checks the amounts of a container or of a whole pod against each other. */
export function checkResources(
  { limits = {}, requests = {} }: ResourceRequirements = {},
  path: string,
  isResource: (name: string) => boolean,
  report: Report,
): void {
  for (const [field, amounts] of Object.entries({ limits, requests }))
    for (const [name, amount] of Object.entries(amounts)) {
      if (!isResource(name)) report(`${path}.${field}.${name}`, "is no resource that it can have");
      if (!isOvercommitable(name) && parseQuantity(amount).nano % 1_000_000_000n !== 0n)
        report(`${path}.${field}.${name}`, `is ${shown(amount)}, it must be a whole number`);
    }
  for (const [name, request] of Object.entries(requests)) {
    const at = `${path}.requests.${name}`;
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined;
    if (limit === undefined) {
      if (!isOvercommitable(name)) report(at, "is set without a limit, it must have the same");
      continue;
    }
    const difference = compareQuantities(parseQuantity(request), parseQuantity(limit));
    if (difference > 0 || (difference < 0 && !isOvercommitable(name)))
      report(
        at,
        `is ${shown(request)}, it must be ${isOvercommitable(name) ? "at most " : ""}the limit ${shown(limit)}`,
      );
  }
}

const podResources: readonly string[] = ["cpu", "memory"];

export function isPodResource(name: string): boolean {
  return podResources.includes(name) || name.startsWith("hugepages-");
}

function isContainerResource(name: string): boolean {
  return isPodResource(name) || name === "ephemeral-storage" || name.includes("/");
}

/** Of devices and huge pages no more is promised than there is. */
function isOvercommitable(name: string): boolean {
  const domain = name.includes("/") ? (name.split("/")[0] ?? "") : "kubernetes.io";
  return !name.startsWith("hugepages-") && `.${domain}`.endsWith(".kubernetes.io");
}
