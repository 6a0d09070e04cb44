import { isIP, isIPv6 } from "node:net";
import {
  checkSupported,
  dnsLabelProblem,
  duplicateValue,
  type FieldError,
  forbiddenValue,
  invalidValue,
  requiredValue,
  type Service,
  type ServicePort,
  type ServiceSpec,
  validatePortNumber,
  validatePortOrName,
} from "@wherry/kubernetes";
import { hasClusterIp, headless, isHeadless } from "./service-types.ts";

const address = "spec.clusterIPs[0]";

/** Checks a service as upstream's ValidateService does, as a cluster that has IPv4 only. */
export function validateService({ spec = {} }: Service): FieldError[] {
  const errors: FieldError[] = [
    ...checkSupported("spec.type", spec.type, ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]),
    ...checkSupported("spec.sessionAffinity", spec.sessionAffinity, ["ClientIP", "None"]),
  ];
  const ports = spec.ports ?? [];
  if (ports.length === 0 && !isHeadless(spec) && hasClusterIp(spec)) errors.push(requiredValue("spec.ports"));
  if (!hasClusterIp(spec) && !spec.externalName) errors.push(requiredValue("spec.externalName"));
  errors.push(...validatePorts(ports, spec.type), ...validateClusterIps(spec), ...validateFamilies(spec));
  return errors;
}

function validatePorts(ports: readonly ServicePort[], type: string | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  const numbers = new Set<string>();
  ports.forEach(({ name, port, protocol, targetPort, nodePort }, index) => {
    const at = `spec.ports[${index}]`;
    if (name) {
      const problem = dnsLabelProblem(name);
      if (problem !== undefined) errors.push(invalidValue(`${at}.name`, name, problem));
      else if (names.has(name)) errors.push(duplicateValue(`${at}.name`, name));
      names.add(name);
    } else if (ports.length > 1) errors.push(requiredValue(`${at}.name`));
    errors.push(
      ...validatePortNumber(port, `${at}.port`),
      ...checkSupported(`${at}.protocol`, protocol, ["SCTP", "TCP", "UDP"]),
      ...(targetPort === undefined ? [] : validatePortOrName(targetPort, `${at}.targetPort`)),
    );
    if (nodePort && (type === "ClusterIP" || type === "ExternalName")) {
      errors.push(forbiddenValue(`${at}.nodePort`, `may not be used when \`type\` is '${type}'`));
    }
  });
  ports.forEach(({ port, protocol = "" }, index) => {
    const key = `${port}/${protocol}`;
    // In the words of upstream's own form of the object.
    const shown = { Name: "", Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 };
    if (numbers.has(key)) errors.push(duplicateValue(`spec.ports[${index}]`, shown));
    numbers.add(key);
  });
  return errors;
}

function validateClusterIps(spec: ServiceSpec): FieldError[] {
  const { clusterIP, clusterIPs = [], type } = spec;
  if (!hasClusterIp(spec)) {
    return clusterIPs.length === 0
      ? []
      : [forbiddenValue("spec.clusterIPs", "may not be set for ExternalName services")];
  }
  const [first] = clusterIPs;
  if (first === undefined) return [];
  if (!clusterIP) {
    return [invalidValue("spec.clusterIPs", clusterIPs, "must be empty when `clusterIP` is not specified")];
  }
  if (first !== clusterIP) return [invalidValue("spec.clusterIPs", clusterIPs, "first value must match `clusterIP`")];
  if (first === headless) {
    return type === "ClusterIP" ? [] : [invalidValue(address, first, `may not be set to 'None' for ${type} services`)];
  }
  if (isIP(first) === 0) {
    return [invalidValue(address, first, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")];
  }
  if (isIPv6(first)) return [invalidValue(address, clusterIPs, "IPv6 is not configured on this cluster")];
  return [];
}

function validateFamilies(spec: ServiceSpec): FieldError[] {
  const { ipFamilies = [], ipFamilyPolicy, selector } = spec;
  // Whoever brings endpoints of its own may have them of any family.
  if (isHeadless(spec) && selector === undefined) return [];
  const errors: FieldError[] = [];
  if (ipFamilyPolicy === "RequireDualStack") {
    const problem = "this cluster is not configured for dual-stack services";
    errors.push(invalidValue("spec.ipFamilyPolicy", ipFamilyPolicy, problem));
  }
  ipFamilies.forEach((family, index) => {
    if (family !== "IPv4")
      errors.push(invalidValue(`spec.ipFamilies[${index}]`, family, "not configured on this cluster"));
  });
  return errors;
}

/** Checks that the address of a service stays, unless it becomes or was a mere name. */
export function validateServiceUpdate({ spec = {} }: Service, { spec: old = {} }: Service): FieldError[] {
  if (!hasClusterIp(spec) || !hasClusterIp(old) || !old.clusterIP || spec.clusterIP === old.clusterIP) return [];
  return [invalidValue(address, spec.clusterIPs ?? [spec.clusterIP], "may not change once set")];
}
