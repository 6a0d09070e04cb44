import type { Pod, ResourceRequirements } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { chooseVictims } from "../../src/admission/choose-victims.ts";
import { podOf } from "../support/kubelet-harness.ts";

const critical = podOf("critical", { priority: 2_000_000_000 });

/** A pod by its name, which begins with its class: `b` for burstable, `g` for guaranteed. */
const holding = (name: string, cpu: string, memory = "1Mi", more: Record<string, string> = {}): Pod => {
  const amounts = { cpu, memory };
  const resources: ResourceRequirements = name.startsWith("g")
    ? { requests: { ...amounts, ...more }, limits: amounts }
    : { requests: { ...amounts, ...more } };
  return podOf(name, { priority: 0 }, { resources });
};
const idle = (name: string) => podOf(name, { priority: 0 });

function victims(pods: readonly Pod[], wanted: Record<string, number>, preemptor = critical): unknown {
  const choice = chooseVictims(preemptor, pods, new Map(Object.entries(wanted)));
  if (choice.kind === "short") return Object.fromEntries(choice.unmet);
  return choice.victims.map(({ metadata }) => metadata?.name);
}

describe("chooseVictims()", () => {
  test.each<[string, Pod[], Record<string, number>, string[]]>([
    [
      "the smallest that is enough",
      [holding("b1", "1"), holding("b2", "2"), holding("b3", "3")],
      { cpu: 1500 },
      ["b2"],
    ],
    ["one large before two small", [holding("b1", "1"), holding("b2", "1"), holding("b3", "3")], { cpu: 2000 }, ["b3"]],
    [
      "the largest first where none is enough, then what is nearest to the rest",
      [holding("b1", "1"), holding("b2", "2"), holding("b3", "4")],
      { cpu: 5000 },
      ["b3", "b1"],
    ],
    ["burstable before guaranteed", [holding("g1", "1"), holding("b1", "3")], { cpu: 1000 }, ["b1"]],
    [
      "guaranteed only for what burstable cannot give, and then fewer burstable",
      [holding("g1", "2"), holding("b1", "1"), holding("b2", "500m")],
      { cpu: 2000 },
      ["g1"],
    ],
    [
      "of several classes in the order in which they end",
      [holding("g1", "1"), holding("b1", "1"), holding("b2", "500m")],
      { cpu: 2500 },
      ["b1", "b2", "g1"],
    ],
    ["best-effort for a place", [holding("b1", "1"), idle("idle"), holding("g1", "1")], { pods: 1 }, ["idle"]],
    ["best-effort only for a place", [idle("idle"), holding("b1", "1")], { cpu: 500 }, ["b1"]],
    [
      "none of the lower class where the higher gives the place too",
      [idle("idle"), holding("b1", "1")],
      { cpu: 500, pods: 1 },
      ["b1"],
    ],
    [
      "what is nearest over all resources together",
      [holding("b1", "3", "1Mi"), holding("b2", "2", "2Gi"), holding("b3", "100m", "4Gi")],
      { cpu: 2000, memory: 2 * 1024 ** 3 },
      ["b2"],
    ],
    [
      "a little of everything before all of one: distances are squares",
      [holding("b1", "1", "400"), holding("b2", "650m", "650"), holding("b3", "350m", "350")],
      { cpu: 1000, memory: 1000 },
      ["b2", "b3"],
    ],
    [
      "of equally near ones the smaller by memory, then by cpu",
      [holding("b1", "3", "1Gi"), holding("b2", "9", "1Mi"), holding("b3", "8", "1Mi"), holding("b4", "2", "2Mi")],
      { cpu: 2000 },
      ["b3"],
    ],
    ["the last of those that are alike", [holding("b1", "1"), holding("b2", "1")], { cpu: 1000 }, ["b2"]],
    ["nobody where nothing is wanted", [holding("b1", "1")], {}, []],
  ])("chooseVictims() takes %s", (_name, pods, wanted, names) => {
    expect(victims(pods, wanted)).toEqual(names);
  });

  test("chooseVictims() takes an extended resource from those who have it", () => {
    const pods = [holding("b1", "1"), holding("b2", "1", "1Mi", { "example.com/x": "2" }), idle("idle")];
    expect(victims(pods, { "example.com/x": 1 })).toEqual(["b2"]);
  });

  test("chooseVictims() says what is wanted beyond what may be taken", () => {
    const important = podOf("b2", { priority: 2_000_000_000 }, { resources: { requests: { cpu: "9" } } });
    expect(victims([holding("b1", "1"), important], { cpu: 1500, memory: 1 })).toEqual({ cpu: 500 });
    expect(victims([], { pods: 1 })).toEqual({ pods: 1 });
  });

  test("chooseVictims() lets critical pods take from less important critical ones", () => {
    const cluster = podOf("b1", { priority: 2_000_000_000 }, { resources: { requests: { cpu: "1" } } });
    const node = podOf("node", { priority: 2_000_001_000 });
    expect(victims([cluster], { cpu: 1000 }, node)).toEqual(["b1"]);
    expect(victims([cluster], { cpu: 1000 }, critical)).toEqual({ cpu: 1000 });
    // A static pod has no priority unless its manifest says one.
    const annotations = { "kubernetes.io/config.source": "file" };
    const fromFile = (name: string): Pod => ({ ...podOf(name), metadata: { name, uid: name, annotations } });
    expect(victims([cluster, fromFile("other")], { pods: 1 }, fromFile("static"))).toEqual({ pods: 1 });
  });
});
