import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createLogger, FakeClock, type LogEntry } from "@wherry/base";
import { type ImageSpec, type ImageStatus, RuntimeError } from "@wherry/runtime";
import { beforeEach, describe, expect, test } from "vitest";
import { createImageAccess, type ImageAccess } from "../../src/images/image-access.ts";
import type { CredentialSource, PullCredential } from "../../src/images/pull-credential.ts";
import { openPullRecords } from "../../src/images/pull-records.ts";
import type { VerificationPolicy } from "../../src/images/verification-policy.ts";
import { MetricsRegistry } from "../../src/server/metrics/metrics-registry.ts";
import { temporaryDirectory } from "../volumes/temporary-directory.ts";

const image = "registry.test/app:v1";
const imageId = "sha256:1";
const ofSecret = (name: string, password = "right", more: Partial<CredentialSource> = {}): PullCredential => ({
  username: "user",
  password,
  source: { kind: "Secret", uid: `uid-${name}`, namespace: "ns", name, ...more },
});
const notAsked = () => Promise.reject(new Error("asked for credentials"));

describe("ImageAccess", () => {
  let root: string;
  let clock: FakeClock;
  let log: LogEntry[];
  let metrics: MetricsRegistry;
  /** IDs of what is there, by name. */
  let present: Map<string, string>;
  let access: ImageAccess;

  beforeEach(async () => {
    root = await temporaryDirectory();
    [clock, log] = [new FakeClock(), []];
    present = new Map([[image, imageId]]);
    access = await open();
  });

  /** The next life of the kubelet. */
  async function open(policy: VerificationPolicy["policy"] = "NeverVerifyPreloadedImages"): Promise<ImageAccess> {
    metrics = new MetricsRegistry();
    const logger = createLogger((entry) => void log.push(entry));
    const records = await openPullRecords(root, logger);
    return createImageAccess({ records, policy: { policy, allowlist: [] }, metrics, clock, logger });
  }

  const images = {
    imageStatus: async ({ image: name }: ImageSpec): Promise<ImageStatus | undefined> => {
      const id = present.get(name) ?? [...present.values()].find((one) => one === name);
      return id === undefined ? undefined : ({ id } as ImageStatus);
    },
  };
  const pull = (credential?: PullCredential, name = image, of: ImageAccess = access) =>
    of.recordPull(name, async () => ({ imageId, credential }));
  const mayUse = (...credentials: PullCredential[]) => access.mayUse(image, imageId, async () => credentials);
  const files = async (directory: string) => (await readdir(join(root, "image_manager", directory))).length;
  const record = async () => {
    const directory = join(root, "image_manager/pulled");
    const [name = ""] = await readdir(directory);
    return JSON.parse(await readFile(join(directory, name), "utf8")) as {
      lastUpdatedTime: string;
      credentialMapping: Record<string, { kubernetesSecrets?: { name: string }[]; nodePodsAccessible?: boolean }>;
    };
  };

  test("mayUse() lets every pod have an image that was there before, without asking for credentials", async () => {
    expect(await access.mayUse(image, imageId, notAsked)).toBe(true);
    access = await open("AlwaysVerify");
    expect(await access.mayUse(image, imageId, notAsked)).toBe(false);
  });

  test("an image pulled with a secret is for pods with that secret or its credentials, in the next life too", async () => {
    await pull(ofSecret("a"));
    for (let life = 0; life < 2; life++) {
      expect(await mayUse()).toBe(false);
      expect(await mayUse({ username: "user", password: "right" })).toBe(false);
      expect(await mayUse(ofSecret("c", "wrong"))).toBe(false);
      expect(await mayUse(ofSecret("a"))).toBe(true);
      expect(await mayUse(ofSecret("b"))).toBe(true);
      access = await open();
    }
    expect((await record()).credentialMapping["registry.test/app"]?.kubernetesSecrets?.map(({ name }) => name)).toEqual(
      ["a", "b"],
    );
    expect(await files("pulling")).toBe(0);
  });

  test("a secret that was rotated still opens the image, and so do then its new credentials elsewhere", async () => {
    await pull(ofSecret("a", "old"));
    expect(await mayUse(ofSecret("c", "new"))).toBe(false);
    expect(await mayUse(ofSecret("a", "new"))).toBe(true);
    expect(await mayUse(ofSecret("c", "new"))).toBe(true);
    expect(await mayUse(ofSecret("d", "old"))).toBe(false);
  });

  test("a pull without credentials, or with such of the node, opens the image to all", async () => {
    await pull(ofSecret("a"));
    await clock.advance(60_000);
    await pull({ username: "node" });
    expect(await access.mayUse(image, imageId, notAsked)).toBe(true);
    const { lastUpdatedTime, credentialMapping } = await record();
    expect(credentialMapping).toEqual({ "registry.test/app": { nodePodsAccessible: true } });
    expect(lastUpdatedTime).toBe(new Date(clock.now()).toISOString().replace(/\.\d+Z$/, "Z"));
  });

  test("an image pulled with a service account's token is for pods of that account", async () => {
    const ofAccount = (uid: string): PullCredential => ({
      username: "token",
      password: uid,
      source: { kind: "ServiceAccount", uid, namespace: "ns", name: "builder" },
    });
    await pull(ofAccount("1"));
    expect(await mayUse({ ...ofAccount("1"), password: "another token" })).toBe(true);
    expect(await mayUse(ofAccount("2"))).toBe(false);
  });

  test("the same image by another repository is for whoever may pull it from there", async () => {
    await pull(ofSecret("a"));
    const other = "mirror.test/app:v1";
    expect(await access.mayUse(other, imageId, notAsked)).toBe(false);
    // By its ID a pod does not get at it either.
    expect(await access.mayUse(`sha256:${"1".repeat(64)}`, imageId, notAsked)).toBe(false);
    expect(
      await access.mayUse(`registry.test/app@sha256:${"1".repeat(64)}`, imageId, async () => [ofSecret("a")]),
    ).toBe(true);
    await pull(undefined, other);
    expect(await access.mayUse(other, imageId, notAsked)).toBe(true);
    expect(await mayUse()).toBe(false);
  });

  test("an image is not preloaded while it is pulled, nor after a crash in the middle of the pull", async () => {
    const [begun, running] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const pulled = access.recordPull(image, async () => {
      begun.resolve();
      await running.promise;
      return { imageId, credential: ofSecret("a") };
    });
    await begun.promise;
    expect(await mayUse(ofSecret("a"))).toBe(false);
    // The next life, as if this one had ended here.
    const next = await open();
    expect(await next.mayUse(image, imageId, notAsked)).toBe(false);
    await next.recover(images);
    expect(await files("pulling")).toBe(0);
    // Now by any name.
    expect(await next.mayUse("registry.test/app:v2", imageId, notAsked)).toBe(false);
    expect((await record()).credentialMapping).toEqual({});
    running.resolve();
    await pulled;
    expect(await mayUse(ofSecret("a"))).toBe(true);
  });

  test("recover() leaves intents of images that are not there, and fails with the runtime", async () => {
    await writeIntent("gone.test/app:v1");
    access = await open();
    await access.recover(images);
    expect(await files("pulling")).toBe(1);
    const failing = { imageStatus: () => Promise.reject(new Error("no answer")) };
    await expect(access.recover(failing)).rejects.toThrow("no answer");
  });

  async function writeIntent(name: string): Promise<void> {
    await (
      await openPullRecords(
        root,
        createLogger(() => undefined),
      )
    ).writeIntent(name);
  }

  test("of pulls of one name at the same time the last to end takes the intent away", async () => {
    const [begun, first, second] = [1, 2, 3].map(() => Promise.withResolvers<void>());
    const one = access.recordPull(image, () => first!.promise.then(() => ({ imageId, credential: ofSecret("a") })));
    const two = access.recordPull(image, async () => {
      begun!.resolve();
      await second!.promise;
      throw new Error("401");
    });
    await begun!.promise;
    first!.resolve();
    await one;
    expect(await files("pulling")).toBe(1);
    second!.resolve();
    await expect(two).rejects.toThrow("401");
    expect(await files("pulling")).toBe(0);
    expect(await mayUse(ofSecret("a"))).toBe(true);
    expect(await mayUse(ofSecret("b", "other"))).toBe(false);
  });

  test("a pull that cannot be put on record is one all the same: the image is no preloaded one", async () => {
    const directory = join(root, "image_manager/pulled");
    await rm(directory, { recursive: true });
    await writeFile(directory, "");
    expect(await pull(ofSecret("a"))).toMatchObject({ imageId });
    expect(log.map(({ level, message }) => [level, message])).toContainEqual(["error", "Cannot record a pull"]);
    await rm(directory);
    await mkdir(directory);
    expect(await mayUse(ofSecret("a"))).toBe(false);
    expect(JSON.stringify(log)).not.toContain("right");
  });

  test("an image that could not be looked at after its pull is no preloaded one", async () => {
    await access.recordPull(image, async () => ({ imageId: undefined, credential: undefined }));
    expect(await access.mayUse(image, imageId, notAsked)).toBe(false);
    access = await open();
    expect(await access.mayUse(image, imageId, notAsked)).toBe(false);
  });

  test("a pull that is put on record ends what one before it had to leave open", async () => {
    const noImage = { imageId: undefined, credential: undefined };
    await access.recordPull(image, async () => noImage);
    const failing = access.recordPull(image, () => Promise.reject(new Error("401")));
    await expect(failing).rejects.toThrow("401");
    expect(await files("pulling"), "after a failure").toBe(0);
    const [begun, first] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const one = access.recordPull(image, async () => {
      begun.resolve();
      await first.promise;
      throw new Error("401");
    });
    await begun.promise;
    await access.recordPull(image, async () => noImage);
    first.resolve();
    await expect(one).rejects.toThrow("401");
    expect(await files("pulling"), "beside a failure").toBe(1);
    await access.recordPull(image, async () => ({ imageId, credential: ofSecret("a") }));
    expect(await files("pulling"), "after a record").toBe(0);
    expect(await mayUse(ofSecret("a"))).toBe(true);
  });

  test("recover() passes over a name that the runtime does not take", async () => {
    await writeIntent("odd.test/app:v1");
    await writeIntent(image);
    access = await open();
    await access.recover({
      imageStatus: (spec) =>
        spec.image === image
          ? images.imageStatus(spec)
          : Promise.reject(new RuntimeError("InvalidArgument", `Cannot parse "${spec.image}"`)),
    });
    expect(await files("pulling")).toBe(1);
  });

  test("recordPull() does not pull where the disk takes no intent", async () => {
    const directory = join(root, "image_manager/pulling");
    await rm(directory, { recursive: true });
    await expect(access.recordPull(image, () => Promise.reject(new Error("was pulled")))).rejects.toMatchObject({
      code: "RecordUnwritable",
      message: expect.stringMatching(
        /^Failed to record image pull intent for container image "registry\.test\/app:v1": /,
      ),
    });
  });

  test("mayUse() refuses where the record cannot be read, whatever the policy; a pull puts it right", async () => {
    await pull(ofSecret("a"));
    const directory = join(root, "image_manager/pulled");
    const [name = ""] = await readdir(directory);
    await writeFile(join(directory, name), "{");
    access = await open("NeverVerify");
    expect(await access.mayUse(image, imageId, notAsked)).toBe(false);
    access = await open();
    expect(await mayUse(ofSecret("a"))).toBe(false);
    await pull(ofSecret("a"));
    expect(await mayUse(ofSecret("a"))).toBe(true);
  });

  test("mayUse() rejects with what the credentials reject with", async () => {
    await pull(ofSecret("a"));
    await expect(access.mayUse(image, imageId, notAsked)).rejects.toThrow("asked for credentials");
  });

  test("prune() removes records of images that are gone, and no others", async () => {
    await pull(ofSecret("a"));
    await access.recordPull("gone.test/app:v1", async () => ({ imageId: "sha256:2", credential: undefined }));
    expect(await files("pulled")).toBe(2);
    await access.prune(images);
    expect(await files("pulled")).toBe(1);
    expect(await mayUse()).toBe(false);
    await access.prune({ imageStatus: () => Promise.reject(new Error("no answer")) });
    expect(log.map(({ message }) => message)).toContain("Cannot remove records of images that are gone");
    expect(await files("pulled")).toBe(1);
    present.clear();
    await access.prune(images);
    expect(await files("pulled")).toBe(0);
  });

  test("checks are counted by their results, as upstream's are", async () => {
    await mayUse();
    await pull(ofSecret("a"));
    await mayUse();
    await mayUse(ofSecret("a"));
    await access.mayUse("registry.test/none:v1", imageId, notAsked);
    const lines = metrics.render().split("\n");
    const checks = lines.filter((line) => line.startsWith("kubelet_imagemanager_image_mustpull_checks_total"));
    expect(checks.sort()).toEqual([
      'kubelet_imagemanager_image_mustpull_checks_total{result="credentialPolicyAllowed"} 1',
      'kubelet_imagemanager_image_mustpull_checks_total{result="credentialRecordFound"} 1',
      'kubelet_imagemanager_image_mustpull_checks_total{result="mustAuthenticate"} 2',
    ]);
  });
});
