import type { Lifecycle, Probe } from "../../api/index.ts";
import {
  checkForm,
  checkNonNegative,
  checkSupported,
  type FieldError,
  forbiddenValue,
  invalidValue,
  requiredValue,
} from "../field-error.ts";
import { headerNameProblem } from "../names.ts";
import { validatePortNumber, validatePortOrName } from "../port.ts";

type Handler = Pick<Probe, "exec" | "httpGet" | "tcpSocket" | "grpc"> & { sleep?: { seconds: number } | undefined };

const kinds = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] as const;
const amounts = [
  "initialDelaySeconds",
  "timeoutSeconds",
  "periodSeconds",
  "successThreshold",
  "failureThreshold",
] as const;

/** Checks the three probes of a container, with their defaults. */
export function validateProbes(
  container: {
    readonly livenessProbe?: Probe | undefined;
    readonly readinessProbe?: Probe | undefined;
    readonly startupProbe?: Probe | undefined;
  },
  path: string,
): FieldError[] {
  return (["livenessProbe", "readinessProbe", "startupProbe"] as const).flatMap((field) => {
    const probe = container[field];
    if (probe === undefined) return [];
    const at = `${path}.${field}`;
    return [...validateProbe(probe, at), ...(field === "readinessProbe" ? readiness(probe, at) : ending(probe, at))];
  });
}

function validateProbe(probe: Probe, path: string): FieldError[] {
  const errors = validateHandler(probe, path);
  for (const field of amounts) errors.push(...checkNonNegative(`${path}.${field}`, probe[field]));
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) {
    errors.push(invalidValue(`${path}.terminationGracePeriodSeconds`, grace, "must be greater than 0"));
  }
  return errors;
}

/** A probe that ends no container can give no time for it. */
function readiness({ terminationGracePeriodSeconds: grace }: Probe, path: string): FieldError[] {
  if (grace === undefined) return [];
  return [invalidValue(`${path}.terminationGracePeriodSeconds`, grace, "must not be set for readinessProbes")];
}

function ending({ successThreshold }: Probe, path: string): FieldError[] {
  if (successThreshold === undefined || successThreshold === 1) return [];
  return [invalidValue(`${path}.successThreshold`, successThreshold, "must be 1")];
}

/** Checks the hooks of a container whose pod has `graceSeconds` to end. */
export function validateLifecycle(
  lifecycle: Lifecycle | undefined,
  path: string,
  graceSeconds: number | undefined,
): FieldError[] {
  return (["postStart", "preStop"] as const).flatMap((hook) => {
    const handler = lifecycle?.[hook];
    return handler === undefined ? [] : validateHandler(handler, `${path}.${hook}`, graceSeconds);
  });
}

function validateHandler(handler: Handler, path: string, graceSeconds?: number): FieldError[] {
  const [kind, ...others] = kinds.filter((name) => handler[name] !== undefined);
  if (kind === undefined) return [requiredValue(path, "must specify a handler type")];
  return [
    ...validateAction(handler, kind, `${path}.${kind}`, graceSeconds),
    ...others.map((name) => forbiddenValue(`${path}.${name}`, "may not specify more than 1 handler type")),
  ];
}

function validateAction(
  { exec, httpGet, tcpSocket, grpc, sleep }: Handler,
  kind: (typeof kinds)[number],
  path: string,
  graceSeconds: number | undefined,
): FieldError[] {
  switch (kind) {
    case "exec":
      return (exec?.command?.length ?? 0) === 0 ? [requiredValue(`${path}.command`)] : [];
    case "httpGet":
      return [
        ...validatePortOrName(httpGet?.port ?? 0, `${path}.port`),
        ...checkSupported(`${path}.scheme`, httpGet?.scheme, ["HTTP", "HTTPS"]),
        ...(httpGet?.httpHeaders ?? []).flatMap(({ name }) =>
          checkForm(`${path}.httpHeaders`, name ?? "", headerNameProblem),
        ),
      ];
    case "tcpSocket":
      return validatePortOrName(tcpSocket?.port ?? 0, `${path}.port`);
    case "grpc":
      return validatePortNumber(grpc?.port ?? 0, `${path}.port`);
    case "sleep": {
      const seconds = sleep?.seconds ?? 0;
      if (graceSeconds === undefined || (seconds >= 0 && seconds <= graceSeconds)) return [];
      const rule = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`;
      return [invalidValue(path, seconds, rule)];
    }
  }
}
