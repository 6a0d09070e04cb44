import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger, FakeClock, type LogEntry, silentLogger } from "@wherry/base";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { expireEvents } from "../src/controllers/event-expiry.ts";
import { SchemaCatalog } from "../src/decoding/schema-catalog.ts";
import { allSchemas } from "../src/resources/extra-schemas.ts";
import { checkpointWhenIdle } from "../src/storage/checkpoint-when-idle.ts";
import { RevisionLog } from "../src/storage/revision-log.ts";
import { Store } from "../src/storage/store.ts";
import type { VerbServices } from "../src/verbs/verb-services.ts";

let directory: string;
let log: RevisionLog;
let store: Store;
let clock: FakeClock;
let controller: AbortController;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "wherry-housekeeping-"));
  log = new RevisionLog(join(directory, "state.db"));
  store = new Store(log);
  clock = new FakeClock(Date.parse("2026-01-01T00:00:00Z"));
  controller = new AbortController();
});

afterEach(() => {
  controller.abort();
  log.close();
  rmSync(directory, { recursive: true, force: true });
});

const minute = 60_000;

function services(): VerbServices {
  return { store, clock, schemas: new SchemaCatalog(allSchemas) };
}

function writeEvent(name: string, more: object = {}): void {
  const creationTimestamp = new Date(clock.now()).toISOString();
  const metadata = { name, namespace: "default", creationTimestamp };
  store.write("events", `default/${name}`, "create", { apiVersion: "v1", kind: "Event", metadata, ...more });
}

test("expireEvents() deletes events an hour after they last happened", async () => {
  const running = expireEvents(services(), silentLogger, controller.signal);
  writeEvent("once");
  writeEvent("again", { series: { count: 2, lastObservedTime: "2026-01-01T00:30:00.000000Z" } });
  await clock.advance(59 * minute);
  expect(store.count("events")).toBe(2);
  await clock.advance(2 * minute);
  expect(store.list("events").map((record) => record.key)).toEqual(["default/again"]);
  await clock.advance(30 * minute);
  expect(store.count("events")).toBe(0);
  controller.abort();
  await running;
});

test("expireEvents() goes on after a sweep that failed, as on a full disk", async () => {
  const entries: LogEntry[] = [];
  const running = expireEvents(
    services(),
    createLogger((entry) => void entries.push(entry)),
    controller.signal,
  );
  writeEvent("once");
  const append = vi.spyOn(log, "append").mockImplementation(() => {
    throw new Error("database or disk is full");
  });
  await clock.advance(60 * minute);
  expect(entries.map(({ fields }) => fields["error"])).toEqual(["database or disk is full"]);
  append.mockRestore();
  await clock.advance(minute);
  expect(store.count("events")).toBe(0);
  controller.abort();
  await running;
});

test("checkpointWhenIdle() waits for a moment without writes", async () => {
  const checkpoint = vi.spyOn(log, "checkpoint");
  const running = checkpointWhenIdle(log, store, clock, silentLogger, controller.signal);
  for (let round = 0; round < 5; round++) {
    for (let index = 0; index < 50; index++) writeEvent(`${round}-${index}`);
    await clock.advance(2000);
  }
  expect(checkpoint).not.toHaveBeenCalled();
  await clock.advance(2000);
  expect(checkpoint).toHaveBeenCalledTimes(1);
  await clock.advance(10 * minute);
  expect(checkpoint).toHaveBeenCalledTimes(1);
  writeEvent("one");
  await clock.advance(2 * minute);
  expect(checkpoint).toHaveBeenCalledTimes(2);
  controller.abort();
  await running;
});

test("checkpointWhenIdle() says that a checkpoint failed, and tries again a minute later", async () => {
  const entries: LogEntry[] = [];
  const logger = createLogger((entry) => void entries.push(entry));
  const checkpoint = vi.spyOn(log, "checkpoint").mockImplementation(() => {
    throw new Error("database or disk is full");
  });
  const running = checkpointWhenIdle(log, store, clock, logger, controller.signal);
  for (let index = 0; index < 200; index++) writeEvent(`${index}`);
  await clock.advance(minute);
  expect(checkpoint).toHaveBeenCalledTimes(1);
  expect(entries.map(({ level, fields }) => `${level} ${fields["error"]}`)).toEqual(["error database or disk is full"]);
  checkpoint.mockRestore();
  const restored = vi.spyOn(log, "checkpoint");
  await clock.advance(2 * minute);
  expect(restored).toHaveBeenCalledTimes(1);
  controller.abort();
  await running;
});
