/** Who may import whom: the table of ARCHITECTURE.md as data. */
const everything = [
  "base",
  "kubernetes",
  "client",
  "machine",
  "rpc",
  "distribution",
  "content",
  "wasi",
  "engine",
  "runtime",
  "kubelet",
  "control-plane",
] as const;

export const layers: Readonly<Record<string, readonly string[]>> = {
  base: [],
  kubernetes: ["base"],
  client: ["base", "kubernetes"],
  machine: ["base"],
  rpc: ["base"],
  distribution: ["base"],
  content: ["base", "distribution"],
  wasi: ["base"],
  engine: ["base", "wasi", "rpc"],
  runtime: ["base", "rpc", "content", "distribution", "engine"],
  kubelet: ["base", "kubernetes", "client", "machine", "rpc", "runtime"],
  "control-plane": ["base", "kubernetes"],
  cli: everything,
  testkit: [...everything, "cli"],
};
