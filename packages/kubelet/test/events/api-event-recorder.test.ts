import { createLogger, FakeClock, type LogEntry, silentLogger } from "@wherry/base";
import { TransportError } from "@wherry/client";
import type { Event, Pod } from "@wherry/kubernetes";
import { afterEach, describe, expect, test } from "vitest";
import { ApiEventRecorder } from "../../src/events/api-event-recorder.ts";
import type { EventSink } from "../../src/events/event-sink.ts";
import type { EventContent, EventSubject } from "../../src/ports/event-recorder.ts";
import { apiError } from "../node/fake-node-api.ts";

/** An API server for events. */
class FakeSink implements EventSink {
  readonly stored: Map<string, Event> = new Map();
  readonly calls: string[] = [];
  failure: (() => Error | undefined) | undefined;

  async create(event: Event): Promise<Event> {
    this.calls.push("create");
    const failure = this.failure?.();
    if (failure !== undefined) throw failure;
    this.stored.set(event.metadata.name ?? "", event);
    return event;
  }

  async patch(_namespace: string, name: string, patch: object): Promise<Event> {
    this.calls.push("patch");
    const present = this.stored.get(name);
    if (present === undefined) throw apiError(404, "NotFound");
    const patched = { ...present, ...patch };
    this.stored.set(name, patched);
    return patched;
  }

  get events(): Event[] {
    return [...this.stored.values()];
  }
}

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function start(options: { perSecond?: number; burst?: number; logger?: typeof silentLogger } = {}) {
  const clock = new FakeClock();
  const sink = new FakeSink();
  const recorder = new ApiEventRecorder({
    sink,
    host: "n1",
    perSecond: options.perSecond ?? 0,
    burst: options.burst ?? 100,
    clock,
    logger: options.logger ?? silentLogger,
  });
  const stop = new AbortController();
  const ran = recorder.run(stop.signal);
  const end = async () => {
    stop.abort();
    await clock.advance(6_000);
    await ran;
  };
  stops.push(end);
  return { clock, sink, recorder, end };
}

const pod = (name: string): EventSubject => {
  const metadata = { name, namespace: "default", uid: `uid-${name}`, resourceVersion: "5" };
  return { kind: "Pod", pod: { metadata } as Pod };
};
const content = (message: string, more: Partial<EventContent> = {}): EventContent => ({
  type: "Normal",
  reason: "Pulled",
  message,
  ...more,
});

