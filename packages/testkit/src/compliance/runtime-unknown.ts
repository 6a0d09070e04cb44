import { describe, expect, test } from "vitest";
import type { RuntimeBench } from "./runtime-bench.ts";

export function unknownIdTests(bench: () => RuntimeBench): void {
  const id = "no-such-id";

  describe("unknown IDs", () => {
    test("stop and remove of something that is gone succeed", async () => {
      const { runtime } = bench();
      await runtime.stopPodSandbox(id);
      await runtime.removePodSandbox(id);
      await runtime.stopContainer(id, 1000);
      await runtime.removeContainer(id);
    });

    test.each<[string, (bench: RuntimeBench) => Promise<unknown>]>([
      ["podSandboxStatus", ({ runtime }) => runtime.podSandboxStatus(id)],
      ["createContainer", (one) => one.runtime.createContainer(id, one.containerConfig({ kind: "hold" }))],
      ["startContainer", ({ runtime }) => runtime.startContainer(id)],
      ["containerStatus", ({ runtime }) => runtime.containerStatus(id)],
      ["updatePodSandboxResources", ({ runtime }) => runtime.updatePodSandboxResources(id, {})],
      ["updateContainerResources", ({ runtime }) => runtime.updateContainerResources(id, {})],
      ["reopenContainerLog", ({ runtime }) => runtime.reopenContainerLog(id)],
      ["containerStats", ({ runtime }) => runtime.containerStats(id)],
      ["execSync", ({ runtime }) => runtime.execSync(id, ["command"], 0)],
      ["exec", ({ runtime }) => runtime.exec({ containerId: id, command: ["command"], tty: false }, {})],
      ["attach", ({ runtime }) => runtime.attach({ containerId: id, tty: false }, {})],
    ])("%s() rejects with NotFound, or says that it is not implemented", async (verb, call) => {
      const error: unknown = await call(bench()).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      const codes = /attach|exec/.test(verb) ? ["NotFound", "Unimplemented"] : ["NotFound"];
      expect(codes).toContain((error as { readonly code?: string } | undefined)?.code);
    });

    test("lists of unknown IDs are empty", async () => {
      const { runtime } = bench();
      expect(await runtime.listPodSandboxes({ id })).toEqual([]);
      expect(await runtime.listContainers({ sandboxId: id })).toEqual([]);
    });
  });
}
