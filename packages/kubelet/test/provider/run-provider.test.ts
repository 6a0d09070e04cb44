import { describe, expect, test } from "vitest";
import { runProvider } from "../../src/provider/run-provider.ts";

describe("runProvider()", () => {
  test("runProvider() of a run() that ends before its signal rejects, naming the provider and what is expected", async () => {
    const { signal } = new AbortController();
    await expect(runProvider({ name: "warmed", run: async () => undefined }, signal)).rejects.toMatchObject({
      code: "ProviderEnded",
      message: expect.stringMatching(/^run\(\) of provider "warmed" ended .* it has to go on until then/),
    });
  });

  test("runProvider() of a run() that ends with its signal resolves, and so does that of a provider without one", async () => {
    const abort = new AbortController();
    const running = runProvider(
      { name: "warmed", run: (signal) => new Promise((end) => signal.addEventListener("abort", () => end())) },
      abort.signal,
    );
    abort.abort();
    await running;
    await runProvider({ name: "idle" }, new AbortController().signal);
  });
});
