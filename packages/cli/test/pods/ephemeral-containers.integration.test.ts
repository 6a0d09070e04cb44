import { resources } from "@wherry/client";
import type { EphemeralContainer, Pod } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const cluster = sharedCluster();

/** Adds a container to a pod that runs, as `kubectl debug` does. */
function debug(name: string, container: EphemeralContainer): Promise<Pod> {
  const patch = { spec: { ephemeralContainers: [container] } };
  const options = { namespace: "default", type: "strategic", subresource: "ephemeralcontainers" } as const;
  return cluster().client.patch(resources.pods, name, patch, options);
}

const debugState = ({ status }: Pod) => status?.ephemeralContainerStatuses?.[0]?.state;

describe.concurrent("an ephemeral container", () => {
  test("runs once beside the pod's containers, sees its volumes, and has a log", async () => {
    const { observer, kit } = cluster();
    const volumeMounts = [{ name: "data", mountPath: "/data" }];
    const volumes = [{ name: "data", emptyDir: {} }];
    await cluster().createPod("debugged", { args: ["hold"], volumeMounts }, { volumes });
    await observer.untilPhase("debugged", "Running");
    const args = ["write", "/data/note", "seen\n", "cat", "/data/note", "env", "COLOR"];
    const env = [{ name: "COLOR", value: "red" }];
    await debug("debugged", { name: "look", image: kit, args, env, volumeMounts, targetContainerName: "main" });
    const pod = await observer.until("debugged", "an end", (seen) => debugState(seen)?.terminated !== undefined);
    expect(debugState(pod)?.terminated).toMatchObject({ exitCode: 0, reason: "Completed" });
    expect(pod.status?.phase).toBe("Running");
    expect(pod.status?.containerStatuses?.[0]).toMatchObject({ ready: true, restartCount: 0 });
    expect(await cluster().log("debugged", { container: "look" })).toBe("seen\nred\n");
    await cluster().deletePod("debugged");
    await observer.untilGone("debugged");
  });

  test("that cannot start waits with the reason, and the pod goes on", async () => {
    const { observer, registry } = cluster();
    await cluster().createPod("undebuggable", { args: ["hold"] });
    await observer.untilPhase("undebuggable", "Running");
    await debug("undebuggable", { name: "look", image: `${registry.host}/kit:v9` });
    const waiting = (pod: Pod) => debugState(pod)?.waiting?.reason === "ImagePullBackOff";
    const pod = await observer.until("undebuggable", "ImagePullBackOff", waiting);
    expect(pod.status?.phase).toBe("Running");
    const { involvedObject } = await observer.untilEvent("undebuggable", "Failed");
    expect(involvedObject.fieldPath).toBe("spec.ephemeralContainers{look}");
  });
});
