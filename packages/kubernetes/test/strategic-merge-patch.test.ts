import { describe, expect, test } from "vitest";
import { applyStrategicMergePatch, type JsonObject, PatchError } from "../src/index.ts";

const pod = "core/v1.Pod";

function patchSpec(spec: JsonObject, patch: JsonObject): unknown {
  return applyStrategicMergePatch({ spec }, { spec: patch }, pod)["spec"];
}

describe("applyStrategicMergePatch()", () => {
  test("merges lists by their key and appends new items", () => {
    const spec = {
      containers: [
        { name: "a", image: "1", args: ["x"] },
        { name: "b", image: "1" },
      ],
    };
    const patch = {
      containers: [
        { name: "b", image: "2" },
        { name: "c", image: "3" },
      ],
    };
    expect(patchSpec(spec, patch)).toEqual({
      containers: [
        { name: "a", image: "1", args: ["x"] },
        { name: "b", image: "2" },
        { name: "c", image: "3" },
      ],
    });
  });

  test("puts what is new and what is changed in the patch's order, as upstream does", () => {
    const list = (...names: string[]) => names.map((name) => ({ name }));
    const names = (before: string[], ...patch: string[]) => {
      const spec = patchSpec({ containers: list(...before) }, { containers: list(...patch) }) as {
        containers: JsonObject[];
      };
      return spec.containers.map(({ name }) => name).join(" ");
    };
    expect(names(["a", "b"], "c")).toBe("c a b");
    expect(names(["c", "a", "b"], "b", "a")).toBe("c b a");
    expect(names(["c", "b", "a"], "d", "b")).toBe("d c b a");
    const same = [
      { type: "InternalIP", address: "a" },
      { type: "Hostname", address: "n" },
      { type: "InternalIP", address: "b" },
    ];
    const replaced = { status: { addresses: [{ $patch: "replace" }, ...same] } };
    expect(applyStrategicMergePatch({ status: {} }, replaced, "core/v1.Node")).toEqual({ status: { addresses: same } });
    const finalizers = (before: string[], ...patch: string[]) =>
      applyStrategicMergePatch({ metadata: { finalizers: before } }, { metadata: { finalizers: patch } }, pod);
    expect(finalizers(["x/b", "x/a"], "x/c", "x/a")).toEqual({ metadata: { finalizers: ["x/c", "x/b", "x/a"] } });
  });

  test("merges conditions by type, as kubelets write them", () => {
    const before = {
      status: {
        phase: "Pending",
        conditions: [
          { type: "PodScheduled", status: "True" },
          { type: "Ready", status: "False" },
        ],
      },
    };
    const patch = {
      metadata: { uid: "1" },
      status: {
        $setElementOrder: undefined as never,
        phase: "Running",
        conditions: [{ type: "Ready", status: "True" }],
      },
    };
    const { $setElementOrder: _, ...status } = patch.status;
    expect(applyStrategicMergePatch(before, { ...patch, status }, pod)).toEqual({
      metadata: { uid: "1" },
      status: {
        phase: "Running",
        conditions: [
          { type: "PodScheduled", status: "True" },
          { type: "Ready", status: "True" },
        ],
      },
    });
  });

  test("deletes list items by directive", () => {
    const spec = { containers: [{ name: "a" }, { name: "b" }] };
    expect(patchSpec(spec, { containers: [{ name: "a", $patch: "delete" }] })).toEqual({ containers: [{ name: "b" }] });
  });

  test("replaces a list or an object by directive", () => {
    const spec = { containers: [{ name: "a" }], securityContext: { runAsUser: 1, fsGroup: 2 } };
    const patch = {
      containers: [{ $patch: "replace" }, { name: "z" }],
      securityContext: { $patch: "replace", runAsGroup: 3 },
    };
    expect(patchSpec(spec, patch)).toEqual({ containers: [{ name: "z" }], securityContext: { runAsGroup: 3 } });
  });

  test("orders by $setElementOrder and keeps what only the server has in its place", () => {
    const spec = { containers: [{ name: "a" }, { name: "server" }, { name: "b" }] };
    const patch = {
      "$setElementOrder/containers": [{ name: "b" }, { name: "a" }, { name: "new" }],
      containers: [{ name: "new" }],
    };
    const result = patchSpec(spec, patch) as { containers: { name: string }[] };
    const names = result.containers.map((container) => container.name);
    expect(names.filter((name) => name !== "server")).toEqual(["b", "a", "new"]);
    expect(names.indexOf("server")).toBeLessThan(names.indexOf("a") + 2);
    expect(names).toHaveLength(4);
  });

  test("merges lists of plain values and deletes from them", () => {
    const before = { metadata: { finalizers: ["a", "b"] } };
    const added = applyStrategicMergePatch(before, { metadata: { finalizers: ["b", "c"] } }, pod);
    expect(added).toEqual({ metadata: { finalizers: ["a", "b", "c"] } });
    const patch = { metadata: { "$deleteFromPrimitiveList/finalizers": ["a"] } };
    expect(applyStrategicMergePatch(before, patch, pod)).toEqual({ metadata: { finalizers: ["b"] } });
  });

  test("keeps only what $retainKeys lists, which is how a volume changes its kind", () => {
    const spec = { volumes: [{ name: "v", emptyDir: {} }] };
    const patch = { volumes: [{ name: "v", $retainKeys: ["name", "hostPath"], hostPath: { path: "/x" } }] };
    expect(patchSpec(spec, patch)).toEqual({ volumes: [{ name: "v", hostPath: { path: "/x" } }] });
  });

  test("replaces lists without a merge strategy, and removes nulls", () => {
    const spec = { tolerations: [{ key: "a" }], hostname: "h", containers: [{ name: "a", command: ["x"] }] };
    const patch = { tolerations: [{ key: "b" }], hostname: null, containers: [{ name: "a", command: ["y", "z"] }] };
    expect(patchSpec(spec, patch)).toEqual({
      tolerations: [{ key: "b" }],
      containers: [{ name: "a", command: ["y", "z"] }],
    });
  });

  test("leaves no directive in what it adds whole", () => {
    const patch = {
      affinity: { $patch: "merge", nodeAffinity: { x: null } },
      volumes: [{ name: "v", $retainKeys: ["name"], secret: { a: null, secretName: "s" } }],
    };
    expect(patchSpec({}, patch)).toEqual({
      affinity: { nodeAffinity: {} },
      volumes: [{ name: "v", secret: { secretName: "s" } }],
    });
  });

  test("refuses items without their key and unknown directives", () => {
    expect(() => patchSpec({ containers: [{ name: "a" }] }, { containers: [{ image: "x" }] })).toThrow(PatchError);
    expect(() => patchSpec({}, { $patch: "explode" })).toThrow("must be merge, replace or delete");
  });

  test("does not change its arguments", () => {
    const document = { spec: { containers: [{ name: "a", env: [{ name: "x", value: "1" }] }] } };
    const before = structuredClone(document);
    applyStrategicMergePatch(
      document,
      { spec: { containers: [{ name: "a", env: [{ name: "x", value: "2" }] }] } },
      pod,
    );
    expect(document).toEqual(before);
  });
});
