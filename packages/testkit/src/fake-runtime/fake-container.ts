import type { ContainerConfig, ContainerStatus, ContainerSummary } from "@wherry/runtime";

/** What a fake container does of its own accord. */
export interface ContainerScript {
  /** Time it runs; it runs until stopped where absent. */
  readonly exitAfterMs?: number | undefined;
  /** @default 0 */
  readonly exitCode?: number | undefined;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  /** Whether it ends at the stop signal; otherwise only the kill ends it. @default true */
  readonly obeysStop?: boolean | undefined;
  /** Exit code after the stop signal. @default 143 */
  readonly stopExitCode?: number | undefined;
  /** Written to its termination message file at the end. */
  readonly terminationMessage?: string | undefined;
}

/** A container of the fake runtime. */
export interface FakeContainer {
  readonly id: string;
  readonly sandboxId: string;
  /** Only its resources ever change. */
  config: ContainerConfig;
  readonly script: ContainerScript;
  readonly createdAtMs: number;
  readonly logPath: string;
  state: ContainerStatus["state"];
  startedAtMs: number;
  finishedAtMs: number;
  exitCode: number;
  reason: string;
  message: string;
  cancelExit: (() => void) | undefined;
  readonly exited: PromiseWithResolvers<void>;
}

export function summaryOf(container: FakeContainer): ContainerSummary {
  const { id, sandboxId, config, state, createdAtMs } = container;
  const { name, attempt, labels, annotations } = config;
  return { id, sandboxId, name, attempt, state, createdAtMs, imageRef: config.image.image, labels, annotations };
}

export function statusOf(container: FakeContainer): ContainerStatus {
  const { config, startedAtMs, finishedAtMs, exitCode, reason, message, logPath } = container;
  return {
    ...summaryOf(container),
    startedAtMs,
    finishedAtMs,
    exitCode,
    reason,
    message,
    image: config.image,
    mounts: config.mounts,
    logPath,
    resources: config.resources,
  };
}
