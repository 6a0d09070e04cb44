import type { EdgeTable } from "./state.ts";

/** The graph as a Mermaid `stateDiagram-v2`, deterministic: states and edges in the order of the table. */
export function toMermaid(machine: { readonly edges: EdgeTable; readonly initial: string }): string {
  const identifier = (name: string) => name.replaceAll(/[^A-Za-z0-9_]/g, "_");
  const lines = ["stateDiagram-v2", `  [*] --> ${identifier(machine.initial)}`];
  for (const [from, successors] of Object.entries(machine.edges)) {
    if (identifier(from) !== from) lines.push(`  state ${JSON.stringify(from)} as ${identifier(from)}`);
    if (successors.length === 0) lines.push(`  ${identifier(from)} --> [*]`);
    for (const to of successors) lines.push(`  ${identifier(from)} --> ${identifier(to)}`);
  }
  return `${lines.join("\n")}\n`;
}
