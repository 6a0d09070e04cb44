import { afterEach, expect, test } from "vitest";
import { KubeletHarness, podOf } from "../support/kubelet-harness.ts";

let harness: KubeletHarness;

afterEach(() => harness.stop());

test("a container gets its host ports, but for an init container that ends, whose port another pod may have", async () => {
  harness = new KubeletHarness();
  harness.start();
  const ports = (hostPort: number) => [{ containerPort: 80, hostPort }];
  const initContainers = [
    { name: "sidecar", image: "app:v1", restartPolicy: "Always", ports: ports(8001) },
    { name: "first", image: "app:v1", ports: ports(8002) },
  ];
  harness.api.create(podOf("web", { initContainers }, { ports: ports(8003) }));
  await harness.settle();
  const first = [...harness.runtime.containers.values()].find(({ config }) => config.name === "first");
  harness.runtime.exit(first?.id ?? "", 0);
  await harness.settle();
  const given = [...harness.runtime.containers.values()].map(({ config }) => [config.name, config.ports[0]?.hostPort]);
  expect(given).toEqual([
    ["sidecar", 8001],
    ["first", 0],
    ["main", 8003],
  ]);
});
