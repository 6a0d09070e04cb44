import { FakeClock, silentLogger } from "@wherry/base";
import { RuntimeError } from "@wherry/runtime";
import { FakeImages, FaultInjector, failing, resolvedReference } from "@wherry/testkit";
import { beforeEach, describe, expect, test } from "vitest";
import { createImageAccess, type ImageAccess } from "../../src/images/image-access.ts";
import type { PullCredential } from "../../src/images/pull-credential.ts";
import { openPullRecords } from "../../src/images/pull-records.ts";
import type { EventContent } from "../../src/ports/event-recorder.ts";
import { MetricsRegistry } from "../../src/server/metrics/metrics-registry.ts";
import { BackOffTable } from "../../src/standard/back-off-table.ts";
import { ImagePuller, type ImageRequest } from "../../src/standard/image-puller.ts";
import { temporaryDirectory } from "../volumes/temporary-directory.ts";

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

  const puller = (maxParallelPulls = 5, access?: ImageAccess) =>
    new ImagePuller({ images, clock, maxParallelPulls, access });

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

  test("ensure() waits no longer when the wall clock is set back", async () => {
    injector.plan = failing("pullImage", 1);
    const again = request("app:v1");
    await puller().ensure(again);
    clock.stepWall(-3_600_000);
    await clock.advance(10_000);
    expect((await puller().ensure(again)).kind).toBe("present");
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

  describe("with access by credentials", () => {
    const login = { username: "ann", password: "right" };
    const ofSecret = (name: string, auth = login): PullCredential => ({
      ...auth,
      source: { kind: "Secret", uid: `uid-${name}`, namespace: "ns", name },
    });
    let access: ImageAccess;

    beforeEach(async () => {
      access = createImageAccess({
        records: await openPullRecords(await temporaryDirectory(), silentLogger),
        policy: { policy: "NeverVerifyPreloadedImages", allowlist: [] },
        metrics: new MetricsRegistry(),
        clock,
        logger: silentLogger,
      });
      images.protectedBy.set("app:v1", login);
    });

    /** How it went, with the events as `reason message`. */
    async function ensure(credentials: readonly PullCredential[], more: Partial<ImageRequest> = {}) {
      events.length = 0;
      const outcome = await puller(5, access).ensure(
        request("app:v1", { credentials: async () => credentials, ...more }),
      );
      return {
        how: outcome.kind === "present" ? "present" : outcome.reason,
        message: outcome.kind === "present" ? "" : outcome.message,
        events: events.map(({ reason, message }) => `${reason} ${message}`),
      };
    }
    const used = ['Pulled Container image "app:v1" already present on machine and can be accessed by the pod'];
    const refused = 'Cannot pull image "app:v1": registry answered 401';

    test("what a secret pulled is for pods with it or its credentials; others have to pull, and cannot", async () => {
      expect(await ensure([ofSecret("a")])).toMatchObject({ how: "present" });
      expect(pulls()).toBe(1);
      for (const credentials of [[ofSecret("a")], [ofSecret("b")]])
        expect(await ensure(credentials)).toMatchObject({ how: "present", events: used });
      expect(pulls()).toBe(1);
      for (const credentials of [[], [ofSecret("c", { ...login, password: "wrong" })]])
        expect(await ensure(credentials)).toEqual({
          how: "ErrImagePull",
          message: refused,
          events: ['Pulling Pulling image "app:v1"', `Failed Failed to pull image "app:v1": ${refused}`],
        });
      expect(images.present.has("app:v1")).toBe(true);
    });

    test("policy Never says of what the pod may not use what it says of what is not there", async () => {
      await ensure([ofSecret("a")]);
      const message = 'Container image "app:v1" is not present with pull policy of Never';
      const absent = { how: "ErrImageNeverPull", message, events: [`ErrImageNeverPull ${message}`] };
      expect(await ensure([], { pullPolicy: "Never" })).toEqual(absent);
      expect(await ensure([ofSecret("a")], { pullPolicy: "Never" })).toMatchObject({ how: "present", events: used });
      images.present.clear();
      expect(await ensure([], { pullPolicy: "Never" })).toEqual(absent);
      expect(pulls()).toBe(1);
    });

    test("a pod that can pull what it may not use yet pulls it, and may then use it", async () => {
      await ensure([ofSecret("a")]);
      images.protectedBy.clear();
      expect((await ensure([])).events[0]).toBe('Pulling Pulling image "app:v1"');
      expect(pulls()).toBe(2);
      expect(await ensure([])).toMatchObject({ how: "present", events: used });
    });

    test("policy Always pulls for each pod, and puts on record what that shows", async () => {
      await ensure([ofSecret("a")], { pullPolicy: "Always" });
      const renewed = { ...login, password: "renewed" };
      images.protectedBy.set("app:v1", renewed);
      await ensure([ofSecret("c", renewed)], { pullPolicy: "Always" });
      expect(pulls()).toBe(2);
      for (const credentials of [[ofSecret("a")], [ofSecret("c", renewed)]])
        expect(await ensure(credentials)).toMatchObject({ how: "present", events: used });
    });

    test("of several credentials those that were good are on record; equal ones are tried once", async () => {
      const wrong = { ...login, password: "wrong" };
      await ensure([ofSecret("x", wrong), ofSecret("y", wrong), ofSecret("a")]);
      expect(pulls()).toBe(2);
      expect((await ensure([ofSecret("x", wrong)])).how).toBe("ErrImagePull");
      expect((await ensure([ofSecret("a")])).how).toBe("present");
    });

    test("a pod that waited while another pulled is not let in for that", async () => {
      injector.plan = ({ verb }) => (verb === "pullImage" ? { kind: "delay", delayMs: 1000 } : undefined);
      const limited = puller(1, access);
      const first = limited.ensure(request("app:v1", { credentials: async () => [ofSecret("a")] }));
      const friend = limited.ensure(request("app:v1", { credentials: async () => [ofSecret("b")] }));
      const stranger = limited.ensure(request("app:v1"));
      const all = Promise.all([first, friend, stranger]);
      let ended = false;
      all.finally(() => (ended = true)).catch(() => undefined);
      // Records are on a real disk.
      for (let turn = 0; turn < 100_000 && !ended; turn++) {
        await clock.advance(100);
        await new Promise(setImmediate);
      }
      expect((await all).map(({ kind }) => kind)).toEqual(["present", "present", "waiting"]);
      expect(pulls()).toBe(2);
    });

    test("credentials that cannot be had are asked for once, and shown as the pull's failure", async () => {
      await ensure([ofSecret("a")]);
      let asked = 0;
      const credentials = () => {
        asked++;
        return Promise.reject(new Error("no credentials today"));
      };
      expect(await ensure([], { credentials })).toMatchObject({
        how: "ErrImagePull",
        message: "no credentials today",
      });
      expect(asked).toBe(1);
      expect(await ensure([], { credentials, pullPolicy: "Never" })).toMatchObject({ how: "ErrImageNeverPull" });
    });
  });
});
