import type { Clock, Logger } from "@wherry/base";
import type { LogSource } from "../ports/log-source.ts";
import type { PodDirectory } from "../ports/pod-directory.ts";
import { containerLogsRoute } from "./container-logs.ts";
import { disabledDebuggingRoutes, unsupportedStreamingRoutes } from "./debugging-routes.ts";
import { type HealthCheck, healthRoutes } from "./health-checks.ts";
import { configRoute, metricsRoute } from "./information-routes.ts";
import { type PodsRoutesOptions, podsRoutes } from "./pods-routes.ts";
import type { Route } from "./route.ts";

export interface KubeletRoutesOptions {
  readonly pods: Pick<PodDirectory, "list">;
  readonly runningPods?: PodsRoutesOptions["runningPods"];
  readonly logs: Pick<LogSource, "containerLog">;
  readonly healthChecks: readonly HealthCheck[];
  /** In the form of the configuration file. */
  readonly configuration: () => object;
  /** Texts of metrics by the path that serves them. */
  readonly metrics?: Readonly<Record<string, () => string | Promise<string>>> | undefined;
  /** Further routes, which win over the built-in ones. */
  readonly more?: readonly Route[] | undefined;
  /** `enableDebuggingHandlers`. */
  readonly debugging: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** All routes of the kubelet's HTTPS API. */
export function kubeletRoutes(options: KubeletRoutesOptions): Route[] {
  const {
    pods,
    runningPods,
    logs,
    healthChecks,
    configuration,
    metrics = {},
    more,
    debugging,
    clock,
    logger,
  } = options;
  return [
    // First, so that nothing added may go around it.
    ...(debugging ? [] : disabledDebuggingRoutes()),
    ...(more ?? []),
    ...healthRoutes(healthChecks, logger),
    ...podsRoutes({ pods: () => pods.list(), runningPods }),
    containerLogsRoute(logs, clock),
    ...unsupportedStreamingRoutes(),
    configRoute(configuration),
    ...Object.entries(metrics).map(([path, render]) => metricsRoute(path, render)),
  ];
}
