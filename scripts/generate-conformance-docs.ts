// Writes docs/conformance.md from the tables of behaviours and of known differences beside the tests.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Behaviour, BehaviourGroup } from "../packages/cli/test/conformance/behaviour.ts";
import { nodeBehaviours } from "../packages/cli/test/conformance/node-behaviours.ts";
import { storageBehaviours } from "../packages/cli/test/conformance/storage-behaviours.ts";
import { knownDifferences } from "../packages/cli/test/differential/known-differences.ts";

export const behaviourGroups: readonly BehaviourGroup[] = [...nodeBehaviours, ...storageBehaviours];

/** What upstream's suite asks of a node, with where it is shown, and what differs from the Go kubelet. */
export function conformancePage(): string {
  const all = behaviourGroups.flatMap(({ behaviours }) => behaviours);
  const count = (result: Behaviour["result"]) => all.filter((behaviour) => behaviour.result === result).length;
  return [
    "<!-- Written by scripts/generate-conformance-docs.ts; do not edit. -->",
    "# Conformance",
    "",
    "## What differs from the Go kubelet",
    "",
    "`packages/cli/test/differential` runs the same pods on the Go kubelet with containerd and on Wherry, under one kube-apiserver, and",
    "compares phases, conditions, states of containers, exit codes, resources, logs and events, also over a restart of the kubelets. It fails",
    "when anything differs that is not in this table (`known-differences.ts`), and when something in it no longer does.",
    "",
    "| difference | reason | scenarios |",
    "| --- | --- | --- |",
    ...knownDifferences.map(
      ({ title, reason, scenarios }) => `| ${cell(title)} | ${cell(reason)} | ${(scenarios ?? ["all"]).join(", ")} |`,
    ),
    "",
    "## NodeConformance",
    "",
    `Upstream has ${all.length} tests that are Conformance and NodeConformance. Their workloads are Linux containers, so each that a WebAssembly`,
    `guest can meet has a test of ours, in our own words: ${count("covered")} are covered, ${count("not applicable")} are not`,
    `applicable, and ${count("missing")} is missing. \`npm run check\` verifies that the tests named here exist.`,
    "",
    ...behaviourGroups.flatMap(groupSection),
  ].join("\n");
}

function groupSection({ area, behaviours }: BehaviourGroup): string[] {
  return [
    `### ${area}`,
    "",
    "| behaviour | result | test or reason |",
    "| --- | --- | --- |",
    ...behaviours.map(({ name, result, tests, why }) => {
      const shown = tests.map(([file, title]) => `${file.replace(/^.*\//, "")}: ${title}`);
      return `| ${cell(name)} | ${result} | ${cell([...(why === undefined ? [] : [why]), ...shown].join("; "))} |`;
    }),
    "",
  ];
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("*", "\\*").replaceAll("<", "&lt;");
}

if (import.meta.main) await writeFile(join(import.meta.dirname, "../docs/conformance.md"), conformancePage());
