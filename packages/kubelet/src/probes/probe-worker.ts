import type { Clock } from "@wherry/base";
import type { ContainerActions } from "../actions/container-actions.ts";
import { Distribution } from "../server/metrics/distribution.ts";
import { type PreparedProbe, type ProbeOutcome, type ProbeSubject, prepareProbe } from "./probe-outcome.ts";
import type { ProbeSpec } from "./probe-spec.ts";
import type { TickSchedule } from "./tick-schedule.ts";

export type ProbeResult = "success" | "failure" | "unknown";

export interface ProbeWorkerOptions {
  readonly spec: ProbeSpec;
  readonly actions: ContainerActions;
  readonly clock: Clock;
  readonly schedule: TickSchedule;
  /** Told of each probe, before the result changes. */
  readonly probed: (outcome: ProbeOutcome) => void;
  /** The result changed. */
  readonly changed: () => void;
}

/** When a worker begins to probe. */
export interface FirstProbe {
  /** Until the first probe that counts whatever comes of it. */
  readonly delayMs: number;
  /** Whether there is one before it, which counts only if it succeeds. */
  readonly atOnce: boolean;
}

/** A probe that could not be carried out is tried this often before its outcome is thrown away, as upstream's. */
const maxTries = 3;

/**
 * One probe of one container: probes the instance it was last started on at its period, one at a time, and turns outcomes into a
 * result by the thresholds.
 */
export class ProbeWorker {
  readonly #options: ProbeWorkerOptions;
  readonly #tick: () => void = () => void this.#probe();
  readonly #counts: Record<ProbeResult, number> = { success: 0, failure: 0, unknown: 0 };
  readonly #seconds: Distribution = new Distribution();
  #result: ProbeResult = "unknown";
  #last: ProbeResult | undefined;
  #run = 0;
  #subject: ProbeSubject | undefined;
  #prepared: PreparedProbe | undefined;
  /** Monotonic time of the tick that is next, or under way. */
  #dueMs = 0;
  #slot: number | undefined;
  /** How long the last probe took. */
  #lastedMs = 0;
  #cancelEarly: (() => void) | undefined;
  #attempt: AbortController | undefined;

  constructor(options: ProbeWorkerOptions) {
    this.#options = options;
  }

  get spec(): ProbeSpec {
    return this.#options.spec;
  }

  get result(): ProbeResult {
    return this.#result;
  }

  /** Probes so far, by what came of them. */
  get counts(): Readonly<Record<ProbeResult, number>> {
    return this.#counts;
  }

  /** How long those took that did not fail, as upstream's metric leaves those out. */
  get seconds(): Distribution {
    return this.#seconds;
  }

  /** Begins to probe; where it does already, only what it probes changes. */
  start(subject: ProbeSubject, first: () => FirstProbe): void {
    const { actions, spec, clock } = this.#options;
    const before = this.#subject;
    this.#subject = subject;
    if (before?.containerId !== subject.containerId || before.address !== subject.address)
      this.#prepared = prepareProbe(actions, spec, subject);
    if (before !== undefined) return;
    const { delayMs, atOnce } = first();
    this.#dueMs = clock.monotonic() + delayMs;
    if (atOnce) this.#cancelEarly = clock.setTimer(0, () => void this.#probeEarly());
    else this.#slot = this.#options.schedule.add(this.#dueMs, this.#tick);
  }

  /** Stops to probe; the outcome of a probe under way is thrown away. */
  stop(): void {
    this.#subject = undefined;
    this.#prepared = undefined;
    if (this.#slot !== undefined) this.#options.schedule.remove(this.#slot, this.#tick);
    this.#slot = undefined;
    this.#cancelEarly?.();
    this.#attempt?.abort();
    this.#attempt = undefined;
  }

  /** Stops, and forgets what was found. */
  reset(result: ProbeResult): void {
    this.stop();
    this.#result = result;
    this.#last = undefined;
    this.#run = 0;
  }

  async #probe(): Promise<void> {
    this.#slot = undefined;
    const outcome = await this.#attemptOnce(this.#options.spec.timeoutMs);
    if (outcome === undefined) return;
    this.#scheduleNext();
    this.#judge(outcome);
  }

  async #probeEarly(): Promise<void> {
    const { schedule, clock, spec } = this.#options;
    const sinceMs = clock.monotonic();
    // Then it is the turn of the first that counts.
    const outcome = await this.#attemptOnce(Math.min(spec.timeoutMs, this.#dueMs - sinceMs));
    if (outcome === undefined) return;
    if (outcome.kind === "failure" || outcome.kind === "error") {
      this.#slot = schedule.add(Math.max(this.#dueMs, clock.monotonic()), this.#tick);
      return;
    }
    this.#dueMs = sinceMs;
    this.#scheduleNext();
    this.#judge(outcome);
  }

  /** What came of it; undefined where nobody wants to know any more. */
  async #attemptOnce(timeoutMs: number): Promise<ProbeOutcome | undefined> {
    const { schedule, clock } = this.#options;
    const prepared = this.#prepared;
    if (prepared === undefined) return undefined;
    const attempt = new AbortController();
    this.#attempt = attempt;
    const sinceMs = clock.monotonic();
    const expire = () => attempt.abort();
    const expiry = schedule.add(sinceMs + timeoutMs, expire);
    const outcome = await attemptOften(prepared, attempt.signal);
    schedule.remove(expiry, expire);
    // Stopped meanwhile, and perhaps started again on another instance.
    if (this.#attempt !== attempt) return undefined;
    this.#attempt = undefined;
    this.#lastedMs = clock.monotonic() - sinceMs;
    return outcome;
  }

  /** Ticks stay on the beat of the first one; those a slow probe has missed become one. */
  #scheduleNext(): void {
    const { schedule, clock, spec } = this.#options;
    const now = clock.monotonic();
    this.#dueMs += spec.periodMs;
    const late = now - this.#dueMs;
    if (late > 0) this.#dueMs += Math.floor(late / spec.periodMs) * spec.periodMs;
    this.#slot = schedule.add(Math.max(this.#dueMs, now), this.#tick);
  }

  #judge(outcome: ProbeOutcome): void {
    const { spec, probed, changed } = this.#options;
    const result = resultOf(outcome);
    this.#counts[result]++;
    if (result !== "failure") this.#seconds.observe(this.#lastedMs / 1000);
    probed(outcome);
    if (result === "unknown") return;
    this.#run = this.#last === result ? this.#run + 1 : 1;
    this.#last = result;
    if (this.#run < (result === "success" ? spec.successThreshold : spec.failureThreshold)) return;
    if (this.#result === result) return;
    this.#result = result;
    changed();
  }
}

async function attemptOften(prepared: PreparedProbe, signal: AbortSignal): Promise<ProbeOutcome> {
  for (let tries = 1; ; tries++) {
    const outcome = await prepared(signal);
    if (outcome.kind !== "error" || tries >= maxTries || signal.aborted) return outcome;
  }
}

function resultOf({ kind }: ProbeOutcome): ProbeResult {
  if (kind === "error") return "unknown";
  return kind === "failure" ? "failure" : "success";
}
