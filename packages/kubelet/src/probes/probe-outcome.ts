import type { Container } from "@wherry/kubernetes";
import type { ActionOptions, ContainerActions } from "../actions/container-actions.ts";
import { containerPort } from "../actions/container-port.ts";
import { type HttpResponse, httpRequest, userAgent } from "../actions/http-request.ts";
import { ActionError, actionMessage } from "../errors.ts";
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
export type PreparedProbe = (signal: AbortSignal) => Promise<ProbeOutcome>;

/** Works out once what is the same for all probes of an instance. */
export function prepareProbe(actions: ContainerActions, spec: ProbeSpec, subject: ProbeSubject): PreparedProbe {
  let attempt: Attempt;
  try {
    attempt = prepare(actions, spec, subject);
  } catch (error) {
    const outcome: ProbeOutcome = { kind: "error", message: actionMessage(error) };
    return async () => outcome;
  }
  return async (signal) => {
    try {
      return await attempt({ timeoutMs: spec.timeoutMs, signal });
    } catch (error) {
      const failed = error instanceof ActionError && error.code !== "Invalid";
      return { kind: failed ? "failure" : "error", message: actionMessage(error) };
    }
  };
}

type Attempt = (options: ActionOptions) => Promise<ProbeOutcome>;

function prepare(
  actions: ContainerActions,
  { probe: { exec, httpGet, tcpSocket, grpc } }: ProbeSpec,
  { container, containerId, address }: ProbeSubject,
): Attempt {
  if (exec !== undefined)
    return async (options) => {
      const { exitCode, output } = await actions.exec(containerId, exec.command ?? [], options);
      return exitCode === 0 ? success : { kind: "failure", message: output };
    };
  if (httpGet !== undefined) {
    const request = httpRequest(httpGet, container, httpGet.host || requireAddress(address), "probe");
    return async (options) => judgeResponse(await actions.httpGet(request, options));
  }
  if (tcpSocket !== undefined) {
    const port = containerPort(tcpSocket.port, container);
    const target = { host: tcpSocket.host || requireAddress(address), port };
    return async (options) => {
      await actions.tcpConnect(target, options);
      return success;
    };
  }
  if (grpc !== undefined) {
    const { port, service = "" } = grpc;
    const target = { host: requireAddress(address), port, service, userAgent: userAgent("probe") };
    return async (options) => {
      const status = await actions.grpcHealth(target, options);
      if (status === "SERVING") return success;
      return { kind: "failure", message: `service unhealthy (responded with ${JSON.stringify(status)})` };
    };
  }
  throw new ActionError("Invalid", `missing probe handler for container ${JSON.stringify(container.name)}`);
}

function judgeResponse({ status, body }: HttpResponse): ProbeOutcome {
  if (status >= 200 && status < 300) return success;
  if (status >= 300 && status < 400)
    return { kind: "warning", message: `Probe terminated redirects, Response body: ${body}` };
  return { kind: "failure", message: `HTTP probe failed with statuscode: ${status}` };
}

function requireAddress(address: string | undefined): string {
  if (address !== undefined) return address;
  throw new ActionError("Invalid", "Cannot reach the container: its pod has no address yet");
}
