import { isIP } from "node:net";
import type { HostAlias, PodDNSConfig, PodSpec } from "../../api/index.ts";
import { dnsLabelProblem, dnsSubdomainProblem } from "../../selectors/label-syntax.ts";
import {
  checkForm,
  checkSupported,
  type FieldError,
  forbiddenValue,
  invalidValue,
  requiredValue,
  tooLongValue,
} from "../field-error.ts";

const maxHostnameBytes = 64;
const maxNameservers = 3;
const maxSearches = 32;
const maxSearchCharacters = 2048;
const policies: readonly string[] = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

/** Checks what a pod is called and how it finds others by name. */
export function validateNetworkNames(spec: PodSpec, path: string): FieldError[] {
  const { hostname, subdomain, dnsPolicy, dnsConfig, hostAliases = [] } = spec;
  return [
    ...checkSupported(`${path}.dnsPolicy`, dnsPolicy, policies),
    ...validateDns(dnsPolicy, dnsConfig, `${path}.dnsConfig`),
    ...(hostname ? checkForm(`${path}.hostname`, hostname, dnsLabelProblem) : []),
    ...(subdomain ? checkForm(`${path}.subdomain`, subdomain, dnsLabelProblem) : []),
    ...validateHostnameOverride(spec, path),
    ...hostAliases.flatMap((alias, index) => validateHostAlias(alias, `${path}.hostAliases[${index}]`)),
  ];
}

function validateHostnameOverride(
  { hostnameOverride: name, hostNetwork, setHostnameAsFQDN }: PodSpec,
  path: string,
): FieldError[] {
  if (name === undefined) return [];
  const at = `${path}.hostnameOverride`;
  return [
    ...checkForm(at, name, dnsSubdomainProblem),
    ...(name.length > maxHostnameBytes ? [tooLongValue(at, maxHostnameBytes)] : []),
    ...(hostNetwork ? [forbiddenValue(at, "may not be specified when hostNetwork is true")] : []),
    ...(setHostnameAsFQDN ? [forbiddenValue(at, "may not be specified when setHostnameAsFQDN is true")] : []),
  ];
}

function validateHostAlias({ ip = "", hostnames = [] }: Partial<HostAlias>, path: string): FieldError[] {
  return [
    ...validateAddress(ip, `${path}.ip`),
    ...hostnames.flatMap((name, index) => checkForm(`${path}.hostnames[${index}]`, name, dnsSubdomainProblem)),
  ];
}

function validateAddress(address: string, path: string): FieldError[] {
  if (isIP(address) !== 0 && !address.includes("%"))
    return /^::ffff:.*\./i.test(address)
      ? [invalidValue(path, address, "must not be an IPv4-mapped IPv6 address")]
      : [];
  // What other programs read as octal.
  const plain = address.replace(/(?<=^|\.)0+(?=\d)/g, "");
  if (isIP(plain) === 4) return [invalidValue(path, address, "must not have leading 0s")];
  return [invalidValue(path, address, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")];
}

function validateDns(policy: string | undefined, config: PodDNSConfig | undefined, path: string): FieldError[] {
  if (policy === "None" && config === undefined)
    return [requiredValue(path, "must provide `dnsConfig` when `dnsPolicy` is None")];
  const { nameservers = [], searches = [], options = [] } = config ?? {};
  if (policy === "None" && nameservers.length === 0)
    return [requiredValue(`${path}.nameservers`, "must provide at least one DNS nameserver when `dnsPolicy` is None")];
  const errors: FieldError[] = [];
  if (nameservers.length > maxNameservers)
    errors.push(
      invalidValue(`${path}.nameservers`, nameservers, `must not have more than ${maxNameservers} nameservers`),
    );
  nameservers.forEach((address, index) => {
    errors.push(...validateAddress(address, `${path}.nameservers[${index}]`));
  });
  if (searches.length > maxSearches)
    errors.push(invalidValue(`${path}.searches`, searches, `must not have more than ${maxSearches} search paths`));
  if (searches.join(" ").length > maxSearchCharacters)
    errors.push(
      invalidValue(
        `${path}.searches`,
        searches,
        `must not have more than ${maxSearchCharacters} characters (including spaces) in the search list`,
      ),
    );
  searches.forEach((search, index) => {
    if (search !== ".")
      errors.push(...checkForm(`${path}.searches[${index}]`, search.replace(/\.$/, ""), searchProblem));
  });
  options.forEach(({ name }, index) => {
    if (!name) errors.push(requiredValue(`${path}.options[${index}]`, "must not be empty"));
  });
  return errors;
}

const label = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const searchPattern = new RegExp(`^${label}(\\.${label})*$`);

/** Search paths may have underscores, which names of objects may not. */
function searchProblem(search: string): string | undefined {
  if (search.length > 253) return "must be no more than 253 characters";
  if (searchPattern.test(search)) return undefined;
  return `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${label}(\\.${label})*')`;
}
