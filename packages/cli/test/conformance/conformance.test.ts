import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { behaviourGroups, conformancePage } from "../../../../scripts/generate-conformance-docs.ts";

const root = join(import.meta.dirname, "../../../..");
const behaviours = behaviourGroups.flatMap((group) =>
  group.behaviours.map((behaviour) => ({ ...behaviour, fullName: `${group.area} ${behaviour.name}` })),
);

describe("docs/conformance.md", () => {
  test("is what scripts/generate-conformance-docs.ts writes", async () => {
    expect(await readFile(join(root, "docs/conformance.md"), "utf8")).toBe(conformancePage());
  });

  test("has each of upstream's 141 names once", () => {
    expect(new Set(behaviours.map(({ fullName }) => fullName)).size).toBe(behaviours.length);
    expect(behaviours).toHaveLength(141);
  });

  test("names tests that exist", async () => {
    const missing: string[] = [];
    for (const [file, title] of behaviours.flatMap(({ tests }) => tests)) {
      const source = await readFile(join(root, file), "utf8").catch(() => "");
      // A title with quotes in it stands between others.
      const written = title.includes('"') ? `'${title}'` : JSON.stringify(title);
      if (!source.includes(`test(${written}`)) missing.push(`${file}: ${title}`);
    }
    expect(missing).toEqual([]);
  });

  test("gives a test for what is covered, and a reason for what is not", () => {
    for (const { fullName, result, tests, why } of behaviours) {
      if (result === "covered") expect(tests, fullName).not.toEqual([]);
      else expect(why, fullName).toMatch(/\w+ \w+/);
    }
  });
});
