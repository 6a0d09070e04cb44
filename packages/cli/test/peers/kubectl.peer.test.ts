import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { TestCluster } from "@wherry/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { findKubectl, type Kubectl, kubectlOf } from "./kubectl.ts";

const program = findKubectl();
if (program === undefined) console.warn("Skipping kubectl: neither KUBEBUILDER_ASSETS nor WHERRY_KUBECTL is set");

const manifest = join(import.meta.dirname, "../../../../examples/hello/pod.yaml");

describe.skipIf(program === undefined).each(["embedded", "configured"] as const)(
  "kubectl on the %s control plane",
  (plane) => {
    let cluster: TestCluster;
    let kubectl: Kubectl;

    beforeAll(async () => {
      cluster = await TestCluster.start({ plane, flags: ["--standalone-node"] });
      kubectl = kubectlOf(program!, cluster);
    });
    afterAll(() => cluster?.[Symbol.asyncDispose]());
    afterEach(({ task }) => {
      if (task.result?.state === "fail" && cluster !== undefined) console.log(cluster.describeLogs());
    });

    /** The example's manifest with another name, image and arguments. */
    async function helloPod(name: string, args: readonly string[]): Promise<string> {
      const text = await readFile(manifest, "utf8");
      return text
        .replace("name: hello", `name: ${name}`)
        .replace(/image: .*/, `image: ${cluster.kit}\n      args: ${JSON.stringify(args)}`);
    }

    test("apply, wait, get, logs, describe and delete work on the example's pod", async () => {
      const args = ["env", "NODE_NAME", "print", "done"];
      expect(await kubectl(["apply", "-f", "-"], await helloPod("hello", args))).toBe("pod/hello created\n");
      await kubectl(["wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/hello", "--timeout=30s"]);
      expect(await kubectl(["logs", "hello"])).toBe("node-1\ndone\n");
      expect(await kubectl(["get", "pod", "hello"])).toMatch(
        /^NAME +READY +STATUS +RESTARTS +AGE\nhello +0\/1 +Completed +0 +/,
      );
      expect(await kubectl(["get", "pod", "hello", "-o", "wide"])).toContain("node-1");
      const described = await kubectl(["describe", "pod", "hello"]);
      expect(described).toMatch(/Status: +Succeeded/);
      expect(described).toMatch(/Reason: +Completed/);
      for (const reason of ["Scheduled", "Pulled", "Created", "Started"])
        expect(described).toMatch(new RegExp(`Normal +${reason} `));
      expect(await kubectl(["apply", "-f", "-"], await helloPod("hello", args))).toBe("pod/hello unchanged\n");
      expect(await kubectl(["delete", "pod", "hello"])).toMatch(/pod "hello" deleted/);
      await expect(kubectl(["get", "pod", "hello"])).rejects.toThrow('pods "hello" not found');
    });

    test("logs -f ends when the container does", async () => {
      await kubectl(["apply", "-f", "-"], await helloPod("followed", ["print", "one", "sleep", "500", "print", "two"]));
      await kubectl(["wait", "--for=jsonpath={.status.containerStatuses[0].state}", "pod/followed", "--timeout=30s"]);
      await cluster.observer.until("followed", "started", (pod) => pod.status?.phase !== "Pending");
      expect(await kubectl(["logs", "-f", "followed"])).toBe("one\ntwo\n");
      expect(await kubectl(["logs", "followed", "--tail=1", "--timestamps"])).toMatch(/^20\d\d-\S+Z two\n$/);
    });

    test("run, wait for Ready, label, top-level listing and a graceful deletion", async () => {
      await kubectl(["run", "service", `--image=${cluster.kit}`, "--restart=Always", "--", "hold"]);
      await kubectl(["wait", "--for=condition=Ready", "pod/service", "--timeout=30s"]);
      await kubectl(["label", "pod", "service", "tier=front"]);
      expect(await kubectl(["get", "pods", "-l", "tier=front", "-o", "name"])).toBe("pod/service\n");
      expect(await kubectl(["get", "pods", "--no-headers"])).toMatch(/^service +1\/1 +Running +0 /m);
      await kubectl(["delete", "pod", "service", "--grace-period=1", "--wait=true"]);
      expect(await kubectl(["get", "pod", "service", "--ignore-not-found"])).toBe("");
    });

    test("a failing pod and a missing image read as such", async () => {
      await kubectl(["run", "failing", `--image=${cluster.kit}`, "--restart=Never", "--", "exit", "3"]);
      await kubectl(["run", "missing", `--image=${cluster.registry.host}/missing:v1`, "--restart=Never"]);
      await kubectl(["wait", "--for=jsonpath={.status.phase}=Failed", "pod/failing", "--timeout=30s"]);
      await cluster.observer.untilEvent("missing", "BackOff");
      const listing = await kubectl(["get", "pods"]);
      expect(listing).toMatch(/^failing +0\/1 +Error +0 /m);
      expect(listing).toMatch(/^missing +0\/1 +(ImagePullBackOff|ErrImagePull) +0 /m);
      expect(await kubectl(["describe", "pod", "failing"])).toMatch(/Exit Code: +3/);
      expect(await kubectl(["get", "events", "--field-selector=involvedObject.name=missing"])).toMatch(
        /Failed to pull image/,
      );
    });

    test("the node reads as a WebAssembly node", async () => {
      const listing = await kubectl(["get", "nodes", "-o", "wide"]);
      expect(listing).toMatch(/^node-1 +Ready /m);
      expect(listing).toContain("wherry://");
      const described = await kubectl(["describe", "node", "node-1"]);
      expect(described).toContain("kubernetes.io/arch=wasm32-wasi");
      expect(described).toMatch(/Ready +True .* KubeletReady/);
    });

    test("config maps and secrets made by kubectl reach a pod", async () => {
      await kubectl(["create", "configmap", "cm", "--from-literal=color=green"]);
      await kubectl(["create", "secret", "generic", "se", "--from-literal=password=pw"]);
      const pod = (await helloPod("referring", ["env", "color", "env", "password"])).replace(
        /env:\n.*/s,
        "envFrom:\n        - configMapRef: { name: cm }\n        - secretRef: { name: se }\n",
      );
      await kubectl(["apply", "-f", "-"], pod);
      await kubectl(["wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/referring", "--timeout=30s"]);
      expect(await kubectl(["logs", "referring"])).toBe("green\npw\n");
    });
  },
);
