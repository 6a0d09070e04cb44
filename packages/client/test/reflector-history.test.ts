import { FakeClock } from "@wherry/base";
import type { ConfigMap } from "@wherry/kubernetes";
import fc from "fast-check";
import { expect, test } from "vitest";

import { type Change, createReflector, resources } from "../src/index.ts";
import { FakeApiServer, lostConnection, refusedConnection } from "./fake-api-server.ts";

type Step =
  | { readonly kind: "put" | "delete"; readonly name: string; readonly value: string }
  | {
      readonly kind:
        | "end"
        | "reset"
        | "compact"
        | "expire"
        | "bookmark"
        | "repeat"
        | "refuse"
        | "lose"
        | "overload"
        | "consume";
    }
  | { readonly kind: "churn"; readonly name: string; readonly times: number }
  | { readonly kind: "wait"; readonly ms: number };

// Few, so that objects often follow others of their name; more than a page holds.
const name = fc.constantFrom("a", "b", "c");

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("put" as const),
      name,
      value: fc.string({ maxLength: 12, unit: "grapheme" }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("delete" as const), name, value: fc.constant("") }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("churn" as const), name, times: fc.integer({ min: 2, max: 5 }) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 3000 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        "end",
        "reset",
        "compact",
        "expire",
        "bookmark",
        "repeat",
        "refuse",
        "lose",
        "overload",
        "consume",
      ),
    }),
  },
);

/** What a consumer believes is there, checking that each change fits what it was told before. */
class Mirror {
  readonly objects: Map<string, ConfigMap> = new Map();
  /** Uids of objects whose end has not been told. */
  readonly living: Set<string> = new Set();

  apply({ type, key, object }: Change<ConfigMap>): void {
    const known = this.objects.get(key);
    const uid = object.metadata?.uid ?? "";
    if (type === "added") {
      expect(known, `added ${key} twice`).toBeUndefined();
      this.living.add(uid);
    } else {
      expect(known, `${type} ${key} before it was added`).toBeDefined();
      expect(uid, `${type} ${key} of another uid`).toBe(known?.metadata?.uid);
    }
    if (type === "deleted") {
      this.objects.delete(key);
      this.living.delete(uid);
    } else this.objects.set(key, object);
  }

  versions(): string[] {
    return [...this.objects].map(([key, object]) => `${key}@${object.metadata?.resourceVersion}`).sort();
  }
}

async function play(steps: readonly Step[], watchList: boolean, chunkBytes: number): Promise<void> {
  const server = new FakeApiServer();
  server.chunkBytes = () => chunkBytes;
  server.watchListMode = watchList ? "supported" : "invalid";
  const clock = new FakeClock();
  const client = server.client({ clock });
  const reflector = createReflector(client, resources.configMaps, {
    namespace: "default",
    clock,
    random: () => 0.5,
    pageSize: 2,
  });
  const direct = new Mirror();
  const slow = new Mirror();
  reflector.onChange((change) => direct.apply(change));
  const queue = reflector.subscribe();
  const controller = new AbortController();
  const ended = reflector.run(controller.signal);
  const pending: Promise<void>[] = [];
  for (const each of steps) {
    act(server, each);
    if (each.kind === "consume") pending.push(queue.next().then(({ value, done }) => void (done || slow.apply(value))));
    if (each.kind === "wait") await clock.advance(each.ms);
  }
  server.failures.length = 0;
  await clock.advance(120_000);
  const expected = [...server.objects.values()]
    .map((o) => `default/${o.metadata?.name}@${o.metadata?.resourceVersion}`)
    .sort();
  const stored = reflector.store
    .list()
    .map((o) => `default/${o.metadata?.name}@${o.metadata?.resourceVersion}`)
    .sort();
  expect(stored).toEqual(expected);
  expect(direct.versions()).toEqual(expected);
  const rest = (async () => {
    for await (const change of queue) slow.apply(change);
  })();
  // Reported rather than what follows from it.
  let misfit: Error | undefined;
  rest.catch((error: Error) => {
    misfit = error;
  });
  await clock.advance(0);
  if (misfit !== undefined) throw misfit;
  expect(slow.versions()).toEqual(expected);
  const uids = [...server.objects.values()].map((o) => o.metadata?.uid).sort();
  for (const { living } of [direct, slow]) expect([...living].sort()).toEqual(uids);
  controller.abort();
  await Promise.all([ended, rest, ...pending]);
  await client.close();
}

function act(server: FakeApiServer, each: Step): void {
  switch (each.kind) {
    case "put":
      server.put(each.name, { value: each.value });
      break;
    case "delete":
      server.delete(each.name);
      break;
    case "churn":
      // Objects of one name and different uids follow each other faster than a slow consumer is told.
      for (let time = 0; time < each.times; time++)
        if (server.objects.has(each.name)) server.delete(each.name);
        else server.put(each.name);
      break;
    case "end":
    case "reset":
      server.disconnect(each.kind);
      break;
    case "compact":
      server.compact();
      break;
    case "expire":
      server.expireWatchers();
      break;
    case "bookmark":
      server.bookmark();
      break;
    case "repeat":
      server.repeatLast();
      break;
    case "refuse":
      server.failures.push(refusedConnection());
      break;
    case "lose":
      server.failures.push(lostConnection());
      break;
    case "overload":
      server.failures.push({ status: 429, headers: { "retry-after": "1" } });
      break;
    default:
  }
}

// fast-check prints seed and path of a failure.
test("Reflector ends with the server's state after any history of changes, disconnects, compactions and repeats", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 60 }),
      fc.boolean(),
      fc.constantFrom(Number.POSITIVE_INFINITY, 7, 1),
      play,
    ),
    { numRuns: 150 },
  );
}, 60_000);
