import {
  type Container,
  type ContainerPort,
  compareQuantities,
  dnsLabelProblem,
  type EnvVar,
  type EphemeralContainer,
  type Lifecycle,
  type Probe,
  parseQuantity,
  type ResourceRequirements,
  type VolumeMount,
} from "@wherry/kubernetes";
import {
  checkNonNegative,
  checkSupported,
  duplicate,
  type FieldError,
  forbiddenValue,
  invalidValue,
  notFoundValue,
  required,
} from "../../validation/field-error.ts";

type AnyContainer = Container | EphemeralContainer;

const portNameRule = "must contain only alphanumeric characters (a-z, 0-9), and hyphens (-)";

export interface ContainerScope {
  readonly volumeNames: ReadonlySet<string>;
  /** Names of containers seen so far in the pod; extended by each check. */
  readonly names: Set<string>;
  readonly hostNetwork: boolean;
}

/** Checks one container of a pod. */
export function validateContainer(container: AnyContainer, path: string, scope: ContainerScope): FieldError[] {
  const errors: FieldError[] = [];
  const { name, image } = container;
  if (!name) errors.push(required(`${path}.name`));
  else {
    const problem = dnsLabelProblem(name);
    if (problem !== undefined) errors.push(invalidValue(`${path}.name`, name, problem));
    else if (scope.names.has(name)) errors.push(duplicate(`${path}.name`, name));
    scope.names.add(name);
  }
  if (!image) errors.push(required(`${path}.image`));
  else if (image !== image.trim()) {
    errors.push(invalidValue(`${path}.image`, image, "must not have leading or trailing whitespace"));
  }
  errors.push(
    ...checkSupported(`${path}.imagePullPolicy`, container.imagePullPolicy, ["Always", "IfNotPresent", "Never"]),
    ...checkSupported(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, [
      "File",
      "FallbackToLogsOnError",
    ]),
    ...validatePorts(container.ports ?? [], `${path}.ports`, scope.hostNetwork),
    ...validateEnv(container.env ?? [], `${path}.env`),
    ...validateMounts(container.volumeMounts ?? [], `${path}.volumeMounts`, scope.volumeNames),
    ...validateResources(container.resources, `${path}.resources`),
    ...validateProbe(container.livenessProbe, `${path}.livenessProbe`, true),
    ...validateProbe(container.readinessProbe, `${path}.readinessProbe`, false),
    ...validateProbe(container.startupProbe, `${path}.startupProbe`, true),
    ...validateLifecycle(container.lifecycle, `${path}.lifecycle`),
  );
  return errors;
}

function validatePorts(ports: readonly ContainerPort[], path: string, hostNetwork: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  ports.forEach((port, index) => {
    const at = `${path}[${index}]`;
    if (port.name) {
      const problem = portNameProblem(port.name);
      if (problem !== undefined) errors.push(invalidValue(`${at}.name`, port.name, problem));
      else if (names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name));
      names.add(port.name);
    }
    if (!port.containerPort) errors.push(required(`${at}.containerPort`));
    else errors.push(...validatePortNumber(port.containerPort, `${at}.containerPort`));
    if (port.hostPort) errors.push(...validatePortNumber(port.hostPort, `${at}.hostPort`));
    if (hostNetwork && port.hostPort && port.hostPort !== port.containerPort) {
      errors.push(
        invalidValue(`${at}.containerPort`, port.containerPort, "must match `hostPort` when `hostNetwork` is true"),
      );
    }
    errors.push(...checkSupported(`${at}.protocol`, port.protocol, ["SCTP", "TCP", "UDP"]));
  });
  return errors;
}

function portNameProblem(name: string): string | undefined {
  if (name.length > 15) return "must be no more than 15 characters";
  if (!/^[-a-z0-9]+$/.test(name)) return portNameRule;
  if (!/[a-z]/.test(name)) return "must contain at least one letter (a-z)";
  if (name.includes("--")) return "must not contain consecutive hyphens";
  if (/^-|-$/.test(name)) return "must not begin or end with a hyphen";
  return undefined;
}

