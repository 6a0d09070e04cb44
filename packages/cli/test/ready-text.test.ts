import { expect, test } from "vitest";
import { readyText } from "../src/node/ready-text.ts";

test("readyText() names the program as it was started, and what Ctrl-C leaves", () => {
  const facts = { node: "n", kubeconfig: "/s/admin.kubeconfig", registry: "localhost:5000", stateDirectory: "/s" };
  const started = readyText({ ...facts, keepPods: false, program: "npx wherry" });
  expect(started).toContain("\n  npx wherry push FILE.wasm localhost:5000/NAME:v1\n");
  expect(started).toContain("\nCtrl-C stops everything; state is kept in /s.\n");
  const kept = readyText({ ...facts, keepPods: true, program: "wherry" });
  expect(kept).toContain("\n  wherry push ");
  expect(kept).toContain("\nCtrl-C stops everything but the pods; ");
});
