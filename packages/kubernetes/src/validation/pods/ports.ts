import type { Container, ContainerPort, EphemeralContainer } from "../../api/index.ts";
import { checkSupported, duplicateValue, type FieldError, invalidValue, requiredValue } from "../field-error.ts";
import { validatePortName, validatePortNumber } from "../port.ts";

type WithPorts = Pick<Container | EphemeralContainer, "ports">;

/** Checks the ports of one container; with `hostNetwork` they are those of the node. */
export function validatePorts(ports: readonly ContainerPort[], path: string, hostNetwork: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  ports.forEach(({ name, containerPort, hostPort, protocol }, index) => {
    const at = `${path}[${index}]`;
    if (name) {
      const problems = validatePortName(name, `${at}.name`);
      errors.push(...problems);
      if (problems.length === 0 && names.has(name)) errors.push(duplicateValue(`${at}.name`, name));
      names.add(name);
    }
    if (containerPort) errors.push(...validatePortNumber(containerPort, `${at}.containerPort`));
    else errors.push(requiredValue(`${at}.containerPort`));
    if (hostPort) errors.push(...validatePortNumber(hostPort, `${at}.hostPort`));
    // In a pod it is set where it was missing.
    if (hostNetwork && hostPort && hostPort !== containerPort)
      errors.push(invalidValue(`${at}.hostPort`, hostPort, "must match `containerPort` when `hostNetwork` is true"));
    errors.push(...checkSupported(`${at}.protocol`, protocol, ["SCTP", "TCP", "UDP"]));
  });
  return errors;
}

/** Checks that containers which run at the same time take no port of the node twice. */
export function validateHostPorts(containers: readonly WithPorts[], path: string): FieldError[] {
  const taken = new Set<string>();
  return containers.flatMap(({ ports = [] }, index) =>
    ports.flatMap(({ hostPort, hostIP = "", protocol = "TCP" }, position) => {
      if (!hostPort) return [];
      const key = `${protocol}/${hostIP}/${hostPort}`;
      const isTaken = taken.has(key);
      taken.add(key);
      return isTaken ? [duplicateValue(`${path}[${index}].ports[${position}].hostPort`, key)] : [];
    }),
  );
}
