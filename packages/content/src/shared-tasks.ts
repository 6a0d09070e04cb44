import { abortReason, raceAbort } from "@wherry/base";

interface Task<T> {
  readonly promise: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/** Does equal work once for all who ask for it at the same time; it is aborted when the last of them has gone. */
export class SharedTasks<T> {
  readonly #tasks: Map<string, Task<T>> = new Map();

  /** Joins the work under way for `key` or starts it; rejects early with the signal's reason. */
  async run(key: string, work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (;;) {
      if (signal?.aborted) throw abortReason(signal);
      const task = this.#tasks.get(key) ?? this.#start(key, work);
      if (!task.controller.signal.aborted) return this.#join(task, signal);
      // Given up by everybody, but still winding down: two at a time would be in each other's way.
      await raceAbort(task.promise.then(ignore, ignore), signal);
    }
  }

  async #join(task: Task<T>, signal: AbortSignal | undefined): Promise<T> {
    task.waiting++;
    try {
      return await raceAbort(task.promise, signal);
    } finally {
      task.waiting--;
      if (task.waiting === 0) task.controller.abort();
    }
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<T>): Task<T> {
    const controller = new AbortController();
    const promise = work(controller.signal).finally(() => {
      this.#tasks.delete(key);
    });
    promise.catch(ignore);
    const task: Task<T> = { promise, controller, waiting: 0 };
    this.#tasks.set(key, task);
    return task;
  }
}

function ignore(): void {}
