import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { testTimeoutMs } from "../processes/patience.ts";
import { RuntimeBench } from "./runtime-bench.ts";
import { containerTests } from "./runtime-containers.ts";
import { eventTests } from "./runtime-events.ts";
import { execTests } from "./runtime-exec.ts";
import { imageMountTests } from "./runtime-image-mounts.ts";
import { imageTests } from "./runtime-images.ts";
import { restartTests } from "./runtime-restarts.ts";
import { sandboxTests } from "./runtime-sandboxes.ts";
import { subPathTests } from "./runtime-sub-paths.ts";
import type { RuntimeSubject } from "./runtime-subject.ts";
import { unknownIdTests } from "./runtime-unknown.ts";

/**
 * The documented contract of `Runtime` as tests: to be called in a test file, once for each runtime.
 *
 * One subject serves the whole suite; the tests leave nothing in it. They run in real time and never wait for less than what they
 * wait for, so they also hold for real runtimes on slow machines. The suite has time limits of its own, whatever vitest's settings are.
 */
export function runtimeCompliance(name: string, open: () => Promise<RuntimeSubject>): void {
  describe(`${name} as a Runtime`, { timeout: testTimeoutMs }, () => {
    let bench: RuntimeBench;
    beforeAll(async () => {
      const subject = await open();
      bench = new RuntimeBench(subject);
      await subject.runtime.images.pullImage({ image: subject.image });
    }, testTimeoutMs);
    afterEach(async () => {
      await bench.clear();
      expect(await bench.runtime.listPodSandboxes()).toEqual([]);
      expect(await bench.runtime.listContainers()).toEqual([]);
      expect((await bench.subject.leftovers?.()) ?? []).toEqual([]);
    }, testTimeoutMs);
    afterAll(() => bench?.subject[Symbol.asyncDispose](), testTimeoutMs);

    test("version() and status() name the runtime and its default handler", async () => {
      const version = await bench.runtime.version();
      expect(version.runtimeName).toMatch(/^[a-z0-9.-]+$/);
      expect(version.runtimeVersion).not.toBe("");
      const { conditions, handlers } = await bench.runtime.status();
      expect(conditions).toContainEqual(expect.objectContaining({ type: "RuntimeReady", status: true }));
      expect(handlers.map((handler) => handler.name)).toContain("");
    });

    sandboxTests(() => bench);
    containerTests(() => bench);
    execTests(() => bench);
    unknownIdTests(() => bench);
    eventTests(() => bench);
    restartTests(() => bench);
    imageTests(() => bench);
    imageMountTests(() => bench);
    subPathTests(() => bench);
  });
}
