/** Until caches, start-up garbage and first heartbeats are through. */
const settleMs = 20_000;

/** Lets processes come to rest before their memory is read. */
export function settle(): Promise<void> {
  return pause(settleMs);
}

export function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
