import { dnsSubdomainProblem } from "@wherry/kubernetes";
import { NodeError } from "./errors.ts";

/**
 * The name of this node: `hostnameOverride` where given, else the machine's host name, trimmed and lower-cased as the
 * upstream kubelet does.
 *
 * Throws `NodeError` of code `NameInvalid` when the outcome is not a DNS subdomain name (RFC 1123).
 */
export function resolveNodeName(hostname: string, hostnameOverride?: string): string {
  const given = hostnameOverride !== undefined && hostnameOverride !== "";
  const name = (given ? hostnameOverride : hostname).trim().toLowerCase();
  const problem = dnsSubdomainProblem(name);
  if (problem === undefined) return name;
  const [source, advice] = given ? ["--hostname-override", ""] : ["the host name", "; set --hostname-override"];
  throw new NodeError("NameInvalid", `Cannot use "${name}" from ${source} as node name: ${problem}${advice}`);
}
