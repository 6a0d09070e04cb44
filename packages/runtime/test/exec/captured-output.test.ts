import { once } from "node:events";
import { expect, test } from "vitest";
import { CapturedOutput } from "../../src/wasm/exec/captured-output.ts";

async function written(maxBytes: number, ...chunks: readonly string[]): Promise<string> {
  const output = new CapturedOutput(maxBytes);
  for (const chunk of chunks) if (!output.write(chunk)) await once(output, "drain");
  return Buffer.from(output.bytes).toString();
}

test("CapturedOutput keeps what is written, in order", async () => {
  expect(await written(100)).toBe("");
  expect(await written(100, "one ", "two ", "three")).toBe("one two three");
});

test("CapturedOutput keeps the beginning of what is too much, and takes all of it", async () => {
  expect(await written(5, "abc", "defg", "hij")).toBe("abcde");
  expect(await written(3, "abcdef")).toBe("abc");
});

test("CapturedOutput takes no more memory for many chunks than for one", async () => {
  const sizeBytes = 100_000;
  const output = new CapturedOutput(sizeBytes);
  for (let count = 0; count < sizeBytes + 1; count++) if (!output.write("x")) await once(output, "drain");
  expect(output.bytes.length).toBe(sizeBytes);
  expect(output.bytes.buffer.byteLength).toBeLessThanOrEqual(2 * sizeBytes);
});