describe("ApiEventRecorder", () => {
  test("ApiEventRecorder writes an event as the kubelet of the host, about one container", async () => {
    const { clock, sink, recorder } = start();
    recorder.event(pod("web"), content("ok", { fieldPath: "spec.containers{main}" }));
    await clock.advance(0);
    expect(sink.events).toMatchObject([
      {
        metadata: { namespace: "default", name: expect.stringMatching(/^web\.[0-9a-f]{16}$/) },
        involvedObject: {
          kind: "Pod",
          apiVersion: "v1",
          name: "web",
          namespace: "default",
          uid: "uid-web",
          fieldPath: "spec.containers{main}",
        },
        type: "Normal",
        reason: "Pulled",
        message: "ok",
        source: { component: "kubelet", host: "n1" },
        count: 1,
      },
    ]);
  });

  test("ApiEventRecorder refers to a node by its name as UID, in the default namespace", async () => {
    const { clock, sink, recorder } = start();
    recorder.event({ kind: "Node", node: { metadata: { name: "n1", uid: "real" } } }, content("x"));
    await clock.advance(0);
    expect(sink.events).toMatchObject([
      { metadata: { namespace: "default" }, involvedObject: { name: "n1", uid: "n1" } },
    ]);
  });

  test("ApiEventRecorder counts a repeated event in place", async () => {
    const { clock, sink, recorder } = start();
    for (let round = 0; round < 3; round++) {
      recorder.event(pod("web"), content("same"));
      await clock.advance(1_000);
    }
    expect(sink.calls).toEqual(["create", "patch", "patch"]);
    expect(sink.events).toHaveLength(1);
    const [event] = sink.events;
    expect(event?.count).toBe(3);
    expect(Date.parse(event?.lastTimestamp ?? "") - Date.parse(event?.firstTimestamp ?? "")).toBe(2_000);
  });

  test("ApiEventRecorder writes the event anew when the counted one has expired, and counts on", async () => {
    const { clock, sink, recorder } = start();
    recorder.event(pod("web"), content("same"));
    await clock.advance(0);
    sink.stored.clear();
    recorder.event(pod("web"), content("same"));
    await clock.advance(0);
    expect(sink.events).toMatchObject([{ count: 2, message: "same" }]);
  });

  test("ApiEventRecorder counts what it does not write too (the count once fell behind)", async () => {
    const { clock, sink, recorder } = start();
    for (let index = 0; index < 1_000; index++) recorder.event(pod("web"), content("same"));
    await clock.advance(0);
    expect(sink.events).toMatchObject([{ count: 25 }]);
    // Never written so far.
    for (let index = 0; index < 3; index++) recorder.event(pod("web"), content("other", { reason: "Other" }));
    await clock.advance(600_000);
    recorder.event(pod("web"), content("same"));
    recorder.event(pod("web"), content("other", { reason: "Other" }));
    await clock.advance(0);
    expect(sink.events).toMatchObject([
      { message: "same", count: 1_001 },
      { message: "other", count: 4 },
    ]);
  });

  test("ApiEventRecorder combines from the tenth different message of one reason on", async () => {
    const { clock, sink, recorder } = start();
    for (let index = 0; index < 14; index++) recorder.event(pod("web"), content(`message ${index}`));
    await clock.advance(0);
    const messages = sink.events.map(({ message, count }) => `${message} x${count}`);
    expect(messages).toHaveLength(10);
    expect(messages.at(-1)).toBe("(combined from similar events): message 13 x5");
  });

  test("ApiEventRecorder lets an object have 25 events and then one every 5 minutes", async () => {
    const { clock, sink, recorder } = start();
    const reasons = Array.from({ length: 40 }, (_, index) => `Reason${index}`);
    for (const reason of reasons) recorder.event(pod("noisy"), content("x", { reason }));
    recorder.event(pod("quiet"), content("x"));
    await clock.advance(0);
    expect(sink.events.filter(({ involvedObject }) => involvedObject.name === "noisy")).toHaveLength(25);
    expect(sink.events.filter(({ involvedObject }) => involvedObject.name === "quiet")).toHaveLength(1);
    await clock.advance(301_000);
    for (const reason of reasons) recorder.event(pod("noisy"), content("y", { reason }));
    await clock.advance(0);
    expect(sink.events.filter(({ involvedObject }) => involvedObject.name === "noisy")).toHaveLength(26);
  });

  test("ApiEventRecorder keeps to its rate", async () => {
    const { clock, sink, recorder } = start({ perSecond: 10, burst: 5 });
    for (let index = 0; index < 30; index++) recorder.event(pod(`p${index}`), content("x"));
    await clock.advance(50);
    expect(sink.events).toHaveLength(5);
    await clock.advance(1_000);
    expect(sink.events).toHaveLength(15);
  });

  test("ApiEventRecorder tries again while the API server does not answer", async () => {
    const { clock, sink, recorder } = start();
    let left = 3;
    sink.failure = () => (left-- > 0 ? new TransportError("dial", "down") : undefined);
    recorder.event(pod("web"), content("x"));
    await clock.advance(10_000);
    expect(sink.events).toHaveLength(1);
  });

  test("ApiEventRecorder gives up at once on what the API server refuses", async () => {
    const { clock, sink, recorder } = start();
    sink.failure = () => apiError(403, "Forbidden");
    recorder.event(pod("web"), content("x"));
    await clock.advance(60_000);
    expect(sink.calls).toEqual(["create"]);
  });

  test("ApiEventRecorder drops what does not fit in its queue and says how many", async () => {
    const entries: LogEntry[] = [];
    const { clock, sink, recorder } = start({ logger: createLogger((entry) => void entries.push(entry)) });
    for (let index = 0; index < 1_010; index++) recorder.event(pod(`p${index}`), content("x"));
    await clock.advance(0);
    expect(sink.events).toHaveLength(1_000);
    expect(entries.find(({ message }) => message.startsWith("Dropped"))?.fields).toMatchObject({ count: 10 });
  });

  test("ApiEventRecorder writes what is waiting before it ends, but not for ever", async () => {
    const quick = start();
    quick.recorder.event(pod("web"), content("last words"));
    await quick.end();
    expect(quick.sink.events).toHaveLength(1);

    const stuck = start();
    stuck.sink.create = () => new Promise(() => undefined);
    stuck.recorder.event(pod("web"), content("never"));
    await stuck.clock.advance(0);
    await stuck.end();
  });
});
