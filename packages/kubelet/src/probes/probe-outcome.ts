import { errorMessage } from "@wherry/base";
import type { Container } from "@wherry/kubernetes";
import type { ContainerActions } from "../actions/container-actions.ts";
import { containerPort } from "../actions/container-port.ts";
import { httpRequest, userAgent } from "../actions/http-request.ts";
import { ActionError } from "../errors.ts";
import type { ProbeSpec } from "./probe-spec.ts";

/** What one probe found; `error` says that it could not be carried out and tells nothing of the container. */
export type ProbeOutcome =
  | { readonly kind: "success" }
  | { readonly kind: "warning" | "failure" | "error"; readonly message: string };

export interface ProbeSubject {
  readonly container: Container;
  /** The runtime's ID of the instance. */
  readonly containerId: string;
  /** Address of the pod; undefined while it has none. */
  readonly address: string | undefined;
}

const success: ProbeOutcome = { kind: "success" };

/** Carries a probe out once; never rejects. */
export async function probeOnce(
  actions: ContainerActions,
  spec: ProbeSpec,
  subject: ProbeSubject,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  try {
    return await attempt(actions, spec, subject, signal);
  } catch (error) {
    const failed = error instanceof ActionError && error.code !== "Invalid";
    return { kind: failed ? "failure" : "error", message: errorMessage(error) };
  }
}

async function attempt(
  actions: ContainerActions,
  spec: ProbeSpec,
  { container, containerId, address }: ProbeSubject,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  const { exec, httpGet, tcpSocket, grpc } = spec.probe;
  const options = { timeoutMs: spec.timeoutMs, signal };
  if (exec !== undefined) {
    const { exitCode, output } = await actions.exec(containerId, exec.command ?? [], options);
    return exitCode === 0 ? success : { kind: "failure", message: output };
  }
  if (httpGet !== undefined) {
    const request = httpRequest(httpGet, container, httpGet.host || requireAddress(address), "probe");
    const { status, body } = await actions.httpGet(request, options);
    if (status >= 200 && status < 300) return success;
    if (status >= 300 && status < 400)
      return { kind: "warning", message: `Probe terminated redirects, Response body: ${body}` };
    return { kind: "failure", message: `HTTP probe failed with statuscode: ${status}` };
  }
  if (tcpSocket !== undefined) {
    const port = containerPort(tcpSocket.port, container);
    await actions.tcpConnect({ host: tcpSocket.host || requireAddress(address), port }, options);
    return success;
  }
  if (grpc !== undefined) {
    const target = { host: requireAddress(address), port: grpc.port };
    const { service = "" } = grpc;
    const status = await actions.grpcHealth({ ...target, service, userAgent: userAgent("probe") }, options);
    if (status === "SERVING") return success;
    return { kind: "failure", message: `service unhealthy (responded with ${JSON.stringify(status)})` };
  }
  throw new ActionError("Invalid", `missing probe handler for container ${JSON.stringify(container.name)}`);
}

function requireAddress(address: string | undefined): string {
  if (address !== undefined) return address;
  throw new ActionError("Invalid", "Cannot reach the container: its pod has no address yet");
}
