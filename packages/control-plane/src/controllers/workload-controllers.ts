import type { Logger } from "@wherry/base";
import type { VerbServices } from "../verbs/verb-services.ts";
import { DaemonSetController } from "./daemon-set/daemon-set-controller.ts";
import { DeploymentController } from "./deployment/deployment-controller.ts";
import { DisruptionController } from "./disruption/disruption-controller.ts";
import { JobController } from "./job/job-controller.ts";
import { runController } from "./kit/controller.ts";
import { PodGarbageCollector } from "./pod-garbage-collector.ts";
import { ReplicaSetController } from "./replica-set/replica-set-controller.ts";
import { StatefulSetController } from "./stateful-set/stateful-set-controller.ts";

const controllers = [
  DeploymentController,
  ReplicaSetController,
  JobController,
  DaemonSetController,
  StatefulSetController,
  DisruptionController,
  PodGarbageCollector,
] as const;

/** Starts the controllers of everything that has pods; each promise resolves when one has stopped after `signal` aborts. */
export function startWorkloadControllers(services: VerbServices, logger: Logger, signal: AbortSignal): Promise<void>[] {
  return controllers.map((Controller) => runController(new Controller(services, logger), services, logger, signal));
}
