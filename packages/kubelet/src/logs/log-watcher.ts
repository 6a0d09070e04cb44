import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "@wherry/base";

// With notifications the look is only a safeguard, e.g. for file systems that do not notify.
const watchedLookMs = 10_000;
const unwatchedLookMs = 1_000;

/** Tells when a log may have grown: by file system notifications, or once a second where there are none. */
export class LogWatcher {
  readonly #clock: Clock;
  readonly #watcher: FSWatcher | undefined;
  #changed = false;
  #wake: (() => void) | undefined;
  #lookMs: number = watchedLookMs;

  constructor(path: string, clock: Clock) {
    this.#clock = clock;
    try {
      this.#watcher = watch(dirname(path), { persistent: false }, () => this.notify());
      this.#watcher.on("error", () => this.#lookOften());
    } catch {
      // Out of inotify watches (ENOSPC, EMFILE), or the directory is gone.
      this.#watcher = undefined;
      this.#lookOften();
    }
  }

  /** Lets `wait` return. */
  notify(): void {
    this.#changed = true;
    this.#wake?.();
  }

  /** Resolves when something may have changed since the last call; rejects when `signal` aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#changed) await this.#change(signal);
    signal.throwIfAborted();
    this.#changed = false;
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        signal.removeEventListener("abort", done);
        this.#wake = undefined;
        resolve();
      };
      const cancel = this.#clock.setTimer(this.#lookMs, done);
      signal.addEventListener("abort", done, { once: true });
      this.#wake = done;
    });
  }

  close(): void {
    this.#watcher?.close();
  }

  #lookOften(): void {
    this.#lookMs = unwatchedLookMs;
    this.notify();
  }
}
