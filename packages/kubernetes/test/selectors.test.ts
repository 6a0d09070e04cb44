import { describe, expect, test } from "vitest";
import {
  findUntoleratedTaint,
  labelSelectorOf,
  matchesFields,
  matchesLabels,
  matchesPodNodeSelection,
  type Node,
  type Pod,
  parseFieldSelector,
  parseLabelSelector,
  SelectorError,
} from "../src/index.ts";

describe("parseLabelSelector()", () => {
  const labels = { app: "web", tier: "front", size: "12", empty: "" };
  test.each([
    ["", true],
    ["app", true],
    ["!app", false],
    ["!missing", true],
    ["app=web", true],
    ["app==web,tier!=back", true],
    ["app in (web, api)", true],
    ["app notin (web)", false],
    ["missing notin (web)", true],
    ["missing!=x", true],
    ["size>11,size<13", true],
    ["size>12", false],
    ["app>1", false],
    ["empty=", true],
    ["app in ()", false],
    ["app , tier", true],
  ])("matchesLabels() of %j is %s", (text, expected) => {
    expect(matchesLabels(parseLabelSelector(text), labels)).toBe(expected);
  });

  test.each([
    ["a in", "unable to parse requirement: found '' expected: '('"],
    ["a=b=c", "found '=', expected: ',' or 'end of string'"],
    ["a,", "found '', expected: identifier after ','"],
    ["a in (b", "unable to parse requirement: found '', expected: ',' or ')'"],
    ["size>x", 'unable to parse requirement: values[0][size]: Invalid value: "x"'],
    ["-a=b", "unable to parse requirement: key: Invalid value"],
    ["a=b c", "found 'c'"],
  ])("parseLabelSelector() refuses %j", (text, message) => {
    expect(() => parseLabelSelector(text)).toThrow(SelectorError);
    expect(() => parseLabelSelector(text)).toThrow(message);
  });

  test("matchesLabels() does not see inherited properties", () => {
    expect(matchesLabels(parseLabelSelector("constructor"), {})).toBe(false);
  });
});

test("labelSelectorOf() selects all by an empty selector and nothing by none", () => {
  expect(matchesLabels(labelSelectorOf({}) ?? [], { a: "b" })).toBe(true);
  expect(labelSelectorOf(undefined)).toBeUndefined();
  const selector = labelSelectorOf({
    matchLabels: { app: "web" },
    matchExpressions: [{ key: "tier", operator: "NotIn", values: ["back"] }],
  });
  expect(matchesLabels(selector ?? [], { app: "web" })).toBe(true);
  expect(matchesLabels(selector ?? [], { app: "web", tier: "back" })).toBe(false);
  expect(() => labelSelectorOf({ matchExpressions: [{ key: "a", operator: "Gt", values: ["1"] }] })).toThrow(
    SelectorError,
  );
});

test("parseFieldSelector() reads operators and escapes", () => {
  const selector = parseFieldSelector("spec.nodeName=a,status.phase!=Failed,metadata.name==x\\,y\\=z");
  expect(selector).toEqual([
    { field: "spec.nodeName", operator: "=", value: "a" },
    { field: "status.phase", operator: "!=", value: "Failed" },
    { field: "metadata.name", operator: "=", value: "x,y=z" },
  ]);
  expect(matchesFields(selector, { "spec.nodeName": "a", "metadata.name": "x,y=z" })).toBe(true);
  expect(() => parseFieldSelector("foo")).toThrow("invalid selector: 'foo'; can't understand 'foo'");
  expect(() => parseFieldSelector("a=b\\x")).toThrow(SelectorError);
});

const node: Node = { metadata: { name: "n1", labels: { zone: "a", cores: "8" } } };

function podWith(spec: Partial<NonNullable<Pod["spec"]>>): Pod {
  return { spec: { containers: [], ...spec } };
}

test("matchesPodNodeSelection() needs the node selector and one affinity term", () => {
  expect(matchesPodNodeSelection(podWith({ nodeSelector: { zone: "a" } }), node)).toBe(true);
  expect(matchesPodNodeSelection(podWith({ nodeSelector: { zone: "b" } }), node)).toBe(false);
  const affinity = (nodeSelectorTerms: object[]) =>
    podWith({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: nodeSelectorTerms as never },
        },
      },
    });
  const big = { matchExpressions: [{ key: "cores", operator: "Gt", values: ["4"] }] };
  const other = { matchFields: [{ key: "metadata.name", operator: "In", values: ["n2"] }] };
  expect(matchesPodNodeSelection(affinity([big]), node)).toBe(true);
  expect(matchesPodNodeSelection(affinity([other]), node)).toBe(false);
  expect(matchesPodNodeSelection(affinity([other, big]), node)).toBe(true);
  expect(matchesPodNodeSelection(affinity([{}]), node)).toBe(false);
});

describe("findUntoleratedTaint()", () => {
  const taint = { key: "gpu", value: "yes", effect: "NoSchedule" };
  test.each([
    [[], false],
    [[{ key: "gpu", operator: "Exists" }], true],
    [[{ key: "gpu", value: "yes" }], true],
    [[{ key: "gpu", value: "no" }], false],
    [[{ operator: "Exists" }], true],
    [[{ key: "gpu", operator: "Exists", effect: "NoExecute" }], false],
    [[{ key: "other", operator: "Exists" }], false],
  ])("findUntoleratedTaint() with %j tolerates: %s", (tolerations, isTolerated) => {
    expect(findUntoleratedTaint([taint], tolerations, ["NoSchedule"]) === undefined).toBe(isTolerated);
  });

  test("findUntoleratedTaint() leaves other effects alone", () => {
    expect(findUntoleratedTaint([{ ...taint, effect: "PreferNoSchedule" }], [], ["NoSchedule"])).toBeUndefined();
  });
});
