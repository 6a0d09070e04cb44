/** Milliseconds since the epoch as the API's `Time`: RFC 3339 in whole seconds, UTC. */
export function formatApiTime(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}

/** Milliseconds since the epoch of an API time; undefined for none or for text that is no time. */
export function parseApiTime(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const timeMs = Date.parse(text);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
