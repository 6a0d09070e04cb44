import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { silentLogger } from "@wherry/base";
import { expect, test } from "vitest";
import { openAllocations } from "../../src/pods/file-allocations.ts";
import { temporaryDirectory } from "../volumes/temporary-directory.ts";

const allocation = {
  resources: { limits: { cpu: "2" } },
  containers: { main: { limits: { cpu: "1" }, requests: { cpu: "500m", memory: "1Gi" } } },
};

test("what a pod was given is found by the next life of the kubelet", async () => {
  const root = await temporaryDirectory();
  const first = await openAllocations(root, silentLogger);
  await first.set("uid-1", { containers: { main: { limits: { cpu: "9" } } } });
  await first.set("uid-1", allocation);
  const second = await openAllocations(root, silentLogger);
  expect(second.get("uid-1")).toEqual(allocation);
  expect(second.get("uid-2")).toBeUndefined();
  expect(await readdir(join(root, "pods", "uid-1"))).toEqual(["allocation.json"]);
  second.forget("uid-1");
  expect(second.get("uid-1")).toBeUndefined();
});

test.each([
  ["half a file", '{"containers":{"main":{"lim'],
  ["an empty file", ""],
  ["a list", "[]"],
  ["numbers for amounts", '{"containers":{"main":{"limits":{"cpu":1}}}}'],
  ["numbers for amounts of the pod", '{"resources":{"limits":{"cpu":1}},"containers":{}}'],
  ["no containers", '{"resources":{"limits":{"cpu":"1"}}}'],
  ["more than any pod needs", `{"containers":{"main":{"limits":{"cpu":"${"1".repeat(1024 * 1024)}"}}}}`],
])("%s counts as none and does not hold up the start", async (_name, text) => {
  const root = await temporaryDirectory();
  await mkdir(join(root, "pods", "uid-1"), { recursive: true });
  await writeFile(join(root, "pods", "uid-1", "allocation.json"), text);
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  const allocations = await openAllocations(root, logger);
  expect(allocations.get("uid-1")).toBeUndefined();
  expect(warnings).toHaveLength(1);
});

test("a UID that is no path segment is refused, and a failed write leaves what was", async () => {
  const root = await temporaryDirectory();
  const allocations = await openAllocations(root, silentLogger);
  await expect(allocations.set("../escape", allocation)).rejects.toThrow();
  await allocations.set("uid-1", allocation);
  await mkdir(join(root, "pods", "uid-2", "allocation.json"), { recursive: true });
  await expect(allocations.set("uid-2", allocation)).rejects.toThrow();
  expect(allocations.get("uid-2")).toBeUndefined();
  expect(await readdir(join(root, "pods", "uid-2"))).toEqual(["allocation.json"]);
  expect(JSON.parse(await readFile(join(root, "pods", "uid-1", "allocation.json"), "utf8"))).toEqual(allocation);
});
