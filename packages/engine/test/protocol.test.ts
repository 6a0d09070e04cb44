import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { engineService, taskService } from "@wherry/rpc";
import type { WireField, WireMessage } from "@wherry/rpc/ttrpc";
import { describe, expect, test } from "vitest";
import * as guests from "../src/protocol/guests.ts";
import { defaultAction } from "../src/protocol/signals.ts";
import * as task from "../src/protocol/task.ts";

const descriptors = new Map<string, DescMessage>();
for (const file of [taskService.file_containerd_task_v3_shim, engineService.file_wherry_engine_v1_engine]) {
  for (const message of file.messages) descriptors.set(message.typeName, message);
}

function isWireMessage(value: unknown): value is WireMessage<object> {
  return typeof value === "object" && value !== null && "encode" in value && "decode" in value;
}

const exported: unknown[] = [...Object.values(task), ...Object.values(guests)];
const tables = exported.filter(isWireMessage);

function kindOf(field: DescField): string {
  if (field.fieldKind === "map") return "map";
  if (field.message !== undefined) return "message";
  if (field.enum !== undefined) return "enum";
  const names: Record<number, string> = {
    3: "int64",
    4: "uint64",
    5: "int32",
    8: "bool",
    9: "string",
    12: "bytes",
    13: "uint32",
  };
  return names[field.scalar ?? 0] ?? `scalar ${field.scalar}`;
}

describe("tables of the host's protocol", () => {
  test.each(tables.filter(({ name }) => descriptors.has(name)).map((table) => [table.name, table] as const))(
    "%s agrees with its definition",
    (name, table) => {
      const fields = Object.entries(table.fields as Record<string, WireField<unknown>>);
      for (const [key, field] of fields) {
        const defined = descriptors.get(name)?.fields.find(({ number }) => number === field.number);
        expect({ key, type: field.type, repeated: field.repeated }).toEqual({
          key: defined?.localName,
          type: defined === undefined ? undefined : kindOf(defined),
          repeated: defined?.fieldKind === "list",
        });
        if (field.message !== undefined) expect(field.message().name).toBe(defined?.message?.typeName);
      }
    },
  );

  test("there is a table for every message the host speaks, with all its fields", () => {
    const incomplete = tables.flatMap((table) => {
      const defined = descriptors.get(table.name)?.fields.length ?? 0;
      const known = Object.keys(table.fields).length;
      return known === defined || defined === 0 ? [] : `${table.name}: ${known} of ${defined}`;
    });
    // The annotations of an update are of no use to a guest.
    expect(incomplete).toEqual(["containerd.task.v3.UpdateTaskRequest: 2 of 3"]);
    expect(tables.length).toBeGreaterThan(30);
  });

  test("service names are those of the definitions", () => {
    expect(task.taskServiceName).toBe(taskService.Task.typeName);
    expect(guests.guestsServiceName).toBe(engineService.Guests.typeName);
  });
});

describe("timestampFromMs()", () => {
  test("timestampFromMs() keeps fractions and makes nothing of 0", () => {
    expect(task.timestampFromMs(0)).toBeUndefined();
    expect(task.timestampFromMs(1_700_000_000_123)).toEqual({ seconds: 1_700_000_000n, nanos: 123_000_000 });
  });
});

describe("defaultAction()", () => {
  test.each([
    [0, "probe"],
    [1, "terminate"],
    [15, "terminate"],
    [17, "ignore"],
    [19, "stop"],
    [64, "terminate"],
    [65, "invalid"],
    [-1, "invalid"],
    [1.5, "invalid"],
  ])("defaultAction() of %d is %s", (signal, action) => {
    expect(defaultAction(signal)).toBe(action);
  });
});
