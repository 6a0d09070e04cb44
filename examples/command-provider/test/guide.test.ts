import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as kubelet from "@wherry/kubelet";
import { schemaTable } from "@wherry/kubernetes";
import { toMermaid } from "@wherry/machine";
import { describe, expect, test } from "vitest";
import { commandMachine } from "../src/command-machine.ts";
import { commandFieldRules } from "../src/field-rules.ts";

const guide = join(import.meta.dirname, "../../../docs/write-a-provider.md");

describe("docs/write-a-provider.md", () => {
  test("its picture is the machine's", async () => {
    expect(await readFile(guide, "utf8")).toContain(toMermaid(commandMachine));
  });

  test("the exports of its table are there", async () => {
    const table = /\| export \| decides \|\n([\s\S]*?)\n\n/.exec(await readFile(guide, "utf8"))?.[1] ?? "";
    const names = table
      .split("\n")
      .flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`(\w+)`/g)].map(([, name]) => name));
    expect(names.length).toBeGreaterThan(8);
    for (const name of names) expect(Object.keys(kubelet)).toContain(name);
  });
});

describe("commandFieldRules", () => {
  test("commandFieldRules refuse what is not listed, and only fields that there are", () => {
    const refused = commandFieldRules.map(({ path }) => path);
    for (const path of [
      "hostname",
      "runtimeClassName",
      "containers[].livenessProbe",
      "initContainers[].securityContext",
    ])
      expect(refused).toContain(path);
    const fields = Object.keys(schemaTable["core/v1.Container"]?.fields ?? {});
    expect(fields.length).toBeGreaterThan(20);
    expect(refused).not.toContain("containers[].command");
  });
});
