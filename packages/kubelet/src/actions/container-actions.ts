import type { HttpRequest, HttpResponse } from "./http-request.ts";

export interface ActionOptions {
  /** Time until the action fails; shown in messages as well. @default none */
  readonly timeoutMs?: number | undefined;
  /** Aborts when `timeoutMs` have passed (which the caller measures) or when nobody wants the outcome any more. */
  readonly signal: AbortSignal;
}

export interface NetworkTarget {
  /** Address or name. */
  readonly host: string;
  readonly port: number;
}

export interface GrpcTarget extends NetworkTarget {
  /** Name in `HealthCheckRequest`; empty for the server as a whole. */
  readonly service: string;
  /** `kube-probe/1.36`. */
  readonly userAgent: string;
}

/** Outcome of a command in a container that ran to its end. */
export interface CommandResult {
  readonly exitCode: number;
  /** Both streams, at most 10 KiB. */
  readonly output: string;
}

/**
 * What probes and hooks do to a container. All reject with `ActionError`, whose messages are those of the Go libraries that
 * upstream's kubelet uses, because people search for them.
 */
export interface ContainerActions {
  /** One GET on a connection of its own. Any status resolves; redirects to the same host are followed. */
  httpGet(request: HttpRequest, options: ActionOptions): Promise<HttpResponse>;
  /** Resolves once a connection stands, which is closed at once. */
  tcpConnect(target: NetworkTarget, options: ActionOptions): Promise<void>;
  /** Status that `grpc.health.v1.Health/Check` answers, e.g. `SERVING`. */
  grpcHealth(target: GrpcTarget, options: ActionOptions): Promise<string>;
  /** Runs a command in the container with this ID of the runtime. */
  exec(containerId: string, command: readonly string[], options: ActionOptions): Promise<CommandResult>;
}
