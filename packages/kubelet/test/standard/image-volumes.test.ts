import type { Container, Volume } from "@wherry/kubernetes";
import { failing, resolvedReference } from "@wherry/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ImageAccess } from "../../src/images/image-access.ts";
import { KubeletHarness, podOf } from "../support/kubelet-harness.ts";

const waitingOf = (harness: KubeletHarness, pod: string, index = 0) =>
  harness.status(pod).containerStatuses?.[index]?.state?.waiting;

describe("standard provider, image volumes", () => {
  let harness: KubeletHarness;

  beforeEach(() => {
    harness = new KubeletHarness();
    harness.start();
  });
  afterEach(() => harness.stop());

  const volumeOf = (image: Volume["image"]): Volume => ({ name: "data", image });
  const mounting = (more: Partial<Container> = {}): Partial<Container> => ({
    volumeMounts: [{ name: "data", mountPath: "/data" }],
    ...more,
  });

  async function create(image: Volume["image"], container: Partial<Container> = mounting()): Promise<void> {
    harness.api.create(podOf("web", { volumes: [volumeOf(image)] }, container));
    await harness.settle();
  }

  const events = () =>
    harness.events.map(({ type, reason, message, fieldPath = "" }) => [type, reason, message, fieldPath].join("|"));

  test("the image is pulled before the container's own and mounted by its digest; events are about the pod", async () => {
    await create({ reference: "data:v1", pullPolicy: "IfNotPresent" });
    expect(harness.status("web").phase).toBe("Running");
    expect(harness.runtime.find("web", "main").config.mounts).toContainEqual({
      containerPath: "/data",
      hostPath: "",
      readOnly: true,
      propagation: "private",
      image: { image: resolvedReference("data:v1"), runtimeHandler: "" },
      imageSubPath: undefined,
    });
    expect(events()).toEqual([
      'Normal|Pulling|Pulling image "data:v1"|',
      'Normal|Pulled|Successfully pulled image "data:v1" in 0ms (0ms including waiting). Image size: 1000 bytes.|',
      'Normal|Pulled|Container image "app:v1" already present on machine and can be accessed by the pod|spec.containers{main}',
      "Normal|Created|Container created|spec.containers{main}",
      "Normal|Started|Container started|spec.containers{main}",
    ]);
  });

  test("a pull that fails is shown as the container's reason, backs off, and is over when there is an image", async () => {
    harness.runtime.images.remote = new Set();
    await create({ reference: "data:v1" });
    const message = 'Cannot pull image "data:v1": registry answered 404';
    expect(waitingOf(harness, "web")).toEqual({ reason: "ErrImagePull", message });
    expect(events().slice(-2)).toEqual([
      `Warning|Failed|Failed to pull image "data:v1": ${message}|`,
      "Warning|Failed|Error: ErrImagePull|spec.containers{main}",
    ]);
    await harness.advance(1000);
    expect(waitingOf(harness, "web")).toEqual({
      reason: "ImagePullBackOff",
      message: `Back-off pulling image "data:v1": ErrImagePull: ${message}`,
    });
    expect(harness.status("web").phase).toBe("Pending");
    harness.runtime.images.remote = undefined;
    await harness.advance(10_000);
    expect(harness.status("web").phase).toBe("Running");
  });

  test("an image that is also the container's shares its back-off", async () => {
    harness.runtime.images.present.clear();
    harness.runtime.images.remote = new Set();
    await create({ reference: "app:v1" });
    await harness.advance(1000);
    expect(waitingOf(harness, "web")?.reason).toBe("ImagePullBackOff");
    expect(harness.verbs().filter((verb) => verb === "pullImage")).toHaveLength(1);
  });

  test.each([
    [
      { reference: "data:v1", pullPolicy: "Never" },
      "ErrImageNeverPull",
      'Container image "data:v1" is not present with pull policy of Never',
    ],
    [
      { reference: "No:Such:Name" },
      "InvalidImageName",
      'Failed to apply default image tag "No:Such:Name": couldn\'t parse image name "No:Such:Name": invalid reference format',
    ],
    [
      {},
      "InvalidImageName",
      'Failed to apply default image tag "": couldn\'t parse image name "": invalid reference format',
    ],
  ])("%j waits with %s", async (image, reason, message) => {
    await create(image);
    expect(waitingOf(harness, "web")).toEqual({ reason, message });
    expect(harness.runtime.containers.size).toBe(0);
  });

  test("a directory that is not in the image is a CreateContainerError", async () => {
    const volumeMounts = [{ name: "data", mountPath: "/data", subPath: "missing" }];
    await create({ reference: "data:v1" }, { volumeMounts });
    expect(waitingOf(harness, "web")).toEqual({
      reason: "CreateContainerError",
      message: 'Cannot mount image "data:v1": no directory "missing"',
    });
  });

  test("a volume that no container mounts is pulled too, and holds nobody up", async () => {
    harness.runtime.images.remote = new Set();
    await create({ reference: "data:v1" }, {});
    expect(harness.status("web").phase).toBe("Running");
    expect(events().slice(0, 2)).toEqual([
      'Normal|Pulling|Pulling image "data:v1"|',
      'Warning|Failed|Failed to pull image "data:v1": Cannot pull image "data:v1": registry answered 404|',
    ]);
  });

  test("one that cannot be pulled holds up the containers that mount it, and no others", async () => {
    harness.runtime.images.remote = new Set();
    const other = { name: "other", image: "app:v1", imagePullPolicy: "IfNotPresent" };
    const main = { name: "main", image: "app:v1", imagePullPolicy: "IfNotPresent", ...mounting() };
    harness.api.create(podOf("web", { volumes: [volumeOf({ reference: "data:v1" })], containers: [main, other] }));
    await harness.settle();
    expect(waitingOf(harness, "web", 0)?.reason).toBe("ErrImagePull");
    expect(harness.runtime.find("web", "other").state).toBe("running");
  });

  test("containers that start together share one pull; one that starts again asks by the policy again", async () => {
    const container = (name: string) => ({ name, image: "app:v1", imagePullPolicy: "IfNotPresent", ...mounting() });
    const volumes = [volumeOf({ reference: "data:latest" })];
    harness.api.create(podOf("web", { volumes, containers: [container("one"), container("two")] }));
    await harness.settle();
    const pulls = () => harness.verbs().filter((verb) => verb === "pullImage").length;
    expect(pulls()).toBe(1);
    const { id } = harness.runtime.find("web", "two");
    harness.runtime.exit(id, 1);
    await harness.settle();
    expect(harness.runtime.find("web", "two").id).not.toBe(id);
    expect(pulls()).toBe(2);
  });

  test("a container keeps its mount over a restart of the kubelet, and no image is asked for", async () => {
    await create({ reference: "data:v1" });
    const before = harness.runtime.find("web", "main");
    const calls = harness.runtime.injector.calls.length;
    harness.runtime.injector.plan = failing("pullImage", Number.POSITIVE_INFINITY);
    await harness.restart();
    expect(harness.status("web").phase).toBe("Running");
    expect(harness.runtime.find("web", "main")).toBe(before);
    const verbs = harness.runtime.injector.calls.slice(calls).map(({ verb }) => verb);
    expect(verbs.filter((verb) => /Image$|imageStatus|createContainer/.test(verb))).toEqual([]);
  });

  test("pull secrets are asked for the image's own name", async () => {
    const asked: string[] = [];
    const pullSecrets = {
      pullCredentials: async (_pod: unknown, image: string) => {
        asked.push(image);
        return [{ username: "ann", password: "right" }];
      },
    };
    const own = new KubeletHarness({ provider: { pullSecrets } });
    own.runtime.images.protectedBy.set("private.example/data:v1", { username: "ann", password: "right" });
    own.start();
    own.api.create(podOf("web", { volumes: [volumeOf({ reference: "private.example/data:v1" })] }, mounting()));
    await own.settle();
    expect(own.status("web").phase).toBe("Running");
    expect(asked).toEqual(["private.example/data:v1"]);
    await own.stop();
  });

  test("who may use an image is asked of volumes' images too, after what earlier lives pulled was put on record", async () => {
    const asked: string[] = [];
    const imageAccess: ImageAccess = {
      recover: async () => void asked.push("recover"),
      mayUse: async (image, imageId) => {
        asked.push(`${image} ${imageId === resolvedReference(image).split("@")[1]}`);
        return image !== "data:v1";
      },
      recordPull: async (image, pull) => {
        asked.push(`pull ${image}`);
        return pull();
      },
      prune: async () => undefined,
    };
    const own = new KubeletHarness({ provider: { imageAccess } });
    own.runtime.images.present.add("data:v1");
    own.start();
    own.api.create(podOf("web", { volumes: [volumeOf({ reference: "data:v1", pullPolicy: "Never" })] }, mounting()));
    own.api.create(podOf("other", { volumes: [volumeOf({ reference: "data:v1" })] }, mounting()));
    await own.settle();
    expect(waitingOf(own, "web")).toEqual({
      reason: "ErrImageNeverPull",
      message: 'Container image "data:v1" is not present with pull policy of Never',
    });
    expect(own.status("other").phase).toBe("Running");
    expect(asked[0]).toBe("recover");
    expect(asked.slice(1).sort()).toEqual(["app:v1 true", "data:v1 true", "data:v1 true", "pull data:v1"]);
    await own.stop();
  });
});
