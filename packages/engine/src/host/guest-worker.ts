import { Worker } from "node:worker_threads";
import type { GuestReport, WorkerReport, WorkerRequest } from "./worker-messages.ts";

/** JavaScript heap of a worker. The guest's own memory does not count; too small a heap for the host's code is fatal to it. */
const resourceLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 24, stackSizeMb: 4 };

/** How a worker ended that was not terminated from here. */
export type WorkerFailure = { readonly kind: "out-of-memory" } | { readonly kind: "crashed"; readonly message: string };

/** A worker thread for one guest; started ahead of time it waits, with all code loaded, for what to run. */
export class GuestWorker {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  #failure: WorkerFailure | undefined;
  #ended = false;
  /** Resolves when the thread is ready for a guest, and also when it ended before. */
  readonly ready: Promise<void>;
  onReport: (report: GuestReport) => void = () => undefined;
  /** Called once when the thread has ended by itself. */
  onEnd: (failure: WorkerFailure) => void = () => undefined;

  constructor(entry: URL) {
    this.#worker = new Worker(entry, { resourceLimits, env: {}, trackUnmanagedFds: false });
    const ready = Promise.withResolvers<void>();
    this.ready = ready.promise;
    this.#worker.on("message", (report: WorkerReport) => {
      if (report.type === "ready") ready.resolve();
      else this.onReport(report);
    });
    this.#worker.on("error", (error: Error & { code?: string }) => {
      this.#failure =
        error.code === "ERR_WORKER_OUT_OF_MEMORY"
          ? { kind: "out-of-memory" }
          : { kind: "crashed", message: error.message };
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.on("exit", (code) => {
        this.#ended = true;
        ready.resolve();
        resolve();
        this.onEnd(this.#failure ?? { kind: "crashed", message: `the worker ended with code ${code}` });
      });
    });
  }

  /** Whether the thread is still there. */
  get alive(): boolean {
    return !this.#ended;
  }

  send(request: WorkerRequest): void {
    this.#worker.postMessage(request);
  }

  /** CPU time of the thread so far, nanoseconds. */
  async cpuNanoseconds(): Promise<number> {
    const { user, system } = await this.#worker.cpuUsage();
    return (user + system) * 1000;
  }

  /** Ends the thread, also one that computes without a pause; resolves when nothing of it runs any more. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
    await this.#exited;
  }
}
