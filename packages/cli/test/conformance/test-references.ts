import type { TestReference } from "./behaviour.ts";

const pods =
  (name: string) =>
  (title: string): TestReference => [`packages/cli/test/pods/${name}.integration.test.ts`, title];

export const conformance = pods("node-conformance");
export const deletion = pods("deletion");
export const lifecycle = pods("lifecycle");
export const logs = pods("logs");
export const refusals = pods("refusals");
export const restarts = pods("restarts");
export const volumes = pods("environment-and-volumes");

export const standardLifecycle = (title: string): TestReference => [
  "packages/kubelet/test/standard/lifecycle.test.ts",
  title,
];
export const volumeKinds = (title: string): TestReference => [
  "packages/kubelet/test/volumes/volume-kinds.test.ts",
  title,
];
