import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIPv6 } from "node:net";
import { errorMessage } from "@wherry/base";
import type { Node, Pod } from "@wherry/kubernetes";
import { ApiError, badRequest, internalError, notFound } from "../errors.ts";
import type { KeyedCertificate } from "../pki/issue-certificate.ts";
import { nodes } from "../resources/nodes.ts";
import { readObject } from "../verbs/update-object.ts";
import type { VerbServices } from "../verbs/verb-services.ts";
import type { HttpExchange } from "./http-exchange.ts";
import type { ResourcePath } from "./request-path.ts";
import type { ConnectHandler } from "./resource-handler.ts";

export interface KubeletProxyOptions {
  readonly services: VerbServices;
  readonly clientCertificate: KeyedCertificate;
}

const defaultKubeletPort = 10250;
const addressOrder: readonly string[] = ["InternalIP", "Hostname", "InternalDNS", "ExternalIP"];
const logParameters: readonly string[] = [
  "follow",
  "previous",
  "sinceSeconds",
  "sinceTime",
  "timestamps",
  "tailLines",
  "limitBytes",
  "stream",
];

/** Serves `pods/log` and `nodes/proxy` from the kubelet of the node in question. */
export function connectToKubelet(options: KubeletProxyOptions): ConnectHandler {
  return async (exchange, { definition, path }) => {
    if (definition.resource === "pods" && path.subresource === "log") return proxyLog(options, exchange, path);
    if (definition.resource === "nodes" && path.subresource === "proxy") return proxyNode(options, exchange, path);
    if (definition.resource === "pods") checkAssigned(options.services, path);
    throw new ApiError(
      501,
      "NotImplemented",
      `${definition.resource}/${path.subresource} is not supported by this API server yet`,
    );
  };
}

async function proxyLog(options: KubeletProxyOptions, exchange: HttpExchange, path: ResourcePath): Promise<void> {
  const { services } = options;
  const record = services.store.get("pods", `${path.namespace}/${path.name}`);
  if (record === undefined) throw notFound({ group: "", resource: "pods" }, path.name);
  const pod = record.object as Pod;
  const container = chooseContainer(pod, exchange.query.get("container") ?? "");
  if (!pod.spec?.nodeName) {
    throw badRequest(`pod ${path.name} does not have a host assigned`);
  }
  const query = new URLSearchParams();
  for (const name of logParameters) {
    const value = exchange.query.get(name);
    if (value !== null) query.set(name, value);
  }
  const segments = [path.namespace, path.name, container].map(encodeURIComponent).join("/");
  const response = await getFromKubelet(options, exchange, pod.spec.nodeName, `/containerLogs/${segments}?${query}`);
  await refuseAsKubelet(response, path.name);
  await relay(response, exchange);
}

/** Streams need a node; that is said before what is not supported. */
function checkAssigned(services: VerbServices, { namespace, name }: ResourcePath): void {
  const record = services.store.get("pods", `${namespace}/${name}`);
  if (record === undefined) throw notFound({ group: "", resource: "pods" }, name);
  if (!(record.object as Pod).spec?.nodeName) throw badRequest(`pod ${name} does not have a host assigned`);
}

function chooseContainer(pod: Pod, wanted: string): string {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? { containers: [] };
  const name = pod.metadata?.name ?? "";
  const all = [...containers, ...initContainers, ...ephemeralContainers].map((container) => container.name);
  if (wanted !== "") {
    if (all.includes(wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${name}`);
  }
  if (containers.length === 1) return containers[0]?.name ?? "";
  const init =
    initContainers.length === 0
      ? ""
      : ` or one of the init containers: [${initContainers.map((item) => item.name).join(" ")}]`;
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${containers.map((item) => item.name).join(" ")}]${init}`,
  );
}

async function proxyNode(options: KubeletProxyOptions, exchange: HttpExchange, path: ResourcePath): Promise<void> {
  if (exchange.method !== "GET") {
    throw new ApiError(501, "NotImplemented", `nodes/proxy supports GET only, not ${exchange.method}`);
  }
  const query = exchange.query.size === 0 ? "" : `?${exchange.query}`;
  const rest = path.rest.split("/").map(encodeURIComponent).join("/");
  await relay(await getFromKubelet(options, exchange, path.name, `/${rest}${query}`), exchange);
}

/** Where the kubelet of a node listens. */
function kubeletAddress(services: VerbServices, nodeName: string): { host: string; port: number } {
  const { object } = readObject(services, { definition: nodes, namespace: "", name: nodeName });
  const { status } = object as Node;
  const addresses = status?.addresses ?? [];
  for (const type of addressOrder) {
    const address = addresses.find((item) => item.type === type)?.address;
    if (address) return { host: address, port: status?.daemonEndpoints?.kubeletEndpoint?.Port || defaultKubeletPort };
  }
  throw internalError(`node ${nodeName} has no address of the types ${addressOrder.join(", ")}`);
}

/** Turns a kubelet's refusal, which is plain text, into the Status that API clients show, as upstream's response checker does. */
async function refuseAsKubelet(response: IncomingMessage, podName: string): Promise<void> {
  const code = response.statusCode ?? 502;
  if (code >= 200 && code <= 206) return;
  const text = await readText(response);
  if (code === 400) throw badRequest(text);
  if (code === 500) throw internalError(text);
  if (code === 404) {
    throw new ApiError(404, "NotFound", `the server could not find the requested resource ( pods/log ${podName})`, {
      details: { name: podName, kind: "pods", causes: [{ reason: "UnexpectedServerResponse", message: text }] },
    });
  }
  throw new ApiError(code, "", text);
}

const maxRefusalBytes = 2048;

async function readText(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response as AsyncIterable<Buffer>) {
    text += chunk.toString("utf8");
    if (text.length >= maxRefusalBytes) break;
  }
  return text.slice(0, maxRefusalBytes).trim();
}

async function getFromKubelet(
  { services, clientCertificate }: KubeletProxyOptions,
  exchange: HttpExchange,
  nodeName: string,
  path: string,
): Promise<IncomingMessage> {
  const { host, port } = kubeletAddress(services, nodeName);
  const url = `https://${isIPv6(host) ? `[${host}]` : host}:${port}${path}`;
  const { closed } = exchange;
  return new Promise<IncomingMessage>((resolve, reject) => {
    const request = httpsRequest(
      {
        host,
        port,
        path,
        cert: clientCertificate.certificate,
        key: clientCertificate.key,
        // Kubelets serve self-signed certificates unless told otherwise; upstream does not verify them by default either.
        rejectUnauthorized: false,
        signal: closed,
      },
      resolve,
    );
    request.on("error", (error) => reject(internalError(`Get "${url}": ${errorMessage(error)}`, error)));
    request.end();
  });
}

/** Hands on an answer part by part, as it comes. */
async function relay(response: IncomingMessage, exchange: HttpExchange): Promise<void> {
  const code = response.statusCode ?? 502;
  exchange.startStream(code, { "content-type": response.headers["content-type"] ?? "text/plain" });
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (!exchange.write(chunk)) await exchange.drained();
      if (exchange.closed.aborted) break;
    }
    exchange.end();
  } catch {
    // The kubelet broke off; so do we, for an orderly end would say that this was all.
    exchange.abort();
  } finally {
    response.destroy();
  }
}
