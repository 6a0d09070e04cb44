import { NodeError } from "./errors.ts";

const subdomainPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const maxNameLength = 253;

/**
 * The name of this node: `hostnameOverride` where given, else the machine's host name, trimmed and lower-cased as the
 * upstream kubelet does.
 *
 * Throws `NodeError` of code `NameInvalid` when the outcome is not a DNS subdomain name (RFC 1123).
 */
export function resolveNodeName(hostname: string, hostnameOverride?: string): string {
  const given = hostnameOverride !== undefined && hostnameOverride !== "";
  const name = (given ? hostnameOverride : hostname).trim().toLowerCase();
  if (name.length <= maxNameLength && subdomainPattern.test(name)) return name;
  const source = given ? "--hostname-override" : "the host name";
  throw new NodeError(
    "NameInvalid",
    `Cannot use "${name}" from ${source} as node name: it must be at most ${maxNameLength} characters of a-z, 0-9, "-" and ".", ` +
      `beginning and ending with a letter or digit${given ? "" : "; set --hostname-override"}`,
  );
}
