import { createLogger, FakeClock, type LogEntry } from "@wherry/base";
import { describe, expect, test } from "vitest";
import {
  IllegalTransitionError,
  type MachineDefinition,
  MachineRunner,
  type State,
  terminal,
  toMermaid,
} from "../src/index.ts";

const edges = {
  pulling: ["starting", "stopping"],
  starting: ["running", "failed"],
  running: ["stopping"],
  stopping: ["stopped"],
  stopped: [],
  failed: [],
} as const;
type Edges = typeof edges;
interface Context {
  readonly calls: string[];
  fail?: number;
  hold?: boolean;
}
type S<N extends keyof Edges> = State<Edges, N, Context, string>;

const pulling: S<"pulling"> = {
  name: "pulling",
  async next(context) {
    context.calls.push("pull");
    if ((context.fail ?? 0) > 0) {
      context.fail = (context.fail ?? 0) - 1;
      throw new Error("registry away");
    }
    return "starting";
  },
  status: () => "Pulling",
};
const starting: S<"starting"> = {
  name: "starting",
  retry: { backoff: { initialMs: 1, maxMs: 1 }, maxTries: 2 },
  async next(context) {
    context.calls.push("start");
    if (context.hold) throw new Error("cannot start");
    return "running";
  },
  failed: () => "failed",
};
const running: S<"running"> = {
  name: "running",
  next: (_, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
};
const stopping: S<"stopping"> = { name: "stopping", next: async () => "stopped" };
const stopped: S<"stopped"> = { name: "stopped", next: async () => "done" };
const failed: S<"failed"> = { name: "failed", next: async () => "done" };

const machine: MachineDefinition<Edges, Context, string> = {
  name: "test",
  edges,
  initial: "pulling",
  states: { pulling, starting, running, stopping, stopped, failed },
};

describe("State", () => {
  test("next() with an illegal successor does not compile", () => {
    const illegal: S<"pulling"> = {
      name: "pulling",
      // @ts-expect-error "running" is no successor of "pulling"
      next: async () => "running",
    };
    const end: S<"stopped"> = {
      name: "stopped",
      // @ts-expect-error an end answers only "done"
      next: async () => "running",
    };
    const early: S<"running"> = {
      name: "running",
      // @ts-expect-error "done" is for ends only
      next: async () => "done",
    };
    // @ts-expect-error a state of the graph without an object
    const incomplete: MachineDefinition<Edges, Context, string>["states"] = {
      pulling,
      starting,
      running,
      stopping,
      stopped,
    };
    expect([illegal, end, early, incomplete]).toHaveLength(4);
  });
});

describe("MachineRunner", () => {
  test("run() walks to an end after an interrupt, publishing and recording transitions", async () => {
    const published: string[] = [];
    const context: Context = { calls: [] };
    const runner = new MachineRunner(machine, {
      context,
      publish: (status) => void published.push(status),
      clock: new FakeClock(),
    });
    const ended = runner.run(new AbortController().signal);
    await new Promise((resolve) => setImmediate(resolve));
    expect(runner.current).toBe("running");
    runner.interrupt("stopping");
    expect(await ended).toBe("stopped");
    expect(runner.log.map((entry) => `${entry.to}:${entry.cause}`)).toEqual([
      "pulling:entered",
      "starting:returned",
      "running:returned",
      "stopping:interrupted",
      "stopped:returned",
    ]);
    expect(published).toEqual(["Pulling"]);
  });

  test("run() retries a failing state with back-off", async () => {
    const clock = new FakeClock();
    const context: Context = { calls: [], fail: 2 };
    const delays: number[] = [];
    const runner = new MachineRunner(machine, {
      context,
      clock,
      onRetry: (_state, _error, _tries, delayMs) => delays.push(delayMs),
    });
    const abort = new AbortController();
    const ended = runner.run(abort.signal).catch((error: unknown) => error);
    await clock.advance(10_000);
    expect(context.calls).toEqual(["pull", "pull"]);
    await clock.advance(20_000);
    expect(context.calls).toEqual(["pull", "pull", "pull", "start"]);
    expect(delays).toEqual([10_000, 20_000]);
    abort.abort(new Error("shutdown"));
    expect(await ended).toEqual(new Error("shutdown"));
  });

  test("run() hands the failure to the state after its last try", async () => {
    const clock = new FakeClock();
    const runner = new MachineRunner(machine, { context: { calls: [], hold: true }, clock });
    const ended = runner.run(new AbortController().signal);
    await clock.advance(5);
    expect(await ended).toBe("failed");
    expect(runner.log.at(-1)?.cause).toBe("failed");
  });

  test("run() does not retry a terminal error", async () => {
    const broken: S<"pulling"> = {
      name: "pulling",
      next: async () => {
        throw terminal(new Error("no such image"));
      },
    };
    const runner = new MachineRunner<Edges, Context, string>(
      { ...machine, states: { ...machine.states, pulling: broken } },
      { context: { calls: [] } },
    );
    await expect(runner.run(new AbortController().signal)).rejects.toThrow("no such image");
  });

  test("interrupt() waits for a state that has the edge", async () => {
    const context: Context = { calls: [] };
    const runner = new MachineRunner(machine, { context, start: "starting", clock: new FakeClock() });
    runner.interrupt("stopping");
    expect(await runner.run(new AbortController().signal)).toBe("stopped");
    expect(runner.log.map((entry) => entry.to)).toEqual(["starting", "running", "stopping", "stopped"]);
  });

  test("interrupt() before run() skips the first state's work where the edge exists", async () => {
    const context: Context = { calls: [] };
    const runner = new MachineRunner(machine, { context });
    runner.interrupt("stopping");
    expect(await runner.run(new AbortController().signal)).toBe("stopped");
    expect(context.calls).toEqual([]);
  });

  test.each(["interrupt()", "the signal of run()"])("run() names a state that goes on after %s", async (how) => {
    const entries: LogEntry[] = [];
    const clock = new FakeClock();
    const release = Promise.withResolvers<"stopping">();
    const runner = new MachineRunner<Edges, Context, string>(
      { ...machine, states: { ...machine.states, running: { name: "running", next: () => release.promise } } },
      { context: { calls: [] }, start: "running", clock, logger: createLogger((entry) => void entries.push(entry)) },
    );
    const abort = new AbortController();
    const ended = runner.run(abort.signal).catch(() => undefined);
    if (how === "interrupt()") runner.interrupt("stopping");
    else abort.abort();
    await clock.advance(4999);
    expect(entries).toEqual([]);
    await clock.advance(1);
    expect(entries).toMatchObject([{ level: "warn", fields: { state: "running" } }]);
    release.resolve("stopping");
    await ended;
    expect(clock.pending).toBe(0);
  });

  test("run() is silent about a state that settles with its signal, and leaves no timer", async () => {
    const entries: LogEntry[] = [];
    const clock = new FakeClock();
    const logger = createLogger((entry) => void entries.push(entry));
    const runner = new MachineRunner(machine, { context: { calls: [] }, start: "running", clock, logger });
    const ended = runner.run(new AbortController().signal);
    runner.interrupt("stopping");
    await ended;
    await clock.advance(60_000);
    expect([entries, clock.pending]).toEqual([[], 0]);
  });

  test("run() refuses a successor that types were bypassed for", async () => {
    const lying = { ...pulling, next: async () => "stopped" as "starting" };
    const runner = new MachineRunner<Edges, Context, string>(
      { ...machine, states: { ...machine.states, pulling: lying } },
      { context: { calls: [] } },
    );
    await expect(runner.run(new AbortController().signal)).rejects.toBeInstanceOf(IllegalTransitionError);
  });
});

describe("toMermaid()", () => {
  test("draws the start, every edge and every end", () => {
    expect(toMermaid({ edges: { "a b": ["c"], c: [] }, initial: "a b" })).toBe(
      'stateDiagram-v2\n  [*] --> a_b\n  state "a b" as a_b\n  a_b --> c\n  c --> [*]\n',
    );
  });
});
