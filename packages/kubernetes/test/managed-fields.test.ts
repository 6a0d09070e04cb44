import { describe, expect, test } from "vitest";
import {
  applyConfiguration,
  type FieldManager,
  type JsonObject,
  type ManagedFieldsEntry,
  trackFieldUpdate,
} from "../src/index.ts";

const time = "2026-01-01T00:00:00Z";
const configMap = "core/v1.ConfigMap";
const pod = "core/v1.Pod";

function applier(manager: string): FieldManager {
  return { manager, operation: "Apply", apiVersion: "v1", subresource: "" };
}

function updater(manager: string): FieldManager {
  return { manager, operation: "Update", apiVersion: "v1", subresource: "" };
}

function apply(
  type: string,
  live: JsonObject,
  config: JsonObject,
  entries: readonly ManagedFieldsEntry[],
  manager = "me",
  force = false,
) {
  return applyConfiguration(type, live, config, entries, applier(manager), { force, time });
}

function applied(outcome: ReturnType<typeof apply>) {
  if (outcome.kind !== "applied") throw new Error(`conflicts: ${JSON.stringify(outcome.conflicts)}`);
  return outcome;
}

describe("applyConfiguration()", () => {
  test("owns what it sets", () => {
    const { object, managedFields } = applied(
      apply(configMap, {}, { metadata: { name: "c", labels: { a: "b" } }, data: { k: "v" } }, []),
    );
    expect(object).toEqual({ metadata: { name: "c", labels: { a: "b" } }, data: { k: "v" } });
    expect(managedFields).toEqual([
      {
        manager: "me",
        operation: "Apply",
        apiVersion: "v1",
        time,
        fieldsType: "FieldsV1",
        fieldsV1: { "f:data": { "f:k": {} }, "f:metadata": { "f:labels": { "f:a": {} } } },
      },
    ]);
  });

  test("removes what it no longer says, but not what others own", () => {
    const first = applied(apply(configMap, {}, { data: { mine: "1", shared: "1" } }, []));
    const second = applied(
      apply(configMap, first.object, { data: { shared: "1", other: "1" } }, first.managedFields, "other"),
    );
    const third = applied(apply(configMap, second.object, { data: {} }, second.managedFields));
    expect(third.object).toEqual({ data: { shared: "1", other: "1" } });
  });

  test("meets a conflict where another manager set another value, and takes over by force", () => {
    const first = applied(apply(configMap, {}, { data: { k: "1" } }, []));
    const refused = apply(configMap, first.object, { data: { k: "2" } }, first.managedFields, "other");
    expect(refused).toMatchObject({ kind: "conflict", conflicts: [{ owner: { manager: "me" }, paths: [".data.k"] }] });
    const forced = applied(apply(configMap, first.object, { data: { k: "2" } }, first.managedFields, "other", true));
    expect(forced.object).toEqual({ data: { k: "2" } });
    expect(forced.managedFields.map((entry) => entry.manager)).toEqual(["other"]);
  });

  test("shares a field set to the same value", () => {
    const first = applied(apply(configMap, {}, { data: { k: "1" } }, []));
    const second = applied(apply(configMap, first.object, { data: { k: "1" } }, first.managedFields, "other"));
    expect(second.managedFields.map((entry) => entry.manager)).toEqual(["me", "other"]);
  });

  test("merges keyed lists and names items by key in conflicts", () => {
    const containers = [{ name: "a", image: "1", ports: [{ containerPort: 80 }] }];
    const first = applied(apply(pod, {}, { spec: { containers } }, []));
    // The server has filled in the default that is part of the key.
    const live = { spec: { containers: [{ name: "a", image: "1", ports: [{ containerPort: 80, protocol: "TCP" }] }] } };
    const again = applied(apply(pod, live, { spec: { containers } }, first.managedFields));
    expect(again.object).toEqual(live);
    const sidecar = applied(
      apply(pod, live, { spec: { containers: [{ name: "b", image: "2" }] } }, first.managedFields, "other"),
    );
    expect(sidecar.object).toMatchObject({ spec: { containers: [{ name: "a" }, { name: "b" }] } });
    const refused = apply(
      pod,
      live,
      { spec: { containers: [{ name: "a", image: "9" }] } },
      first.managedFields,
      "other",
    );
    expect(refused).toMatchObject({ conflicts: [{ paths: ['.spec.containers[name="a"].image'] }] });
  });

  test("removes a whole struct with the defaults in it", () => {
    const probe = { httpGet: { port: 1 } };
    const container = { name: "a", image: "1" };
    const first = applied(apply(pod, {}, { spec: { containers: [{ ...container, livenessProbe: probe }] } }, []));
    const live = { spec: { containers: [{ ...container, livenessProbe: { ...probe, periodSeconds: 10 } }] } };
    const second = applied(apply(pod, live, { spec: { containers: [container] } }, first.managedFields));
    expect(second.object).toEqual({ spec: { containers: [container] } });
  });

  test("treats atomic lists as one value", () => {
    const first = applied(apply(pod, {}, { spec: { tolerations: [{ key: "a" }] } }, []));
    expect(first.managedFields[0]?.fieldsV1).toEqual({ "f:spec": { "f:tolerations": {} } });
    const second = applied(apply(pod, first.object, { spec: { tolerations: [{ key: "b" }] } }, first.managedFields));
    expect(second.object).toEqual({ spec: { tolerations: [{ key: "b" }] } });
  });

  test("is the same the second time", () => {
    const config = { metadata: { name: "c" }, data: { a: "1", b: "2" } };
    const first = applied(apply(configMap, {}, config, []));
    const later = applyConfiguration(configMap, first.object, config, first.managedFields, applier("me"), {
      force: false,
      time: "later",
    });
    expect(later).toEqual(first);
  });
});

describe("trackFieldUpdate()", () => {
  test("gives what changed to the writer and takes it from the others", () => {
    const first = applied(apply(configMap, {}, { data: { k: "1", l: "1" } }, []));
    const after = { data: { k: "2", l: "1", new: "3" } };
    const entries = trackFieldUpdate(configMap, first.object, after, first.managedFields, updater("editor"), "now");
    expect(entries).toMatchObject([
      { manager: "me", fieldsV1: { "f:data": { "f:l": {} } } },
      { manager: "editor", operation: "Update", time: "now", fieldsV1: { "f:data": { "f:k": {}, "f:new": {} } } },
    ]);
  });

  test("forgets owners of what was removed", () => {
    const first = applied(apply(configMap, {}, { data: { k: "1" } }, []));
    expect(trackFieldUpdate(configMap, first.object, {}, first.managedFields, updater("editor"), time)).toEqual([]);
  });

  test("keeps the record short: old updates share one entry", () => {
    let entries: ManagedFieldsEntry[] = [];
    let object: JsonObject = { data: {} };
    for (let index = 0; index < 25; index++) {
      const after = { data: { ...(object["data"] as JsonObject), [`k${index}`]: "1" } };
      entries = trackFieldUpdate(
        configMap,
        object,
        after,
        entries,
        updater(`m${index}`),
        `2026-01-01T00:00:${10 + index}Z`,
      );
      object = after;
    }
    expect(entries.filter((entry) => entry.operation === "Update")).toHaveLength(10);
    const ancient = entries.find((entry) => entry.manager === "ancient-changes");
    expect(ancient?.fieldsV1).toMatchObject({ "f:data": { "f:k0": {}, "f:k15": {} } });
  });
});
