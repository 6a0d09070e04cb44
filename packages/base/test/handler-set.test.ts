import { describe, expect, test } from "vitest";
import { createLogger, HandlerSet, type LogEntry, silentLogger } from "../src/index.ts";

describe("HandlerSet", () => {
  test("tell() logs a handler that throws or rejects, and tells the others", async () => {
    const entries: LogEntry[] = [];
    const handlers = new HandlerSet<[string]>(createLogger((entry) => void entries.push(entry)));
    const told: string[] = [];
    handlers.add(() => {
      throw new Error("thrown");
    });
    handlers.add((): unknown => Promise.reject(new Error("rejected")));
    handlers.add((news) => void told.push(news));
    handlers.tell("news");
    await Promise.resolve();
    await Promise.resolve();
    expect(told).toEqual(["news"]);
    expect(entries.map(({ level, fields }) => [level, fields.error])).toEqual([
      ["error", "thrown"],
      ["error", "rejected"],
    ]);
  });

  test("add() of a handler that is there already tells it twice, and its end is its own", () => {
    const handlers = new HandlerSet(silentLogger);
    let calls = 0;
    const handler = () => void calls++;
    const end = handlers.add(handler);
    handlers.add(handler);
    handlers.tell();
    expect(calls).toBe(2);
    end();
    end();
    handlers.tell();
    expect(calls).toBe(3);
    handlers.clear();
    handlers.tell();
    expect(calls).toBe(3);
  });
});
