import { FakeClock, silentLogger } from "@wherry/base";
import { type ContainerStatus, type ContainerSummary, type Image, RuntimeError } from "@wherry/runtime";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ImageGarbageCollector, type ImageGarbagePolicy } from "../../src/images/image-garbage-collector.ts";
import type { EventContent } from "../../src/ports/event-recorder.ts";

const minuteMs = 60_000;
const standard: ImageGarbagePolicy = {
  highThresholdPercent: 85,
  lowThresholdPercent: 80,
  minimumAgeMs: 2 * minuteMs,
  maximumAgeMs: 0,
};

describe("ImageGarbageCollector", () => {
  let clock: FakeClock;
  let images: Map<string, Image>;
  let containers: string[];
  /** References of the images that containers mount. */
  let mounted: Map<string, string[]>;
  /** Containers that are removed as soon as they were listed. */
  let vanishing: Set<string>;
  let removed: string[];
  let events: EventContent[];
  let refusal: Error | undefined;
  let listFailure: Error | undefined;
  let capacityBytes: number;
  /** What else is on the disk. */
  let otherBytes: number;
  /** What was there at each round when records of images that are gone were to go. */
  let pruned: string[][];
  let abort: AbortController;
  let running: Promise<void>;

  beforeEach(() => {
    clock = new FakeClock();
    [images, containers, removed, events] = [new Map(), [], [], []];
    pruned = [];
    [mounted, vanishing] = [new Map(), new Set()];
    [refusal, listFailure, capacityBytes, otherBytes] = [undefined, undefined, 1000, 0];
    abort = new AbortController();
  });

  afterEach(async () => {
    abort.abort();
    await running;
  });

  function add(name: string, sizeBytes: number, pinned = false): void {
    images.set(name, { id: name, repoTags: [`${name}:v1`], repoDigests: [`${name}@sha256:1`], sizeBytes, pinned });
  }

  function start(policy: Partial<ImageGarbagePolicy> = {}): void {
    const collector = new ImageGarbageCollector({
      runtime: {
        images: {
          listImages: async () => [...images.values()],
          imageStatus: async ({ image }) => {
            const found = [...images.values()].find(({ repoDigests }) => repoDigests.includes(image));
            return found && { ...found, ref: image };
          },
          removeImage: async ({ image }) => {
            if (refusal !== undefined) throw refusal;
            images.delete(image);
            removed.push(image);
          },
          imageFilesystemUsage: async () => [{ mountpoint: "/content", usedBytes: 0, inodesUsed: 0 }],
        },
        listContainers: async () => {
          if (listFailure !== undefined) throw listFailure;
          return containers.map((name) => ({ id: name, imageRef: `${name}@sha256:1` }) as ContainerSummary);
        },
        containerStatus: async (id) => {
          if (vanishing.has(id)) throw new RuntimeError("NotFound", `No container "${id}"`);
          const mounts = [{ hostPath: "/x" }, ...(mounted.get(id) ?? []).map((image) => ({ image: { image } }))];
          return { mounts } as unknown as ContainerStatus;
        },
      },
      policy: { ...standard, ...policy },
      access: { prune: async () => void pruned.push([...images.keys()]) },
      nodeName: "n",
      events: { event: (_, content) => void events.push(content) },
      clock,
      logger: silentLogger,
      filesystemSpace: async (mountpoint) => {
        expect(mountpoint).toBe("/content");
        const used = [...images.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, otherBytes);
        return { capacityBytes, availableBytes: capacityBytes - used };
      },
    });
    running = collector.run(abort.signal);
  }

  test("removes nothing below the high threshold", async () => {
    add("a", 840);
    start();
    await clock.advance(60 * minuteMs);
    expect(removed).toEqual([]);
    add("b", 10);
    await clock.advance(60 * minuteMs);
    expect(removed).toEqual(["a"]);
  });

  test("removes what is remembered of images that are gone after each round, of which the first look is none", async () => {
    for (const name of ["a", "b"]) add(name, 100);
    start();
    await clock.advance(0);
    expect(pruned).toEqual([]);
    await clock.advance(5 * minuteMs);
    expect(pruned).toEqual([["a", "b"]]);
    // As full as it gets, and too little can go: what went is forgotten all the same.
    otherBytes = 900;
    await clock.advance(5 * minuteMs);
    expect(pruned.at(-1)).toEqual([]);
  });

  test("removes what was not used for longest, down to the low threshold, and never what a container uses", async () => {
    for (const name of ["used", "late", "early", "never", "pinned"]) add(name, 100, name === "pinned");
    containers = ["used", "late", "early"];
    start();
    await clock.advance(5 * minuteMs);
    containers = ["used", "late"];
    await clock.advance(5 * minuteMs);
    containers = ["used"];
    await clock.advance(5 * minuteMs);
    // 900 of 1000 are used; 100 have to go, and then 150 more.
    otherBytes = 400;
    await clock.advance(5 * minuteMs);
    expect(removed).toEqual(["never"]);
    otherBytes = 550;
    await clock.advance(5 * minuteMs);
    expect(removed).toEqual(["never", "early", "late"]);
    expect(events).toEqual([]);
    otherBytes = 900;
    await clock.advance(5 * minuteMs);
    expect([...images.keys()]).toEqual(["used", "pinned"]);
    expect(events).toEqual([
      {
        type: "Warning",
        reason: "FreeDiskSpaceFailed",
        message:
          "Failed to garbage collect required amount of images. Attempted to free 300 bytes, but only found 0 bytes eligible to free.",
      },
    ]);
  });

  test("spares images that a container mounts, until it is gone", async () => {
    for (const name of ["app", "data", "other"]) add(name, 300);
    containers = ["app", "gone"];
    mounted.set("app", ["data@sha256:1"]);
    vanishing.add("gone");
    start({ lowThresholdPercent: 40 });
    await clock.advance(10 * minuteMs);
    expect(removed).toEqual(["other"]);
    containers = [];
    otherBytes = 350;
    await clock.advance(5 * minuteMs);
    expect(new Set(removed)).toEqual(new Set(["other", "app", "data"]));
  });

  test("spares images that came less than the minimum age ago", async () => {
    start({ minimumAgeMs: 8 * minuteMs });
    await clock.advance(5 * minuteMs - 1);
    add("new", 900);
    await clock.advance(5 * minuteMs);
    expect(removed).toEqual([]);
    await clock.advance(10 * minuteMs);
    expect(removed).toEqual(["new"]);
  });

  test("removes images that were unused for the maximum age, however much room there is", async () => {
    for (const name of ["used", "before"]) add(name, 1);
    containers = ["used"];
    start({ maximumAgeMs: 12 * minuteMs });
    await clock.advance(10 * minuteMs);
    add("pulled", 1);
    // An image that was there before may have been used until this kubelet started.
    expect(removed).toEqual([]);
    await clock.advance(5 * minuteMs);
    expect(removed).toEqual(["before"]);
    containers = [];
    await clock.advance(15 * minuteMs);
    expect(removed.toSorted()).toEqual(["before", "pulled", "used"]);
  });

  test("removes nothing while it does not know what is used, and reports what fails twice in a row", async () => {
    add("a", 900);
    start();
    await clock.advance(0);
    listFailure = new Error("runtime is away");
    await clock.advance(5 * minuteMs);
    expect(events).toEqual([]);
    await clock.advance(5 * minuteMs);
    expect(removed).toEqual([]);
    expect(events).toMatchObject([{ type: "Warning", reason: "ImageGCFailed", message: "runtime is away" }]);
    listFailure = undefined;
    await clock.advance(5 * minuteMs);
    expect(removed).toEqual(["a"]);
  });

  test("goes on with the next where one image cannot be removed, and says which", async () => {
    add("a", 900);
    start();
    refusal = new Error("it is busy");
    await clock.advance(10 * minuteMs);
    expect(events.map(({ reason }) => reason)).toEqual(["FreeDiskSpaceFailed", "FreeDiskSpaceFailed", "ImageGCFailed"]);
    expect(events[2]?.message).toContain('Cannot remove image "a:v1, a@sha256:1": it is busy');
  });

  test("says so when the file system has no size", async () => {
    capacityBytes = 0;
    start();
    await clock.advance(10 * minuteMs);
    expect(events.map(({ reason }) => reason)).toEqual(["InvalidDiskCapacity", "InvalidDiskCapacity", "ImageGCFailed"]);
  });

  test("never looks where nothing can ever go", async () => {
    listFailure = new Error("it was asked");
    start({ highThresholdPercent: 100 });
    await clock.advance(60 * minuteMs);
    expect(events).toEqual([]);
  });
});
