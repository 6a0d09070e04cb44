import { createLogger, type LogEntry } from "@wherry/base";
import { expect, test } from "vitest";
import { logIgnored } from "../../../src/pods/static/ignored-parts.ts";

test("logIgnored() warns of unknown fields and of keys that stand twice, and of nothing else", () => {
  const entries: LogEntry[] = [];
  const logger = createLogger((entry) => void entries.push(entry));
  logIgnored({ unknownFields: [], duplicateKeys: [] }, { file: "f" }, logger);
  expect(entries).toEqual([]);
  logIgnored({ unknownFields: ["spec.a", "spec.b"], duplicateKeys: ["unique at line 3"] }, { file: "f" }, logger);
  expect(entries.map(({ level, fields }) => [level, fields])).toEqual([
    ["warn", { file: "f", fields: "spec.a, spec.b" }],
    ["warn", { file: "f", problems: "unique at line 3" }],
  ]);
});
