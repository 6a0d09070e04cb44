import { describe, expect, test } from "vitest";
import type { RuntimeBench } from "./runtime-bench.ts";

export function imageTests(bench: () => RuntimeBench): void {
  describe("images", () => {
    test("pullImage() answers a reference by digest under which the image is present, and may be repeated", async () => {
      const { runtime, subject } = bench();
      const ref = await runtime.images.pullImage({ image: subject.image });
      expect(ref).toMatch(/@sha256:[0-9a-f]{64}$/);
      expect(await runtime.images.pullImage({ image: subject.image })).toBe(ref);
      for (const image of [subject.image, ref])
        expect(await runtime.images.imageStatus({ image })).toMatchObject({
          ref,
          id: expect.stringMatching(/^sha256:/),
        });
      const ids = (await runtime.images.listImages()).map(({ id }) => id);
      expect(ids).toContain((await runtime.images.imageStatus({ image: ref }))?.id);
    });

    test("an image nobody has is absent and cannot be pulled", async () => {
      const { runtime, subject } = bench();
      const spec = { image: subject.missingImage };
      expect(await runtime.images.imageStatus(spec)).toBeUndefined();
      await expect(runtime.images.pullImage(spec)).rejects.toMatchObject({ code: expect.any(String) });
      await runtime.images.removeImage(spec);
    });
  });
}
