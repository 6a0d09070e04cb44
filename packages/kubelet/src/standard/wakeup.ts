import { abortReason, type Clock } from "@wherry/base";

/** A level that anyone may raise and one waiter lowers; a raise is never lost. */
export class Wakeup {
  #raised = false;
  #wake: (() => void) | undefined;

  raise(): void {
    this.#raised = true;
    this.#wake?.();
  }

  /** Resolves once raised (and lowers it) or after `timeoutMs`; rejects with the reason when `signal` aborts. */
  wait(clock: Clock, signal: AbortSignal, timeoutMs?: number): Promise<void> {
    if (signal.aborted) return Promise.reject(abortReason(signal));
    if (this.#raised) {
      this.#raised = false;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const end = () => {
        cancel?.();
        signal.removeEventListener("abort", onAbort);
        this.#wake = undefined;
      };
      const onAbort = () => {
        end();
        reject(abortReason(signal));
      };
      const cancel = timeoutMs === undefined ? undefined : clock.setTimer(timeoutMs, () => this.raise());
      this.#wake = () => {
        end();
        this.#raised = false;
        resolve();
      };
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Lowers the level, before looking at what it stands for. */
  clear(): void {
    this.#raised = false;
  }
}
