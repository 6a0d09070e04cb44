import { ClockId, EventType, eventHangup, subscriptionClockAbstime } from "../abi.ts";
import type { AbiVersion } from "../abi-version.ts";
import type { Descriptor } from "../descriptor.ts";
import { Errno, ErrnoSignal, errnoSignal } from "../errno.ts";
import type { Guest } from "../guest.ts";
import type { ReadySignal } from "../ready-signal.ts";
import { Right } from "../rights.ts";
import { clockNow } from "./clocks.ts";

/** More subscriptions than any guest can have descriptors to poll, and few enough to walk through without holding the thread. */
const maxSubscriptions = 4096;
const eventBytes = 32;
/** What a stream that takes more is said to take. */
const writableBytes = 65_536;
const nsPerMs = 1_000_000n;
/** Longest timer of Node; a longer wait is taken up again after it. */
const maxTimerMs = 2 ** 31 - 1;
/** How soon a wait for a time of day notices that the time was set. */
const maxRealtimeTimerNs = 10_000_000_000n;

interface ClockSubscription {
  readonly type: typeof EventType.clock;
  readonly userdata: bigint;
  readonly clock: number;
  /** On that clock. */
  readonly deadlineNs: bigint;
}

interface DescriptorSubscription {
  readonly type: typeof EventType.fdRead | typeof EventType.fdWrite;
  readonly userdata: bigint;
  readonly descriptor: Descriptor;
}

/** A subscription that is an event by itself, because it cannot be served. */
interface FailedSubscription {
  readonly type: number;
  readonly userdata: bigint;
  readonly errno: Errno;
}

type Subscription = ClockSubscription | DescriptorSubscription | FailedSubscription;

interface Event {
  readonly userdata: bigint;
  readonly errno: Errno;
  readonly type: number;
  readonly bytes: number;
  readonly flags: number;
}

type PollOneoff = (
  guest: Guest,
  subscriptionsPointer: number,
  eventsPointer: number,
  count: number,
  resultPointer: number,
) => Errno | Promise<Errno>;

/** Waits for the first of several clocks and descriptors, and reports all that are ready by then. */
export function pollOneoff(abi: AbiVersion): PollOneoff {
  return (guest, subscriptionsPointer, eventsPointer, count, resultPointer) => {
    const length = count >>> 0;
    if (length === 0 || length > maxSubscriptions) return Errno.inval;
    const { sizeBytes } = abi.subscription;
    const start = guest.memory.check(subscriptionsPointer, length * sizeBytes);
    guest.memory.check(eventsPointer, length * eventBytes);
    guest.memory.check(resultPointer, 4);
    const subscriptions: Subscription[] = [];
    for (let index = 0; index < length; index++) {
      subscriptions.push(readSubscription(guest, start + index * sizeBytes, abi));
    }
    const events = eventsOf(guest, subscriptions);
    if (events.length > 0) return putEvents(guest, events, eventsPointer, resultPointer);
    return waitForEvents(guest, subscriptions).then((later) => putEvents(guest, later, eventsPointer, resultPointer));
  };
}

async function waitForEvents(guest: Guest, subscriptions: readonly Subscription[]): Promise<Event[]> {
  for (;;) {
    await waitForChange(guest, subscriptions);
    const events = eventsOf(guest, subscriptions);
    if (events.length > 0) return events;
  }
}

/** Resolves when a descriptor changed or a clock may be due. */
async function waitForChange(guest: Guest, subscriptions: readonly Subscription[]): Promise<void> {
  const changed = Promise.withResolvers<void>();
  const cancels: (() => void)[] = [];
  let delayNs: bigint | undefined;
  for (const subscription of subscriptions) {
    if ("clock" in subscription) {
      const isRealtime = subscription.clock === ClockId.realtime;
      const untilDue = subscription.deadlineNs - clockNow(guest, subscription.clock);
      const left = isRealtime && untilDue > maxRealtimeTimerNs ? maxRealtimeTimerNs : untilDue;
      if (delayNs === undefined || left < delayNs) delayNs = left;
    } else if ("descriptor" in subscription) {
      const signal = signalOf(subscription);
      if (signal !== undefined) cancels.push(signal.watch(changed.resolve));
    }
  }
  if (delayNs !== undefined) cancels.push(guest.clock.setTimer(timerMs(delayNs), changed.resolve));
  try {
    await guest.wait(changed.promise);
  } finally {
    for (const cancel of cancels) cancel();
  }
}

function timerMs(delayNs: bigint): number {
  if (delayNs <= 0n) return 0;
  const ms = Number((delayNs + nsPerMs - 1n) / nsPerMs);
  return Math.min(ms, maxTimerMs);
}

