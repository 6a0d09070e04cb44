import { createLogger, FakeClock, type LogEntry, runTogether } from "@wherry/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PodController, type PodControllerOptions } from "../../src/pods/pod-controller.ts";
import type { EventContent } from "../../src/ports/event-recorder.ts";
import type { PodHandle } from "../../src/provider/pod-handle.ts";
import { StatusWriter } from "../../src/status/status-writer.ts";
import { FakePodApi } from "../support/fake-pod-api.ts";
import { type FaultyEdges, FaultyProvider, untilAbort } from "../support/faulty-provider.ts";
import { nodeFacts, podOf } from "../support/kubelet-harness.ts";

describe("PodController with a provider that is faulty", () => {
  let clock: FakeClock;
  let api: FakePodApi;
  let provider: FaultyProvider;
  let controller: PodController<FaultyEdges, PodHandle>;
  let events: (EventContent & { readonly pod: string })[];
  let entries: LogEntry[];
  let abort: AbortController;
  let ended: Promise<void>;

  beforeEach(() => {
    clock = new FakeClock();
    api = new FakePodApi(clock);
    provider = new FaultyProvider();
    events = [];
    entries = [];
    abort = new AbortController();
    ended = Promise.resolve();
  });

  afterEach(async () => {
    abort.abort();
    await ended;
  });

  function start(more: Partial<PodControllerOptions<FaultyEdges, PodHandle>> = {}) {
    const logger = createLogger((entry) => void entries.push(entry));
    const statusWriter = new StatusWriter({ api, clock, logger });
    controller = new PodController<FaultyEdges, PodHandle>({
      sources: [api],
      provider,
      statusWriter,
      node: nodeFacts,
      recorder: {
        event: (subject, content) =>
          void events.push({ pod: subject.kind === "Pod" ? (subject.pod.metadata?.name ?? "") : "", ...content }),
      },
      clock,
      logger,
      random: () => 0,
      admit: () => undefined,
      ...more,
    });
    ended = runTogether(abort.signal, [(signal) => statusWriter.run(signal), (signal) => controller.run(signal)]);
  }

  const stateOf = (name: string) => controller.stateOf(`uid-${name}`);
  const messagesOf = (reason: string) =>
    events.filter((event) => event.reason === reason).map(({ message }) => message);
  const logged = (message: string) => entries.filter((entry) => entry.message === message);

  function failAdmit(name: string) {
    provider.admit = ({ metadata }) => {
      if (metadata?.name === name) throw new Error("boom");
      return undefined;
    };
  }

  async function remove(name: string) {
    api.delete(name);
    await clock.advance(0);
    await clock.advance(0);
  }

  describe("admit() that throws", () => {
    test("shows why the pod waits, asks again, and starts the pod once there is an answer", async () => {
      start();
      failAdmit("ann");
      api.create(podOf("ann"));
      api.create(podOf("bob"));
      await clock.advance(0);
      expect(stateOf("ann")).toBe("waiting");
      expect(stateOf("bob")).toBe("living");
      expect(messagesOf("FailedSync")).toEqual([
        'Error syncing pod, skipping: admit() of provider "faulty" failed; it has to answer a refusal or undefined: boom',
      ]);
      provider.admit = () => undefined;
      await clock.advance(1000);
      expect(stateOf("ann")).toBe("living");
    });

    test("can answer a refusal later, which then counts", async () => {
      start();
      failAdmit("ann");
      api.create(podOf("ann"));
      await clock.advance(0);
      provider.admit = () => ({ reason: "NoGreeting", message: "nobody is there" });
      await clock.advance(1000);
      expect(api.byName("ann")?.status).toMatchObject({ phase: "Failed", reason: "NoGreeting" });
    });

    test("keeps no pod from being deleted", async () => {
      start();
      failAdmit("ann");
      api.create(podOf("ann"));
      await clock.advance(120_000);
      await remove("ann");
      expect(api.deletions).toEqual(["ann"]);
      expect(controller.list()).toEqual([]);
    });

    test("does not end the kubelet when it starts, and leaves room to what may run only", async () => {
      failAdmit("ann");
      api.create(podOf("ann"));
      api.create(podOf("bob"));
      const others: string[][] = [];
      start({
        admit: (_pod, beside) => {
          others.push(beside.map(({ metadata }) => metadata?.name ?? ""));
          return undefined;
        },
      });
      await clock.advance(0);
      expect([stateOf("ann"), stateOf("bob")]).toEqual(["waiting", "living"]);
      expect(others).toEqual([[]]);
    });

    test("leaves its room to a pod that an earlier life of the kubelet started", async () => {
      failAdmit("ann");
      api.create({ ...podOf("ann"), status: { phase: "Running", startTime: "2026-01-02T00:00:01Z" } });
      api.create(podOf("bob"));
      const full = { reason: "OutOfpods", message: "full" };
      start({ admit: (_pod, beside) => (beside.length > 0 ? full : undefined) });
      // She might have ended since, but nobody waits for long to be told that.
      await clock.advance(30_000);
      expect(api.byName("ann")?.status?.phase).toBe("Running");
      expect(api.byName("bob")?.status?.reason).toBe("OutOfpods");
    });
  });

  describe("a change handler that throws", () => {
    test("is logged, and neither other handlers nor what else follows from the change is skipped", async () => {
      let told = 0;
      provider.live = (pod, signal) => {
        pod.onChange(() => {
          throw new Error("boom");
        });
        pod.onChange((): unknown => Promise.reject(new Error("later")));
        pod.onChange(() => void told++);
        pod.describe({ message: "lives" });
        return untilAbort(signal);
      };
      start();
      api.create(podOf("ann"));
      await clock.advance(0);
      api.update("ann", (pod) => ({ ...pod, metadata: { ...pod.metadata, labels: { a: "b" } } }));
      await clock.advance(0);
      expect(told).toBe(1);
      expect(api.byName("ann")?.status?.observedGeneration).toBe(api.byName("ann")?.metadata?.generation);
      expect(logged("Change handler failed").map(({ fields }) => fields.error)).toEqual(["boom", "later"]);
    });

    test("does not end the process when the deadline of a pod passes", async () => {
      provider.live = (pod, signal) => {
        pod.onChange(() => {
          throw new Error("boom");
        });
        return untilAbort(signal);
      };
      start();
      api.create(podOf("ann", { activeDeadlineSeconds: 5 }));
      await clock.advance(5000);
      await clock.advance(0);
      expect(api.byName("ann")?.status).toMatchObject({ phase: "Failed", reason: "DeadlineExceeded" });
    });
  });

  test("a phase that a state described does not outlive the pod", async () => {
    provider.shown = () => ({ phase: "Running" });
    start();
    api.create(podOf("ann"));
    await clock.advance(0);
    await remove("ann");
    expect(api.deletions).toEqual(["ann"]);
  });

  test("a description that no status can be made of does not keep the pod from ending", async () => {
    provider.live = (pod, signal) => {
      pod.describe({ containerStatuses: [null as never] });
      return untilAbort(signal);
    };
    start();
    api.create(podOf("ann"));
    await clock.advance(0);
    await remove("ann");
    expect(api.deletions).toEqual(["ann"]);
  });

  test("a state that goes on after its signal is named in the log, with its pod", async () => {
    const release = Promise.withResolvers<"ending">();
    provider.live = () => release.promise;
    start();
    api.create(podOf("ann"));
    await clock.advance(0);
    api.delete("ann");
    await clock.advance(5000);
    expect(stateOf("ann")).toBe("living");
    expect(logged("State goes on though its signal has aborted; its next() must settle")).toMatchObject([
      { level: "warn", fields: { pod: "default/ann", state: "living" } },
    ]);
    release.resolve("ending");
    await clock.advance(0);
    await clock.advance(0);
    expect(api.deletions).toEqual(["ann"]);
  });

  describe("work that fails", () => {
    test("of a state is shown as FailedSync, the same words once a minute at most", async () => {
      let tries = 0;
      provider.live = async () => {
        tries++;
        throw new Error("no heat");
      };
      start();
      api.create(podOf("ann"));
      await clock.advance(59_000);
      expect(tries).toBe(3);
      expect(messagesOf("FailedSync")).toEqual(["Error syncing pod, skipping: no heat"]);
      await clock.advance(11_000);
      expect(messagesOf("FailedSync")).toHaveLength(2);
    });

    test("of a state that tells a Warning of its own is not told twice", async () => {
      provider.live = async (pod) => {
        pod.event({ type: "Warning", reason: "FailedHeat", message: "no heat" });
        throw new Error("no heat");
      };
      start();
      api.create(podOf("ann"));
      await clock.advance(20_000);
      expect(events.map(({ reason }) => reason)).toEqual(["FailedHeat", "FailedHeat"]);
    });

    test.each<readonly [string, () => void, string]>([
      [
        "createContext()",
        () => {
          provider.createContext = () => {
            throw new Error("no context");
          };
        },
        "no context",
      ],
      [
        "a state's status()",
        () => {
          provider.shown = () => {
            throw new Error("no words");
          };
        },
        "no words",
      ],
      [
        "a successor there is no edge to",
        () => {
          provider.live = async () => "over" as "ending";
        },
        'Cannot go from "living" to "over" in machine "faulty": allowed: ending',
      ],
    ])("in %s is shown as FailedSync, and the pod can be deleted at once", async (_where, fail, words) => {
      fail();
      start();
      api.create(podOf("ann"));
      // Into the middle of a long back-off.
      await clock.advance(100_000);
      expect(new Set(messagesOf("FailedSync"))).toEqual(new Set([`Error syncing pod, skipping: ${words}`]));
      provider.createContext = (pod) => pod;
      await remove("ann");
      expect(api.deletions).toEqual(["ann"]);
    });
  });
});
