import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sandbox } from "@wherry/engine";
import { expect, onTestFinished, test } from "vitest";
import { movedLimits, moveLimits } from "../src/wasm/moved-limits.ts";
import type { ContainerRecord, SandboxRecord } from "../src/wasm/record.ts";
import { RecordStore } from "../src/wasm/record-store.ts";

test.each([
  [
    "a larger container",
    { cpuLimitMillis: 300 },
    { cpuLimitMillis: 100 },
    { cpuLimitMillis: 250 },
    { cpuLimitMillis: 450 },
  ],
  [
    "a smaller one",
    { memoryLimitBytes: 300 },
    { memoryLimitBytes: 100 },
    { memoryLimitBytes: 50 },
    { memoryLimitBytes: 250 },
  ],
  ["the same", { cpuLimitMillis: 300 }, { cpuLimitMillis: 100 }, { cpuLimitMillis: 100 }, undefined],
  ["no limit of the sandbox", {}, { cpuLimitMillis: 100 }, { cpuLimitMillis: 200 }, undefined],
  ["no limit before", { cpuLimitMillis: 300 }, {}, { cpuLimitMillis: 200 }, undefined],
  ["a request only", { cpuLimitMillis: 300 }, { cpuRequestMillis: 1 }, { cpuRequestMillis: 2 }, undefined],
])("movedLimits() with %s", (_name, sandbox, before, after, moved) => {
  expect(movedLimits(sandbox, before, after)).toEqual(moved);
});

test("moveLimits() counts each change of a container once, also when its new instance is made twice", async () => {
  const directory = await mkdtemp(join(tmpdir(), "wherry-limits-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  using records = new RecordStore(join(directory, "runtime.db"));
  const config = { metadata: { uid: "pod" }, resources: { memoryLimitBytes: 300 } } as SandboxRecord["config"];
  records.putSandbox({ id: "s", config, createdAtMs: 0, state: "ready" });
  const calls: unknown[] = [];
  const sandbox = { updateLimits: async (limits: unknown) => void calls.push(limits) } as unknown as Sandbox;
  const older = { sandboxId: "s", config: { name: "main", resources: { memoryLimitBytes: 100 } } } as ContainerRecord;
  await moveLimits(sandbox, records, older, { memoryLimitBytes: 150 });
  await moveLimits(sandbox, records, older, { memoryLimitBytes: 150 });
  await moveLimits(sandbox, records, older, { memoryLimitBytes: 120 });
  expect(calls).toEqual([{ memoryLimitBytes: 350 }, { memoryLimitBytes: 320 }]);
});
