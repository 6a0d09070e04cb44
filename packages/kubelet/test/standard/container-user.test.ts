import type { PodSecurityContext, SecurityContext } from "@wherry/kubernetes";
import { describe, expect, onTestFinished, test } from "vitest";
import { checkContainerUser, type NodeUser } from "../../src/standard/container-user.ts";
import { KubeletHarness, podOf } from "../support/kubelet-harness.ts";

const root: NodeUser = { uid: 0, gid: 0, groups: [0] };
const user: NodeUser = { uid: 1000, gid: 1000, groups: [1000, 44] };

interface Asked {
  readonly pod?: PodSecurityContext;
  readonly container?: SecurityContext;
  /** Which volume of the pod the container mounts. @default "host" */
  readonly mounts?: "host" | "own" | "none";
}

function podWith({ pod = {}, container = {}, mounts = "host" }: Asked) {
  const volumeMounts = mounts === "none" ? [] : [{ name: mounts, mountPath: "/v", readOnly: true }];
  const volumes = [
    { name: "own", emptyDir: {} },
    { name: "host", hostPath: { path: "/srv" } },
  ];
  return podOf("web", { securityContext: pod, volumes }, { securityContext: container, volumeMounts });
}

function problem(asked: Asked, node: NodeUser | undefined): string | undefined {
  const pod = podWith(asked);
  try {
    for (const container of pod.spec?.containers ?? []) checkContainerUser(pod, container, node);
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ code: "ConfigError" });
    return (error as Error).message;
  }
}

const who = '(pod: "web_default(uid-web)", container: main)';
const met = (asked: string, as: string) =>
  `container has ${asked} and mounts hostPath volume "host", whose files it would meet as ${as} of the node ${who}`;

describe("checkContainerUser()", () => {
  test.each<[string, Asked, NodeUser | undefined]>([
    ["nothing asked for", {}, root],
    ["nothing asked for on a node of unknown user", {}, undefined],
    ["another user without a hostPath volume", { pod: { runAsUser: 1000, runAsNonRoot: true }, mounts: "own" }, root],
    ["another group without any volume", { container: { runAsGroup: 7 }, mounts: "none" }, undefined],
    ["no root, without a hostPath volume", { container: { runAsNonRoot: true }, mounts: "own" }, root],
    ["no root, where the node is none", { pod: { runAsNonRoot: true } }, user],
    ["root, where the node is root", { pod: { runAsUser: 0, runAsGroup: 0 } }, root],
    ["any group, where the node is root", { pod: { supplementalGroups: [44], fsGroup: 7 } }, root],
    ["the node's user and groups", { pod: { runAsUser: 1000, runAsGroup: 1000, supplementalGroups: [44] } }, user],
    ["the node's user, over the pod's", { pod: { runAsUser: 5 }, container: { runAsUser: 1000 } }, user],
  ])("takes %s", (_, asked, node) => {
    expect(problem(asked, node)).toBeUndefined();
  });

  test.each<[string, Asked, NodeUser | undefined, string]>([
    [
      "no root, where the node is root",
      { pod: { runAsNonRoot: true } },
      root,
      `container has runAsNonRoot and image will run as root ${who}`,
    ],
    [
      "no root, where the node's user is unknown",
      { container: { runAsNonRoot: true } },
      undefined,
      `container has runAsNonRoot and image will run as root ${who}`,
    ],
    [
      "root and no root at once, whatever it mounts",
      { pod: { runAsUser: 0 }, container: { runAsNonRoot: true }, mounts: "none" },
      user,
      `container's runAsUser breaks non-root policy ${who}`,
    ],
    ["another user", { pod: { runAsUser: 1000, runAsNonRoot: true } }, root, met("runAsUser 1000", "user 0")],
    [
      "another user over the pod's",
      { pod: { runAsUser: 0 }, container: { runAsUser: 7 } },
      root,
      met("runAsUser 7", "user 0"),
    ],
    ["root, where the node is not", { pod: { runAsUser: 0 } }, user, met("runAsUser 0", "user 1000")],
    ["another group", { container: { runAsGroup: 7 } }, root, met("runAsGroup 7", "group 0")],
    [
      "a group that the node's user is not in",
      { pod: { supplementalGroups: [44, 45] } },
      user,
      met("supplementalGroups or fsGroup 45", "group 1000"),
    ],
    ["a user of an unknown node", { pod: { runAsUser: 1000 } }, undefined, met("runAsUser 1000", "an unknown user")],
  ])("refuses %s", (_, asked, node, message) => {
    expect(problem(asked, node)).toBe(message);
  });
});

describe("StandardProviderOptions.containerUser", () => {
  test("a container that asks for another user and mounts a hostPath volume waits and says why", async () => {
    const harness = new KubeletHarness({ provider: { containerUser: root } });
    onTestFinished(() => harness.stop());
    harness.start();
    harness.api.create(podWith({ container: { runAsUser: 1000 } }));
    await harness.settle();
    const message = met("runAsUser 1000", "user 0");
    expect(harness.status("web").containerStatuses?.[0]?.state?.waiting).toEqual({
      reason: "CreateContainerConfigError",
      message,
    });
    expect(harness.events.find(({ reason }) => reason === "Failed")?.message).toBe(`Error: ${message}`);
    expect(harness.verbs()).not.toContain("createContainer");
  });

  test("a container that asks for another user and meets no files of the node runs", async () => {
    const harness = new KubeletHarness({ provider: { containerUser: root } });
    onTestFinished(() => harness.stop());
    harness.start();
    harness.api.create(podWith({ pod: { runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000 }, mounts: "own" }));
    await harness.settle();
    expect(harness.status("web").phase).toBe("Running");
  });
});
