import type { JsonObject, JsonValue } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { decodeTokenAttributes } from "../../src/credentials/token-attributes.ts";

const valid: JsonObject = {
  serviceAccountTokenAudience: "registry.example",
  cacheType: "ServiceAccount",
  requireServiceAccount: true,
};
const nameRule =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

function decode(value: JsonValue | undefined) {
  const problems: string[] = [];
  const attributes = decodeTokenAttributes(value, "at", (path, message) => void problems.push(`${path}: ${message}`));
  return { attributes, problems };
}

describe("decodeTokenAttributes()", () => {
  test("reads every field, and lists that are left out as empty", () => {
    const keys = {
      requiredServiceAccountAnnotationKeys: ["registry.example/role", "Team"],
      optionalServiceAccountAnnotationKeys: ["constructor"],
    };
    expect(decode({ ...valid, ...keys })).toEqual({ attributes: { ...valid, ...keys }, problems: [] });
    expect(decode({ ...valid, cacheType: "Token", requireServiceAccount: false })).toEqual({
      attributes: {
        serviceAccountTokenAudience: "registry.example",
        cacheType: "Token",
        requireServiceAccount: false,
        requiredServiceAccountAnnotationKeys: [],
        optionalServiceAccountAnnotationKeys: [],
      },
      problems: [],
    });
  });

  test.each([undefined, null])("takes %s for a plug-in that is told nothing of service accounts", (value) => {
    expect(decode(value)).toEqual({ attributes: undefined, problems: [] });
  });

  test.each<[string, JsonObject, string]>([
    ["a mapping of another kind", { audience: "a" }, "at.audience: is not a known field"],
    ["no audience", { serviceAccountTokenAudience: null }, "at.serviceAccountTokenAudience: Required value"],
    ["an empty audience", { serviceAccountTokenAudience: "" }, "at.serviceAccountTokenAudience: Required value"],
    ["an audience of digits", { serviceAccountTokenAudience: 7 }, "at.serviceAccountTokenAudience: is 7, not a string"],
    [
      "no cache type",
      { cacheType: null },
      "at.cacheType: Required value: cacheType is required to be set when tokenAttributes is specified. Supported values are: ServiceAccount, Token",
    ],
    [
      "an unknown cache type",
      { cacheType: "Pod" },
      'at.cacheType: Unsupported value: "Pod": supported values: "ServiceAccount", "Token"',
    ],
    ["no word on pods without account", { requireServiceAccount: null }, "at.requireServiceAccount: Required value"],
    [
      "a word instead of a truth value",
      { requireServiceAccount: "yes" },
      'at.requireServiceAccount: is "yes", it must be true or false',
    ],
    [
      "required keys where accounts are not",
      { requireServiceAccount: false, requiredServiceAccountAnnotationKeys: ["a"] },
      "at.requiredServiceAccountAnnotationKeys: Forbidden: requireServiceAccount cannot be false when requiredServiceAccountAnnotationKeys is set",
    ],
    [
      "a required key that is none",
      { requiredServiceAccountAnnotationKeys: ["no-dash-", "fine"] },
      `at.requiredServiceAccountAnnotationKeys: Invalid value: "no-dash-": ${nameRule}`,
    ],
    [
      "an optional key that is none",
      { optionalServiceAccountAnnotationKeys: ["fine", "no-dash-"] },
      `at.optionalServiceAccountAnnotationKeys: Invalid value: "no-dash-": ${nameRule}`,
    ],
    [
      "a key twice",
      { optionalServiceAccountAnnotationKeys: ["a/b", "c", "a/b"] },
      'at.optionalServiceAccountAnnotationKeys: Duplicate value: "a/b"',
    ],
    [
      "keys that are both",
      {
        requiredServiceAccountAnnotationKeys: ["c", "b", "a"],
        optionalServiceAccountAnnotationKeys: ["b", "d", "a"],
      },
      'at: Invalid value: ["a","b"]: annotation keys cannot be both required and optional',
    ],
    [
      "keys that are no list",
      { requiredServiceAccountAnnotationKeys: "a" },
      'at.requiredServiceAccountAnnotationKeys: is "a", it must be a list of strings',
    ],
  ])("reports %s", (_, more, problem) => {
    expect(decode({ ...valid, ...more }).problems).toEqual([problem]);
  });

  test("reports everything that is missing at once", () => {
    expect(decode({}).problems.map((problem) => problem.slice(0, problem.indexOf(":")))).toEqual([
      "at.serviceAccountTokenAudience",
      "at.requireServiceAccount",
      "at.cacheType",
    ]);
  });
});
