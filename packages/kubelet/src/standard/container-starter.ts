import { join } from "node:path";
import { errorMessage, isAbort } from "@wherry/base";
import { type Container, containerFieldPath, podTitle } from "@wherry/kubernetes";
import type { ImageSpec } from "@wherry/runtime";
import { actionMessage } from "../errors.ts";
import { nodeLogFiles } from "../ports/log-files.ts";
import { containerLogPath, podLogDirectory } from "../ports/log-paths.ts";
import { containerConfig } from "./container-config.ts";
import { checkContainerUser } from "./container-user.ts";
import { crashDelay, crashKey } from "./crash-delay.ts";
import type { ImageVolumes } from "./image-volumes.ts";
import { nextAttempt } from "./next-attempt.ts";
import { hookSubject, type PodContext } from "./pod-context.ts";
import type { Instance } from "./pod-facts.ts";
import type { StartDelay, StartOutcome } from "./start-outcome.ts";
import { killContainer } from "./stop-container.ts";

/** As upstream waits before it looks again at a pod whose work failed. Each try costs events, of which a pod has few. */
const retryMs = 10_000;
/** Long enough to be seen; after it back-off decides. */
const hookRetryMs = 1000;

/** Starts one container of a pod in its sandbox: back-off, image, configuration, creation, start, in upstream's order. */
export class ContainerStarter {
  readonly container: Container;
  readonly #context: PodContext;
  readonly #sandboxId: string;
  readonly #imageVolumes: ImageVolumes;
  readonly #fieldPath: string;

  /** @param imageVolumes of this round of starts */
  constructor(context: PodContext, container: Container, sandboxId: string, imageVolumes: ImageVolumes) {
    this.#context = context;
    this.container = container;
    this.#sandboxId = sandboxId;
    this.#imageVolumes = imageVolumes;
    this.#fieldPath = containerFieldPath(context.spec, container.name);
  }

