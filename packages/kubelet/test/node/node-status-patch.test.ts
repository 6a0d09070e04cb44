import { applyStrategicMergePatch, type JsonObject, type NodeCondition, type NodeStatus } from "@wherry/kubernetes";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nodeStatusChanged, nodeStatusPatch } from "../../src/node/node-status-patch.ts";

const applied = (from: NodeStatus, to: NodeStatus): NodeStatus => {
  const patch = nodeStatusPatch(from, to);
  if (patch === undefined) return from;
  const node = applyStrategicMergePatch(
    { status: from } as unknown as JsonObject,
    patch as unknown as JsonObject,
    "core/v1.Node",
  );
  return (node["status"] ?? {}) as NodeStatus;
};

/** Without what is empty, as the API server stores it. */
const normal = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(normal);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, entry]) => [key, normal(entry)] as const);
  return Object.fromEntries(
    entries.filter(([, entry]) => {
      if (entry === undefined || entry === "") return false;
      return typeof entry !== "object" || entry === null || Object.keys(entry).length > 0;
    }),
  );
};

/** With the conditions by type: their order has no meaning. */
const inOrder = (status: NodeStatus): NodeStatus => ({
  ...status,
  conditions: (status.conditions ?? []).toSorted((a, b) => (a.type < b.type ? -1 : 1)),
});

const text = fc.constantFrom("a", "b", "c");
const conditions = fc.uniqueArray(
  fc.record({
    type: fc.constantFrom("MemoryPressure", "DiskPressure", "Ready", "Other"),
    status: fc.constantFrom("True", "False"),
    reason: text,
    lastHeartbeatTime: text,
  }),
  { selector: ({ type }) => type },
);
const status: fc.Arbitrary<NodeStatus> = fc.record(
  {
    addresses: fc.array(fc.record({ type: fc.constantFrom("InternalIP", "Hostname"), address: text }), {
      maxLength: 3,
    }),
    capacity: fc.dictionary(fc.constantFrom("cpu", "memory", "x/y"), fc.constantFrom("1", "2"), {
      noNullPrototype: true,
    }),
    conditions: conditions as fc.Arbitrary<NodeCondition[]>,
    images: fc.array(fc.record({ names: fc.array(text, { minLength: 1, maxLength: 2 }), sizeBytes: fc.nat(3) }), {
      maxLength: 2,
    }),
    volumesInUse: fc.array(text, { maxLength: 2 }),
    daemonEndpoints: fc.record({ kubeletEndpoint: fc.record({ Port: fc.integer({ min: 1, max: 3 }) }) }),
  },
  { requiredKeys: [] },
);

describe("nodeStatusPatch()", () => {
  test("nodeStatusPatch() turns any status into any other when it is applied", () => {
    fc.assert(
      fc.property(status, status, (from, to) => {
        expect(normal(inOrder(applied(from, to)))).toEqual(normal(inOrder(to)));
      }),
      { numRuns: 500 },
    );
  });

  test("nodeStatusPatch() is nothing where the same conditions have another order", () => {
    const ready = { type: "Ready", status: "True" } as const;
    const other = { type: "Other", status: "False" } as const;
    expect(nodeStatusPatch({ conditions: [ready, other] }, { conditions: [other, ready] })).toBeUndefined();
  });

  test("nodeStatusPatch() is nothing for equal statuses, however empty fields are written", () => {
    expect(nodeStatusPatch({ images: [], capacity: {} }, { volumesInUse: [] })).toBeUndefined();
  });

  test("nodeStatusChanged() does not mind heartbeats", () => {
    const ready = { type: "Ready", status: "True", lastTransitionTime: "t0" };
    const from = { conditions: [{ ...ready, lastHeartbeatTime: "t1" }] };
    expect(nodeStatusChanged(from, { conditions: [{ ...ready, lastHeartbeatTime: "t2" }] })).toBe(false);
    expect(nodeStatusChanged(from, { conditions: [{ ...ready, status: "False" }] })).toBe(true);
  });
});
