import type { Event } from "@wherry/kubernetes";
import { BoundedMap } from "./bounded-map.ts";
import { TokenBucket } from "./token-bucket.ts";

// Upstream's limits (client-go, tools/record).
const maxSimilarEvents = 10;
const similarWithinMs = 600_000;
const spamBurst = 25;
const spamPerSecond = 1 / 300;
const maxRemembered = 4_096;
const combinedPrefix = "(combined from similar events): ";

/** What is to be written for an occurrence. */
export type CorrelatedEvent =
  | { readonly kind: "create"; readonly event: Event }
  /** An event happened again: `event` is how it should be, `patch` what differs where it was written before. */
  | { readonly kind: "repeat"; readonly event: Event; readonly patch: object }
  /** The object has used up its budget of events. */
  | { readonly kind: "spam" };

interface Group {
  readonly messages: Set<string>;
  seenAtMs: number;
}

/**
 * Keeps events few, as client-go's correlator: the same event again becomes a count, from the tenth different message of
 * one reason within 10 minutes on they become one event, and an object gets 25 events and then one every 5 minutes. What is not
 * written for that is counted all the same, so that the next that is written tells the truth.
 */
export class EventCorrelator {
  readonly #groups: BoundedMap<Group> = new BoundedMap(maxRemembered);
  readonly #seen: BoundedMap<Event> = new BoundedMap(maxRemembered);
  readonly #budgets: BoundedMap<TokenBucket> = new BoundedMap(maxRemembered);

  correlate(occurrence: Event, nowMs: number): CorrelatedEvent {
    const { event, key } = this.#combine(occurrence, nowMs);
    const correlated = this.#count(event, key);
    this.#seen.set(key, correlated.event);
    return this.#withinBudget(event, nowMs) ? correlated : { kind: "spam" };
  }

  #combine(event: Event, nowMs: number): { event: Event; key: string } {
    const groupKey = keyOf([...objectKey(event), event.type, event.reason]);
    const message = event.message ?? "";
    let group = this.#groups.get(groupKey);
    if (group === undefined || nowMs - group.seenAtMs > similarWithinMs)
      group = { messages: new Set(), seenAtMs: nowMs };
    group.seenAtMs = nowMs;
    group.messages.add(message);
    this.#groups.set(groupKey, group);
    if (group.messages.size < maxSimilarEvents)
      return { event, key: keyOf([groupKey, event.involvedObject.fieldPath, message]) };
    // Keeps the set at its size; which message goes does not matter.
    const [first] = group.messages;
    if (first !== undefined) group.messages.delete(first);
    return { event: { ...event, message: combinedPrefix + message }, key: groupKey };
  }

  #count(event: Event, key: string): Exclude<CorrelatedEvent, { kind: "spam" }> {
    const last = this.#seen.get(key);
    if (last === undefined) return { kind: "create", event };
    const repeated: Event = {
      ...event,
      metadata: { name: last.metadata.name, namespace: last.metadata.namespace },
      firstTimestamp: last.firstTimestamp,
      count: (last.count ?? 1) + 1,
    };
    const { count, lastTimestamp, message } = repeated;
    return { kind: "repeat", event: repeated, patch: { count, lastTimestamp, message } };
  }

  #withinBudget(event: Event, nowMs: number): boolean {
    const key = keyOf(objectKey(event));
    let budget = this.#budgets.get(key);
    if (budget === undefined) {
      budget = new TokenBucket(spamPerSecond, spamBurst, nowMs);
      this.#budgets.set(key, budget);
    }
    return budget.tryTake(nowMs);
  }
}

function objectKey({ involvedObject: { kind, namespace, name, uid } }: Event): (string | undefined)[] {
  return [kind, namespace, name, uid];
}

function keyOf(parts: readonly (string | undefined)[]): string {
  return parts.map((part) => part ?? "").join("\0");
}