function readSubscription(guest: Guest, pointer: number, abi: AbiVersion): Subscription {
  const { memory } = guest;
  const userdata = memory.u64(pointer);
  const type = memory.u8(pointer + 8);
  try {
    switch (type) {
      case EventType.clock:
        return readClock(guest, userdata, pointer + abi.subscription.clockOffset);
      case EventType.fdRead:
        return {
          type,
          userdata,
          descriptor: pollable(guest, memory.u32(pointer + 16), Right.fdRead | Right.sockAccept),
        };
      case EventType.fdWrite:
        return { type, userdata, descriptor: pollable(guest, memory.u32(pointer + 16), Right.fdWrite) };
      default:
        return { type, userdata, errno: Errno.inval };
    }
  } catch (error) {
    if (error instanceof ErrnoSignal) return { type, userdata, errno: error.errno };
    throw error;
  }
}

function readClock(guest: Guest, userdata: bigint, pointer: number): Subscription {
  const { memory } = guest;
  const clock = memory.u32(pointer);
  const timeout = memory.u64(pointer + 8);
  const flags = memory.u16(pointer + 24);
  const type = EventType.clock;
  if ((flags & ~subscriptionClockAbstime) !== 0) return { type, userdata, errno: Errno.inval };
  if (clock > ClockId.threadCpuTime) return { type, userdata, errno: Errno.inval };
  // Processor time stands still while the guest waits for it.
  if (clock > ClockId.monotonic) return { type, userdata, errno: Errno.notsup };
  if ((flags & subscriptionClockAbstime) !== 0) return { type, userdata, clock, deadlineNs: timeout };
  // As in POSIX, setting the time of day changes no wait for a length of time.
  const deadlineNs = guest.clock.monotonicNs() + timeout;
  return { type, userdata, clock: ClockId.monotonic, deadlineNs };
}

function pollable(guest: Guest, fd: number, right: number): Descriptor {
  const descriptor = guest.descriptors.get(fd);
  if (descriptor.kind === "directory") throw errnoSignal(Errno.badf);
  if ((descriptor.rights & right) === 0) throw errnoSignal(Errno.notcapable);
  return descriptor;
}

function signalOf(subscription: DescriptorSubscription): ReadySignal | undefined {
  const { descriptor, type } = subscription;
  if (descriptor.kind === "listener") return descriptor.queue.changed;
  if (descriptor.kind !== "stream") return undefined;
  return type === EventType.fdRead ? descriptor.input?.changed : descriptor.output?.changed;
}

function eventsOf(guest: Guest, subscriptions: readonly Subscription[]): Event[] {
  const events: Event[] = [];
  for (const subscription of subscriptions) {
    const event = eventOf(guest, subscription);
    if (event !== undefined) events.push(event);
  }
  return events;
}

function eventOf(guest: Guest, subscription: Subscription): Event | undefined {
  const { userdata, type } = subscription;
  const event = { userdata, type, errno: Errno.success, bytes: 0, flags: 0 };
  if ("errno" in subscription) return { ...event, errno: subscription.errno };
  if ("clock" in subscription) {
    return clockNow(guest, subscription.clock) >= subscription.deadlineNs ? event : undefined;
  }
  const { descriptor } = subscription;
  switch (descriptor.kind) {
    case "directory":
      return { ...event, errno: Errno.badf };
    case "file": {
      const left = Number(descriptor.file.stat().sizeBytes) - descriptor.position;
      return { ...event, bytes: type === EventType.fdWrite ? writableBytes : Math.max(0, left) };
    }
    case "listener":
      if (type === EventType.fdWrite) return { ...event, errno: Errno.notconn };
      return descriptor.queue.poll() ? { ...event, bytes: 1 } : undefined;
    case "stream": {
      if (type === EventType.fdWrite) {
        return descriptor.output?.pending === undefined ? { ...event, bytes: writableBytes } : undefined;
      }
      const bytes = descriptor.input?.poll();
      if (bytes === undefined) return undefined;
      return { ...event, bytes, flags: bytes === 0 ? eventHangup : 0 };
    }
  }
}

function putEvents(guest: Guest, events: readonly Event[], eventsPointer: number, resultPointer: number): Errno {
  const { memory } = guest;
  const start = memory.check(eventsPointer, events.length * eventBytes);
  for (const [index, event] of events.entries()) {
    const pointer = start + index * eventBytes;
    memory.fill(pointer, eventBytes, 0);
    memory.setU64(pointer, event.userdata);
    memory.setU16(pointer + 8, event.errno);
    memory.setU8(pointer + 10, event.type);
    memory.setU64(pointer + 16, BigInt(event.bytes));
    memory.setU16(pointer + 24, event.flags);
  }
  memory.setU32(resultPointer, events.length);
  return Errno.success;
}
