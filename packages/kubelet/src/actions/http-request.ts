import { isIPv6 } from "node:net";
import type { Container, HTTPGetAction } from "@wherry/kubernetes";
import { ActionError } from "../errors.ts";
import { kubeletVersion } from "../node/kubelet-version.ts";
import { containerPort } from "./container-port.ts";

/** A GET as it goes out; header names keep the case of the pod's spec. */
export interface HttpRequest {
  readonly url: URL;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export interface HttpResponse {
  readonly status: number;
  /** At most 10 KiB of the body, as text. */
  readonly body: string;
}

/** `User-Agent` of a probe or hook, e.g. `kube-probe/1.36`. */
export function userAgent(purpose: "probe" | "lifecycle"): string {
  const [major, minor] = kubeletVersion.replace(/^v/, "").split(".");
  return `kube-${purpose}/${major}.${minor}`;
}

/**
 * The request an `httpGet` of a probe or hook stands for: the pod's address unless it names a host, `User-Agent` and `Accept`
 * unless it has headers of that name; an empty one leaves the header out.
 *
 * @throws ActionError of code `Invalid` for a port that is none of the container's, or a header or path that HTTP cannot carry
 */
export function httpRequest(
  action: HTTPGetAction,
  container: Pick<Container, "name" | "ports">,
  address: string,
  purpose: "probe" | "lifecycle",
): HttpRequest {
  const port = containerPort(action.port, container);
  const scheme = (action.scheme || "HTTP").toLowerCase();
  const host = action.host || address;
  const path = action.path ?? "";
  let url: URL;
  try {
    if (/[/?#@\\\s]/.test(host)) throw new Error("no host");
    url = new URL(`${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}${path.startsWith("/") ? "" : "/"}${path}`);
  } catch (error) {
    throw new ActionError("Invalid", `Cannot make a URL of host "${host}", port ${port} and path "${path}"`, {
      cause: error,
    });
  }
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new ActionError("Invalid", `Cannot send a request with scheme "${action.scheme}", expected HTTP or HTTPS`);
  url.hash = "";
  const headers: [string, string][] = [];
  for (const { name, value } of action.httpHeaders ?? []) {
    if (!headerName.test(name) || !headerValue.test(value))
      throw new ActionError("Invalid", `Cannot send header "${name}" with value "${value}": not valid in HTTP`);
    headers.push([name, value]);
  }
  const given = new Set(headers.map(([name]) => name.toLowerCase()));
  if (!given.has("user-agent")) headers.push(["User-Agent", userAgent(purpose)]);
  if (!given.has("accept")) headers.push(["Accept", "*/*"]);
  return { url, headers: headers.filter(([name, value]) => value !== "" || !optional.has(name.toLowerCase())) };
}

const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a header's value must not have.
const headerValue = /^[^\u0000-\u0008\u000a-\u001f\u007f]*$/;
const optional = new Set(["user-agent", "accept"]);
