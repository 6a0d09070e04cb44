import { type Clock, errorMessage, isAbort, type Logger } from "@wherry/base";

/** Pause between two looks at a host. */
const intervalMs = 5_000;

/** Steps of a second that a host has for its answer. Counted in steps so that a pause of this process is not held against it. */
const graceSteps = 5;
const stepMs = 1_000;

/** What can be watched: a host. */
export interface Watched {
  readonly id: string;
  readonly pid: number;
  readonly alive: boolean;
  /** Resolves when the host has answered. */
  ping(): Promise<void>;
  kill(reason: string): void;
}

/** Pings all hosts in turn until `signal` aborts; one that does not answer within five seconds is killed. */
export async function watchHeartbeats(
  hosts: () => readonly Watched[],
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const round = hosts().filter((host) => host.alive);
    await Promise.all(round.map((host, index) => check(host, (index / round.length) * intervalMs)));
    await clock.sleep(round.length === 0 ? intervalMs : stepMs, signal).catch(() => undefined);
  }

  async function check(host: Watched, delayMs: number): Promise<void> {
    try {
      // Spread out, so that hundreds of processes do not wake at once.
      await clock.sleep(delayMs, signal);
      let answered = false;
      const answer = host.ping().then(() => {
        answered = true;
      });
      for (let step = 0; step < graceSteps && !answered; step++) {
        const pause = new AbortController();
        await Promise.race([answer, clock.sleep(stepMs, AbortSignal.any([signal, pause.signal]))]).finally(() =>
          pause.abort(),
        );
      }
      if (answered) return;
      logger.error("Killing a host that does not answer", { host: host.id, pid: host.pid });
      host.kill(`host process ${host.pid} did not answer for ${(graceSteps * stepMs) / 1000} s`);
    } catch (error) {
      if (!isAbort(error, signal)) logger.debug("Cannot ping host", { host: host.id, error: errorMessage(error) });
    }
  }
}
