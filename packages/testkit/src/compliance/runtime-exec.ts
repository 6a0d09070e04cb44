import { describe, expect, type TestContext, test } from "vitest";
import type { RuntimeBench } from "./runtime-bench.ts";
import type { Workload } from "./workload.ts";

export function execTests(bench: () => RuntimeBench): void {
  const commandFor = (context: TestContext, workload: Workload): readonly string[] =>
    bench().subject.command?.(workload) ?? context.skip("not applicable: the runtime runs no commands in containers");

  describe("commands in containers", () => {
    test.for([0, 3])("execSync() answers exit code %i as it was", async (code, context) => {
      const command = commandFor(context, { kind: "exit", code });
      const { container } = await bench().start({ kind: "hold" });
      expect(await bench().runtime.execSync(container, command, 0)).toMatchObject({ exitCode: code });
    });

    test("execSync() answers all that the command printed", async (context) => {
      const lines = ["one", "", "three words here"];
      const command = commandFor(context, { kind: "print", lines });
      const { container } = await bench().start({ kind: "hold" });
      const { stdout, stderr, exitCode } = await bench().runtime.execSync(container, command, 60_000);
      expect(Buffer.from(stdout).toString()).toBe("one\n\nthree words here\n");
      expect([stderr.length, exitCode]).toEqual([0, 0]);
    });

    test("execSync() ends what takes too long, and leaves the container alone", async (context) => {
      const command = commandFor(context, { kind: "hold" });
      const { container } = await bench().start({ kind: "hold" });
      const { runtime } = bench();
      const before = await runtime.containerStatus(container);
      await expect(runtime.execSync(container, command, 300)).rejects.toMatchObject({ code: "DeadlineExceeded" });
      expect(await runtime.containerStatus(container)).toEqual(before);
    });

    test("execSync() ends with its signal", async (context) => {
      const command = commandFor(context, { kind: "hold" });
      const { container } = await bench().start({ kind: "hold" });
      const { runtime } = bench();
      const signal = AbortSignal.timeout(300);
      await expect(runtime.execSync(container, command, 0, { signal })).rejects.toBe(await reasonOf(signal));
      expect((await runtime.containerStatus(container)).state).toBe("running");
    });

    test.for(["stopContainer", "removeContainer", "stopPodSandbox", "removePodSandbox"] as const)(
      "execSync() ends when %s() ends its container",
      async (verb, context) => {
        const command = commandFor(context, { kind: "hold" });
        const { sandbox, container } = await bench().start({ kind: "hold" });
        const { runtime } = bench();
        // A runtime may say that it was killed, or that there is no more to say.
        const outcome = runtime.execSync(container, command, 0).then(
          ({ exitCode }) => exitCode,
          () => 137,
        );
        if (verb === "stopContainer") await runtime.stopContainer(container, 0);
        else await runtime[verb](verb === "removeContainer" ? container : sandbox);
        expect(await outcome).toBe(137);
      },
    );

    test("a command is no container: it is in no list and no event", async (context) => {
      const hold = commandFor(context, { kind: "hold" });
      const exit = commandFor(context, { kind: "exit", code: 1 });
      const { sandbox, container } = await bench().start({ kind: "hold" });
      const { runtime } = bench();
      const events = bench().follow();
      const giveUp = new AbortController();
      const held = runtime.execSync(container, hold, 0, { signal: giveUp.signal });
      await runtime.execSync(container, exit, 0);
      expect((await runtime.listContainers({ sandboxId: sandbox })).map(({ id }) => id)).toEqual([container]);
      giveUp.abort();
      await expect(held).rejects.toThrow();
      await events.end();
      expect(events.seen(sandbox)).toEqual([]);
    });

    test("execSync() takes containers that run only, and no empty command", async (context) => {
      const command = commandFor(context, { kind: "exit", code: 0 });
      const { runtime } = bench();
      const { sandbox, container } = await bench().start({ kind: "exit", code: 0 });
      await bench().exited(container);
      await expect(runtime.execSync(container, command, 0)).rejects.toMatchObject({ code: "FailedPrecondition" });
      const hold = bench().containerConfig({ kind: "hold" }, { attempt: 1 });
      const created = await runtime.createContainer(sandbox, hold);
      await expect(runtime.execSync(created, command, 0)).rejects.toMatchObject({ code: "FailedPrecondition" });
      await runtime.startContainer(created);
      await expect(runtime.execSync(created, [], 0)).rejects.toMatchObject({ code: "InvalidArgument" });
    });

    test("execSync() rejects for a program that is not there", async (context) => {
      commandFor(context, { kind: "exit", code: 0 });
      const { container } = await bench().start({ kind: "hold" });
      await expect(bench().runtime.execSync(container, ["no-such-program"], 0)).rejects.toThrow("no-such-program");
    });
  });
}

/** What `signal` aborts with, once it has. */
async function reasonOf(signal: AbortSignal): Promise<unknown> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  return signal.reason;
}
