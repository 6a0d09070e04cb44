import { describe, expect, test } from "vitest";
import { applyJsonPatch, applyMergePatch, type JsonValue, jsonEquals, PatchError } from "../src/index.ts";

describe("applyMergePatch()", () => {
  // The examples of RFC 7386, appendix A.
  test.each<[JsonValue, JsonValue, JsonValue]>([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [
      ["a", "b"],
      ["c", "d"],
      ["c", "d"],
    ],
    [{ a: "b" }, ["c"], ["c"]],
    [{ a: "foo" }, null, null],
    [{ a: "foo" }, "bar", "bar"],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])("applyMergePatch() of %j with %j", (target, patch, expected) => {
    const before = structuredClone(target);
    expect(applyMergePatch(target, patch)).toEqual(expected);
    expect(target).toEqual(before);
  });

  test("applyMergePatch() does not touch prototypes", () => {
    const result = applyMergePatch({}, JSON.parse('{"__proto__":{"polluted":true}}')) as Record<string, unknown>;
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(Object.hasOwn(result, "__proto__")).toBe(true);
  });
});

describe("applyJsonPatch()", () => {
  test.each<[string, JsonValue, JsonValue, JsonValue]>([
    ["add member", { foo: "bar" }, [{ op: "add", path: "/baz", value: "qux" }], { foo: "bar", baz: "qux" }],
    ["add item", { foo: ["a", "c"] }, [{ op: "add", path: "/foo/1", value: "b" }], { foo: ["a", "b", "c"] }],
    ["append", { foo: [1] }, [{ op: "add", path: "/foo/-", value: 2 }], { foo: [1, 2] }],
    ["remove", { a: 1, b: 2 }, [{ op: "remove", path: "/a" }], { b: 2 }],
    ["remove item", { a: [1, 2, 3] }, [{ op: "remove", path: "/a/1" }], { a: [1, 3] }],
    ["replace", { a: 1 }, [{ op: "replace", path: "/a", value: null }], { a: null }],
    ["move", { a: { b: 1 } }, [{ op: "move", from: "/a/b", path: "/c" }], { a: {}, c: 1 }],
    ["copy", { a: [1] }, [{ op: "copy", from: "/a", path: "/b" }], { a: [1], b: [1] }],
    ["test", { a: { b: [1] } }, [{ op: "test", path: "/a", value: { b: [1] } }], { a: { b: [1] } }],
    [
      "escapes",
      { "a/b": 1, "m~n": 2 },
      [
        { op: "remove", path: "/a~1b" },
        { op: "replace", path: "/m~0n", value: 3 },
      ],
      { "m~n": 3 },
    ],
    ["whole document", { a: 1 }, [{ op: "replace", path: "", value: { b: 2 } }], { b: 2 }],
  ])("applyJsonPatch() does %s", (_, document, patch, expected) => {
    const before = structuredClone(document);
    expect(applyJsonPatch(document, patch)).toEqual(expected);
    expect(document).toEqual(before);
  });

  test.each<[JsonValue, string]>([
    [[{ op: "test", path: "/a", value: 2 }], "INAPPLICABLE_PATCH"],
    [[{ op: "remove", path: "/x" }], "INAPPLICABLE_PATCH"],
    [[{ op: "replace", path: "/x/y", value: 1 }], "INAPPLICABLE_PATCH"],
    [[{ op: "add", path: "/list/5", value: 1 }], "INAPPLICABLE_PATCH"],
    [[{ op: "add", path: "/list/01", value: 1 }], "INAPPLICABLE_PATCH"],
    [[{ op: "move", from: "/list", path: "/list/0" }], "INAPPLICABLE_PATCH"],
    [[{ op: "jump", path: "/a" }], "MALFORMED_PATCH"],
    [[{ op: "add", path: "/a" }], "MALFORMED_PATCH"],
    [{ op: "add" }, "MALFORMED_PATCH"],
  ])("applyJsonPatch() refuses %j", (patch, code) => {
    expect(() => applyJsonPatch({ a: 1, list: [1] }, patch)).toThrow(PatchError);
    expect(() => applyJsonPatch({ a: 1, list: [1] }, patch)).toThrow(expect.objectContaining({ code }));
  });

  // CVE-2019-1002100: each copy doubles what is there, and 60 of them are a patch of 3 kB.
  test("applyJsonPatch() copies at most 3 MiB altogether", () => {
    const doubling = Array.from({ length: 60 }, () => ({ op: "copy", from: "/a", path: "/a/-" }));
    expect(() => applyJsonPatch({ a: [] }, doubling)).toThrow(
      /^Unable to complete the copy, the accumulated size increase of copy is \d+, exceeding the limit 3145728$/,
    );
    const copies = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ op: "copy", from: "/a", path: `/${index}` }));
    // As JSON it is 1 MiB: "ü" has two bytes, and the quotes count.
    const document = { a: `"${"ü".repeat(2 ** 19 - 2)}` };
    expect(Object.keys(applyJsonPatch(document, copies(3)) as object)).toHaveLength(4);
    expect(() => applyJsonPatch(document, copies(4))).toThrow(
      expect.objectContaining({ code: "INAPPLICABLE_PATCH", message: expect.stringContaining("4194304") }),
    );
  });
});

test("jsonEquals() ignores the order of keys and undefined members", () => {
  expect(jsonEquals({ a: 1, b: [1, { c: 2 }] }, { b: [1, { c: 2 }], a: 1 })).toBe(true);
  expect(jsonEquals({ a: 1, b: undefined }, { a: 1 })).toBe(true);
  expect(jsonEquals({ a: 1 }, { a: 1, b: undefined })).toBe(true);
  expect(jsonEquals({ a: 1 }, { a: 1, b: null })).toBe(false);
  expect(jsonEquals([], {})).toBe(false);
  expect(jsonEquals([1, 2], [2, 1])).toBe(false);
});