export function validatePortNumber(port: number, path: string): FieldError[] {
  return port >= 1 && port <= 65535 ? [] : [invalidValue(path, port, "must be between 1 and 65535, inclusive")];
}

function validateEnv(variables: readonly EnvVar[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  variables.forEach((variable, index) => {
    const at = `${path}[${index}]`;
    if (!variable.name) errors.push(required(`${at}.name`));
    else if (!/^[ -<>-~]+$/.test(variable.name)) {
      errors.push(
        invalidValue(
          `${at}.name`,
          variable.name,
          "a valid environment variable name must consist only of printable ASCII characters other than '='",
        ),
      );
    }
    const { valueFrom } = variable;
    if (valueFrom === undefined) return;
    const sources = Object.keys(valueFrom).length;
    if (sources === 0) {
      errors.push(
        invalidValue(
          `${at}.valueFrom`,
          "",
          "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        ),
      );
    } else if (variable.value) {
      errors.push(invalidValue(`${at}.valueFrom`, "", "may not be specified when `value` is not empty"));
    } else if (sources > 1) {
      errors.push(invalidValue(`${at}.valueFrom`, "", "may not have more than one field specified at a time"));
    }
    for (const key of ["configMapKeyRef", "secretKeyRef"] as const) {
      const reference = valueFrom[key];
      if (reference === undefined) continue;
      if (!reference.name) errors.push(required(`${at}.valueFrom.${key}.name`));
      if (!reference.key) errors.push(required(`${at}.valueFrom.${key}.key`));
    }
    if (valueFrom.fieldRef !== undefined && !valueFrom.fieldRef.fieldPath) {
      errors.push(required(`${at}.valueFrom.fieldRef.fieldPath`));
    }
  });
  return errors;
}

function validateMounts(mounts: readonly VolumeMount[], path: string, volumes: ReadonlySet<string>): FieldError[] {
  const errors: FieldError[] = [];
  const mountPaths = new Set<string>();
  mounts.forEach((mount, index) => {
    const at = `${path}[${index}]`;
    if (!mount.name) errors.push(required(`${at}.name`));
    else if (!volumes.has(mount.name)) errors.push(notFoundValue(`${at}.name`, mount.name));
    if (!mount.mountPath) errors.push(required(`${at}.mountPath`));
    if (mountPaths.has(mount.mountPath)) {
      errors.push(invalidValue(`${at}.mountPath`, mount.mountPath, "must be unique"));
    }
    mountPaths.add(mount.mountPath);
    for (const field of ["subPath", "subPathExpr"] as const) {
      const value = mount[field];
      if (value) errors.push(...validateRelativePath(value, `${at}.${field}`));
    }
    if (mount.subPath && mount.subPathExpr) {
      errors.push(
        invalidValue(`${at}.subPathExpr`, mount.subPathExpr, "subPathExpr and subPath are mutually exclusive"),
      );
    }
  });
  return errors;
}

/** A path below some directory: not absolute, no `..`. */
export function validateRelativePath(value: string, path: string): FieldError[] {
  if (value.startsWith("/")) return [invalidValue(path, value, "must be a relative path")];
  return value.split("/").includes("..") ? [invalidValue(path, value, "must not contain '..'")] : [];
}

/** Checks requests and limits of a container or of a whole pod. */
export function validateResources(resources: ResourceRequirements | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { limits = {}, requests = {} } = resources ?? {};
  for (const [field, amounts] of [["limits", limits] as const, ["requests", requests] as const]) {
    for (const [name, amount] of Object.entries(amounts)) {
      if (!isResourceName(name)) {
        errors.push(invalidValue(`${path}.${field}`, name, "must be a standard resource type or fully qualified"));
      }
      if (parseQuantity(amount).nano < 0n) {
        errors.push(invalidValue(`${path}.${field}[${name}]`, amount, "must be greater than or equal to 0"));
      }
    }
  }
  for (const [name, request] of Object.entries(requests)) {
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined;
    if (!isOvercommitable(name)) {
      if (limit === undefined) {
        errors.push(required(`${path}.limits`, "Limit must be set for non overcommitable resources"));
      } else if (limit !== request) {
        errors.push(invalidValue(`${path}.requests`, request, `must be equal to ${name} limit of ${limit}`));
      }
    } else if (limit !== undefined && compareQuantities(parseQuantity(request), parseQuantity(limit)) > 0) {
      errors.push(invalidValue(`${path}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`));
    }
  }
  return errors;
}

const standardResources: readonly string[] = ["cpu", "memory", "ephemeral-storage"];

function isResourceName(name: string): boolean {
  return name.includes("/") || standardResources.includes(name) || name.startsWith("hugepages-");
}

/** Devices and huge pages are either there or not; more cannot be promised than there is. */
function isOvercommitable(name: string): boolean {
  if (name.startsWith("hugepages-")) return false;
  const domain = name.split("/")[0] ?? "";
  return !name.includes("/") || domain === "kubernetes.io" || domain.endsWith(".kubernetes.io");
}

type Handler = Pick<Probe, "exec" | "httpGet" | "tcpSocket" | "grpc"> & { sleep?: { seconds: number } | undefined };

function validateHandler(handler: Handler, path: string): FieldError[] {
  const given = (["exec", "httpGet", "tcpSocket", "grpc", "sleep"] as const).filter(
    (kind) => handler[kind] !== undefined,
  );
  if (given.length === 0) return [required(path, "must specify a handler type")];
  const errors: FieldError[] = given
    .slice(1)
    .map((kind) => forbiddenValue(`${path}.${kind}`, "may not specify more than 1 handler type"));
  const { exec, httpGet, tcpSocket, grpc } = handler;
  if (exec !== undefined && (exec.command?.length ?? 0) === 0) errors.push(required(`${path}.exec.command`));
  if (httpGet !== undefined) {
    errors.push(...validatePortOrName(httpGet.port, `${path}.httpGet.port`));
    errors.push(...checkSupported(`${path}.httpGet.scheme`, httpGet.scheme, ["HTTP", "HTTPS"]));
  }
  if (tcpSocket !== undefined) errors.push(...validatePortOrName(tcpSocket.port, `${path}.tcpSocket.port`));
  if (grpc !== undefined) errors.push(...validatePortNumber(grpc.port, `${path}.grpc.port`));
  return errors;
}

export function validatePortOrName(port: number | string, path: string): FieldError[] {
  if (typeof port === "number") return validatePortNumber(port, path);
  const problem = portNameProblem(port);
  return problem === undefined ? [] : [invalidValue(path, port, problem)];
}

function validateProbe(probe: Probe | undefined, path: string, onlyOneSuccess: boolean): FieldError[] {
  if (probe === undefined) return [];
  const errors = validateHandler(probe, path);
  const fields = [
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
  ] as const;
  for (const field of fields) errors.push(...checkNonNegative(`${path}.${field}`, probe[field]));
  if (onlyOneSuccess && probe.successThreshold !== undefined && probe.successThreshold !== 1) {
    errors.push(invalidValue(`${path}.successThreshold`, probe.successThreshold, "must be 1"));
  }
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) {
    errors.push(invalidValue(`${path}.terminationGracePeriodSeconds`, grace, "must be greater than 0"));
  }
  return errors;
}

function validateLifecycle(lifecycle: Lifecycle | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const hook of ["postStart", "preStop"] as const) {
    const handler = lifecycle?.[hook];
    if (handler !== undefined) errors.push(...validateHandler(handler, `${path}.${hook}`));
  }
  return errors;
}