  /**
   * Failures are outcomes; rejects only with the signal's reason.
   *
   * @param killed runtime ID of an instance that was killed just now so that another takes its place
   */
  async start(signal: AbortSignal, killed?: string): Promise<StartOutcome> {
    const crash = this.#crashDelay(killed);
    if (crash !== undefined) return crash;
    const imageVolumes = await this.#imageVolumes.ensure(this.container, signal);
    if (imageVolumes.kind === "waiting") {
      this.#failed(imageVolumes.reason);
      return imageVolumes;
    }
    const image = await this.#context.shared.puller.ensure({
      image: this.container.image ?? "",
      pullPolicy: this.container.imagePullPolicy,
      runtimeHandler: this.#context.runtimeHandler ?? "",
      backOff: this.#context.pullBackOff,
      failures: this.#context.pullFailures,
      credentials: () =>
        this.#context.options.pullSecrets.pullCredentials(this.#context.pod, this.container.image ?? "", { signal }),
      event: (content) => this.#context.event(content),
      fieldPath: this.#fieldPath,
      signal,
    });
    if (image.kind === "waiting") {
      this.#failed(image.reason);
      return image;
    }
    return this.#create(image.ref, imageVolumes.images, signal);
  }

  /**
   * CrashLoopBackOff: the container ended and must not start again yet.
   *
   * As upstream, which looks before it kills, what was killed to be replaced does not count as an end yet: the end before it decides.
   * Where that one holds the start back, the delay is counted from the kill.
   */
  #crashDelay(killed: string | undefined): StartDelay | undefined {
    const { name } = this.container;
    const ended = this.#context.facts.of(name).filter(({ state }) => state === "exited");
    const decisive = ended.find(({ runtimeId }) => runtimeId !== killed);
    if (decisive === undefined) return undefined;
    let delay = this.#delayAfter(decisive);
    const [newest = decisive] = ended;
    if (delay !== undefined && newest !== decisive) delay = this.#delayAfter(newest);
    if (delay !== undefined)
      this.#warn("BackOff", `Back-off restarting failed container ${name} in pod ${podTitle(this.#context.pod)}`);
    return delay;
  }

  #delayAfter({ endedAtMs }: Instance): StartDelay | undefined {
    const { pod, restartBackOff, handle } = this.#context;
    const nowMs = handle.clock.monotonic();
    return crashDelay(restartBackOff, { pod, container: this.container, finishedAtMs: endedAtMs ?? nowMs, nowMs });
  }

  async #create(
    imageRef: string,
    imageVolumes: ReadonlyMap<string, ImageSpec>,
    signal: AbortSignal,
  ): Promise<StartOutcome> {
    const { environment, volumes, runtime, terminationLogs } = this.#context.options;
    const { pod, handle } = this.#context;
    const container = this.container;
    let config: ReturnType<typeof containerConfig>;
    try {
      checkContainerUser(pod, container, this.#context.options.containerUser);
      const sandboxIps = this.#context.facts.sandbox?.ips ?? [];
      const hostIps = handle.node.hostIps;
      const podIps = sandboxIps.length > 0 ? sandboxIps : hostIps;
      const facts = { podIps, hostIps, nodeAllocatable: handle.node.allocatable };
      const variables = await environment.containerEnvironment(pod, container, facts, { signal });
      const mounts = await volumes.containerMounts(pod, container, variables, { imageVolumes, signal });
      await this.#removeUnstarted(signal);
      const attempt = nextAttempt(container.name, this.#context.facts.of(container.name)[0], handle.status);
      const messageFile = await terminationLogs.prepare(handle.uid, container, String(attempt));
      config = containerConfig(this.#context, {
        container,
        attempt,
        imageRef,
        environment: variables,
        mounts: [...mounts, messageFile],
      });
    } catch (error) {
      return this.#delayOf("CreateContainerConfigError", error, retryMs, signal);
    }
    let id: string;
    try {
      id = await runtime.createContainer(this.#sandboxId, config, { signal });
    } catch (error) {
      this.#context.staleAll = true;
      return this.#delayOf("CreateContainerError", error, retryMs, signal);
    }
    this.#normal("Created", "Container created");
    return this.#run(id, config.attempt, signal);
  }

  async #run(id: string, attempt: number, signal: AbortSignal): Promise<StartOutcome> {
    const { runtime } = this.#context.options;
    this.#context.staleContainers.add(id);
    try {
      await runtime.startContainer(id, { signal });
    } catch (error) {
      const key = crashKey(this.container);
      const now = this.#context.handle.clock.monotonic();
      const delayMs = Math.max(this.#context.restartBackOff.delayMs(key), retryMs);
      return this.#delayOf("RunContainerError", error, delayMs, signal, now);
    }
    this.#normal("Started", "Container started");
    this.#linkLog(id, attempt);
    await this.#removeOldInstances(attempt, signal);
    return (await this.#postStart(id, signal)) ?? { kind: "started", runtimeId: id };
  }

  /** Until the hook returns the facts do not have the instance, so nobody sees it run. A hook that fails is the container's end. */
  async #postStart(id: string, signal: AbortSignal): Promise<StartDelay | undefined> {
    const hook = this.container.lifecycle?.postStart;
    if (hook === undefined) return undefined;
    const { shared, handle } = this.#context;
    const { name } = this.container;
    try {
      await shared.hooks.run(hook, hookSubject(this.#context, this.container, id), signal);
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      handle.logger.warn("postStart hook failed", { container: name, error: actionMessage(error) });
      // What went wrong may hold what the hook was told in confidence.
      this.#warn("FailedPostStartHook", "PostStartHook failed");
      try {
        const instance = { name, runtimeId: id, state: "running" as const };
        await killContainer(this.#context, { instance, message: "FailedPostStartHook" }, signal);
      } catch (failure) {
        signal.throwIfAborted();
        handle.logger.warn("Cannot stop a container whose hook failed", { name, error: errorMessage(failure) });
      }
      const retryAtMs = handle.clock.monotonic() + hookRetryMs;
      return { kind: "waiting", reason: "PostStartHookError", message: actionMessage(error), retryAtMs };
    }
  }

  /** For log shippers; nothing waits for it, and nothing fails with it. */
  #linkLog(id: string, attempt: number): void {
    const { options, handle, pod } = this.#context;
    const { name: podName = "", namespace = "" } = pod.metadata ?? {};
    const container = this.container.name;
    const directory = podLogDirectory(options.podLogsDirectory, { namespace, name: podName, uid: handle.uid });
    const logPath = join(directory, containerLogPath(container, attempt));
    options.logFiles
      ?.linkLog?.({ namespace, pod: podName, container, containerId: id, logPath })
      .catch((error: unknown) => {
        handle.logger.warn("Cannot link a container's log", { container, error: errorMessage(error) });
      });
  }

  /** A container that was created but never ran (the kubelet died in between, or starting failed) makes room for the next. */
  async #removeUnstarted(signal: AbortSignal): Promise<void> {
    const { facts, options } = this.#context;
    for (const instance of facts.of(this.container.name)) {
      if (instance.state !== "created") continue;
      await options.runtime.removeContainer(instance.runtimeId, { signal });
      facts.forgetContainer(instance.runtimeId);
    }
  }

  /** One dead instance stays for `logs --previous`; older ones go, with their logs. Failing costs nothing but space. */
  async #removeOldInstances(attempt: number, signal: AbortSignal): Promise<void> {
    const { facts, options, handle } = this.#context;
    const { name } = this.container;
    const [newest, ...older] = facts.of(name).filter((instance) => instance.state === "exited");
    if (newest === undefined || older.length === 0) return;
    try {
      for (const instance of older) {
        await options.runtime.removeContainer(instance.runtimeId, { signal });
        facts.forgetContainer(instance.runtimeId);
        await (options.logFiles ?? nodeLogFiles).removeLog(instance.logPath);
      }
      const keep = new Set([newest.attempt, attempt].map(String));
      await options.terminationLogs.prune(handle.uid, name, keep);
    } catch (error) {
      if (!isAbort(error, signal)) handle.logger.warn("Cannot remove a dead container", { error: errorMessage(error) });
    }
  }

  #delayOf(reason: string, error: unknown, delayMs: number, signal: AbortSignal, now?: number): StartDelay {
    signal.throwIfAborted();
    const message = errorMessage(error);
    this.#failed(message);
    return { kind: "waiting", reason, message, retryAtMs: (now ?? this.#context.handle.clock.monotonic()) + delayMs };
  }

  #failed(message: string): void {
    this.#warn("Failed", `Error: ${message}`);
  }

  #normal(reason: string, message: string): void {
    this.#context.event({ type: "Normal", reason, message, fieldPath: this.#fieldPath });
  }

  #warn(reason: string, message: string): void {
    this.#context.event({ type: "Warning", reason, message, fieldPath: this.#fieldPath });
  }
}
