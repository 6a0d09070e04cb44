import { expect, test } from "vitest";
import { downwardPayload } from "../../src/volumes/downward-payload.ts";
import { podWith } from "./fakes.ts";

// Files of a pod of 1 MB that all show 256 KiB of annotations took gigabytes of the kubelet's memory.
test("downwardPayload() holds a field once, however many files show it", () => {
  const pod = podWith([]);
  const annotations = { note: "x".repeat(1000) };
  const items = Array.from({ length: 1000 }, (_, index) => ({
    path: `file-${index}`,
    fieldRef: { fieldPath: "metadata.annotations" },
  }));
  const payload = downwardPayload({ ...pod, metadata: { ...pod.metadata, annotations } }, items, 0o644, {});
  expect(payload.size).toBe(1000);
  const contents = new Set([...payload.values()].map(({ data }) => data));
  expect([...contents].map(String)).toEqual([`note="${annotations.note}"`]);
});
