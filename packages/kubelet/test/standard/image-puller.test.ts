import { FakeClock } from "@wherry/base";
import { RuntimeError } from "@wherry/runtime";
import { FakeImages, FaultInjector, failing, resolvedReference } from "@wherry/testkit";
import { beforeEach, describe, expect, test } from "vitest";
import type { EventContent } from "../../src/ports/event-recorder.ts";
import { BackOffTable } from "../../src/standard/back-off-table.ts";
import { ImagePuller, type ImageRequest } from "../../src/standard/image-puller.ts";

describe("ImagePuller", () => {
  let clock: FakeClock;
  let injector: FaultInjector;
  let images: FakeImages;
  let events: EventContent[];

  beforeEach(() => {
    clock = new FakeClock();
    injector = new FaultInjector(clock);
    images = new FakeImages(injector);
    events = [];
  });

  const puller = (maxParallelPulls = 5) => new ImagePuller({ images, clock, maxParallelPulls });

  function request(image: string, more: Partial<ImageRequest> = {}): ImageRequest {
    return {
      image,
      pullPolicy: "IfNotPresent",
      runtimeHandler: "",
      backOff: new BackOffTable({ initialMs: 10_000, maxMs: 300_000 }),
      failures: new Map(),
      credentials: async () => [],
      event: (content) => void events.push(content),
      fieldPath: "spec.containers{main}",
      signal: new AbortController().signal,
      ...more,
    };
  }

  const pulls = () => injector.calls.filter(({ verb }) => verb === "pullImage").length;

  test("ensure() pulls what is missing and answers the resolved reference", async () => {
    expect(await puller().ensure(request("app:v1"))).toEqual({ kind: "present", ref: resolvedReference("app:v1") });
    expect(events).toEqual([
      { type: "Normal", reason: "Pulling", message: 'Pulling image "app:v1"', fieldPath: "spec.containers{main}" },
      {
        type: "Normal",
        reason: "Pulled",
        message: 'Successfully pulled image "app:v1" in 0ms (0ms including waiting). Image size: 1000 bytes.',
        fieldPath: "spec.containers{main}",
      },
    ]);
  });

  test("ensure() never asks for credentials for what is present", async () => {
    images.present.add("app:v1");
    const credentials = () => Promise.reject(new Error("asked"));
    expect((await puller().ensure(request("app:v1", { credentials }))).kind).toBe("present");
    expect(pulls()).toBe(0);
  });

  test("ensure() tries credentials in sequence", async () => {
    images.protectedBy.set("app:v1", { username: "ann", password: "right" });
    const wrong = { username: "ann", password: "wrong" };
    const right = { username: "ann", password: "right" };
    const both = request("app:v1", { credentials: async () => [wrong, right] });
    expect((await puller().ensure(both)).kind).toBe("present");
    expect(pulls()).toBe(2);
    images.present.clear();
    const failed = await puller().ensure(request("app:v1", { credentials: async () => [wrong] }));
    expect(failed).toMatchObject({ kind: "waiting", reason: "ErrImagePull" });
    expect(JSON.stringify([failed, events])).not.toContain("wrong");
  });

  test("ensure() pulls only so many at a time, and does not pull again what another pod pulled meanwhile", async () => {
    injector.plan = ({ verb }) => (verb === "pullImage" ? { kind: "delay", delayMs: 1000 } : undefined);
    const limited = puller(1);
    const done = Promise.all([
      limited.ensure(request("app:v1")),
      limited.ensure(request("app:v1")),
      limited.ensure(request("other:v1")),
    ]);
    await clock.advance(999);
    expect(pulls()).toBe(1);
    await clock.advance(2000);
    expect((await done).map(({ kind }) => kind)).toEqual(["present", "present", "present"]);
    expect(pulls()).toBe(2);
  });

  test.each([
    [
      new RuntimeError("RegistryUnavailable", "connection refused"),
      "RegistryUnavailable",
      "image pull failed for app:v1 because the registry is unavailable: connection refused",
    ],
    [
      new RuntimeError("SignatureValidationFailed", "not signed"),
      "SignatureValidationFailed",
      "image pull failed for app:v1 because the signature validation failed: not signed",
    ],
    [new Error("digest mismatch"), "ErrImagePull", "digest mismatch"],
  ])("ensure() shows %s as %s, and why while it backs off (which it once forgot)", async (error, reason, message) => {
    injector.plan = failing("pullImage", 1, { error });
    const again = request("app:v1");
    expect(await puller().ensure(again)).toMatchObject({ reason, message });
    expect(await puller().ensure(again)).toMatchObject({
      reason: "ImagePullBackOff",
      message: `Back-off pulling image "app:v1": ${reason}: ${message}`,
      retryAtMs: clock.now() + 10_000,
    });
    expect(events.map(({ type, reason: event, message: text }) => `${type} ${event} ${text}`)).toEqual([
      'Normal Pulling Pulling image "app:v1"',
      `Warning Failed Failed to pull image "app:v1": ${error.message}`,
      'Normal BackOff Back-off pulling image "app:v1"',
    ]);
  });

  test("ensure() forgets the back-off of an image once it was pulled", async () => {
    injector.plan = failing("pullImage", 1);
    const again = request("app:v1");
    await puller().ensure(again);
    await clock.advance(10_000);
    expect((await puller().ensure(again)).kind).toBe("present");
    expect(again.backOff.delayMs("app:v1")).toBe(0);
  });

  test("ensure() shows an image that cannot be looked at", async () => {
    injector.plan = failing("imageStatus", 1, { error: new Error("store is locked") });
    expect(await puller().ensure(request("app:v1"))).toMatchObject({
      reason: "ImageInspectError",
      message: 'Failed to inspect image "app:v1": store is locked',
    });
  });

  test("ensure() rejects when aborted, and counts no failure", async () => {
    injector.plan = () => ({ kind: "delay", delayMs: 1001 });
    const abort = new AbortController();
    const aborted = request("app:v1", { signal: abort.signal });
    const done = puller().ensure(aborted);
    abort.abort(new Error("deleted"));
    await expect(done).rejects.toThrow("deleted");
    expect(events).toEqual([]);
  });
});
