// Behaviours of upstream's NodeConformance suite that no other file of this directory shows; docs/conformance.md has them all.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { resources } from "@wherry/client";
import { parseQuantity, quantityValue } from "@wherry/kubernetes";
import { eventually, workloadKit } from "@wherry/testkit";
import { describe, expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const cluster = sharedCluster();
const namespace = "default";
const fieldRef = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
const resourceRef = (name: string, resource: string, divisor?: string) => ({
  name,
  valueFrom: { resourceFieldRef: { resource, ...(divisor !== undefined && { divisor }) } },
});

/** What the guest printed, once the pod has succeeded. */
async function outputOf(name: string): Promise<string> {
  await cluster().observer.untilPhase(name, "Succeeded");
  return cluster().log(name);
}

/** The node's allocatable CPU in cores and memory in bytes, rounded up as the kubelet rounds. */
function allocatable(): { readonly cpu: string; readonly memory: string } {
  const { cpu = "", memory = "" } = cluster().observer.node("node-1")?.status?.allocatable ?? {};
  return { cpu: String(quantityValue(parseQuantity(cpu))), memory: String(quantityValue(parseQuantity(memory))) };
}

describe.concurrent("the environment", () => {
  test("Downward API environment: limits, requests, the node's allocatable, addresses", async () => {
    const names = ["CPU_LIMIT", "CPU_REQUEST", "MEMORY_LIMIT", "MEMORY_REQUEST"];
    const env = [
      resourceRef("CPU_LIMIT", "limits.cpu", "1m"),
      resourceRef("CPU_REQUEST", "requests.cpu", "1m"),
      resourceRef("MEMORY_LIMIT", "limits.memory"),
      resourceRef("MEMORY_REQUEST", "requests.memory"),
    ];
    const print = (list: readonly string[]) => list.flatMap((name) => ["env", name]);
    await cluster().createPod("limits", {
      args: [...print(names), ...print(["HOST_IPS", "POD_IP"])],
      env: [...env, fieldRef("HOST_IPS", "status.hostIPs"), fieldRef("POD_IP", "status.podIP")],
      resources: { limits: { cpu: "1250m", memory: "64Mi" }, requests: { cpu: "250m", memory: "32Mi" } },
    });
    await cluster().createPod("no-limits", {
      args: print(["CPU_LIMIT", "MEMORY_LIMIT"]),
      env: [resourceRef("CPU_LIMIT", "limits.cpu"), resourceRef("MEMORY_LIMIT", "limits.memory")],
    });
    const output = await outputOf("limits");
    const status = cluster().observer.pod("limits")?.status;
    const hostIps = status?.hostIPs?.map(({ ip }) => ip).join(",");
    expect(output).toBe(`1250\n250\n67108864\n33554432\n${hostIps}\n${status?.podIP}\n`);
    const { cpu, memory } = allocatable();
    expect(await outputOf("no-limits")).toBe(`${cpu}\n${memory}\n`);
  });

  test("Pods should contain environment variables for services", async () => {
    const { client, observer } = cluster();
    const ip = "10.0.0.77";
    await client.create(resources.services, {
      metadata: { name: "fooservice", namespace },
      spec: { clusterIP: ip, ports: [{ port: 8765, targetPort: 8080 }] },
    });
    // The kubelet follows services by a watch of its own: a pod made at once may come before it knows this one.
    const variables = [
      `FOOSERVICE_SERVICE_HOST=${ip}`,
      "FOOSERVICE_SERVICE_PORT=8765",
      `FOOSERVICE_PORT=tcp://${ip}:8765`,
      `FOOSERVICE_PORT_8765_TCP=tcp://${ip}:8765`,
      "FOOSERVICE_PORT_8765_TCP_PROTO=tcp",
      "FOOSERVICE_PORT_8765_TCP_PORT=8765",
      `FOOSERVICE_PORT_8765_TCP_ADDR=${ip}`,
    ];
    for (let attempt = 0; ; attempt++) {
      const name = `service-${attempt}`;
      await cluster().createPod(name, ["environment"]);
      await observer.untilPhase(name, "Succeeded");
      const seen = (await cluster().log(name)).split("\n").filter((line) => line.startsWith("FOOSERVICE_"));
      if (seen.length === 0 && attempt < 20) continue;
      expect(seen.toSorted()).toEqual(variables.toSorted());
      return;
    }
  });
});

describe.concurrent("volumes", () => {
  test("the same config map and secret may be in several volumes, and binary data is kept", async () => {
    const { client } = cluster();
    const metadata = { name: "several", namespace };
    const bytes = Buffer.from([0x00, 0xff, 0xfe, 0x0a]);
    await client.create(resources.configMaps, {
      metadata,
      data: { text: "text\n" },
      binaryData: { bytes: bytes.toString("base64") },
    });
    await client.create(resources.secrets, { metadata, stringData: { text: "secret\n" } });
    const sources = ["map-1", "map-2", "secret-1", "secret-2", "both-1", "both-2"];
    await cluster().createPod(
      "several",
      {
        args: [
          ...sources.flatMap((name) => ["cat", `/${name}/text`]),
          ...["map-1", "both-1"].flatMap((name) => ["cat", `/${name}/bytes`]),
        ],
        volumeMounts: sources.map((name) => ({ name, mountPath: `/${name}` })),
      },
      {
        volumes: sources.map((name) => {
          if (name.startsWith("map")) return { name, configMap: { name: "several" } };
          if (name.startsWith("secret")) return { name, secret: { secretName: "several" } };
          return {
            name,
            projected: {
              sources: [
                { configMap: { name: "several" } },
                { secret: { name: "several", items: [{ key: "text", path: "secret-text" }] } },
              ],
            },
          };
        }),
      },
    );
    await cluster().observer.untilPhase("several", "Succeeded");
    const log = await cluster().client.raw("GET", `/api/v1/namespaces/${namespace}/pods/several/log`);
    const text = Buffer.from("text\ntext\nsecret\nsecret\ntext\ntext\n");
    expect(log.body).toEqual(Buffer.concat([text, bytes, bytes]));
  });

  test("a secret of the same name in another namespace is another secret", async () => {
    const { client } = cluster();
    await client.create(resources.namespaces, { metadata: { name: "elsewhere" } });
    for (const [place, text] of [
      ["elsewhere", "wrong"],
      [namespace, "right"],
    ] as const)
      await client.create(resources.secrets, {
        metadata: { name: "homonym", namespace: place },
        stringData: { text },
      });
    await cluster().createPod(
      "homonym",
      { args: ["cat", "/secret/text"], volumeMounts: [{ name: "secret", mountPath: "/secret" }] },
      { volumes: [{ name: "secret", secret: { secretName: "homonym" } }] },
    );
    expect(await outputOf("homonym")).toBe("right");
  });

  test("downward API volumes show name, limits and requests, and follow labels and annotations", async () => {
    const { client, observer } = cluster();
    const items = [
      { path: "name", fieldRef: { fieldPath: "metadata.name" } },
      { path: "labels", fieldRef: { fieldPath: "metadata.labels" } },
      { path: "later", fieldRef: { fieldPath: "metadata.annotations['later']" } },
      ...["limits.cpu", "requests.cpu", "limits.memory", "requests.memory"].map((resource) => ({
        path: resource,
        resourceFieldRef: { containerName: "main", resource, divisor: resource.endsWith("cpu") ? "1m" : "1Mi" },
      })),
    ];
    const fixed = ["name", "limits.cpu", "requests.cpu", "limits.memory", "requests.memory"];
    const places = ["plain", "projected"];
    const line = (path: string) => ["cat", path, "print", ""];
    await cluster().createPod(
      "downward",
      {
        args: [
          ...places.flatMap((place) => fixed.flatMap((file) => line(`/${place}/${file}`))),
          "print",
          "waiting",
          "await",
          "/state/go",
          ...places.flatMap((place) => ["labels", "later"].flatMap((file) => line(`/${place}/${file}`))),
        ],
        resources: { limits: { cpu: "1250m", memory: "64Mi" }, requests: { cpu: "250m", memory: "32Mi" } },
        volumeMounts: [...places, "state"].map((name) => ({ name, mountPath: `/${name}` })),
      },
      {
        volumes: [
          { name: "plain", downwardAPI: { items } },
          { name: "projected", projected: { sources: [{ downwardAPI: { items } }] } },
          { name: "state", emptyDir: {} },
        ],
      },
    );
    const pod = await observer.untilPhase("downward", "Running");
    for await (const text of cluster().logLines("downward", { follow: true })) if (text === "waiting") break;
    const patch = { metadata: { labels: { color: "green" }, annotations: { later: "now" } } };
    await client.patch(resources.pods, "downward", patch, { type: "merge", namespace });
    const { node } = cluster();
    for (const volume of ["kubernetes.io~downward-api/plain", "kubernetes.io~projected/projected"]) {
      const later = join(node.volumePath(pod, volume), "later");
      await eventually(`the new annotation in ${later}`, async () => (await readFile(later, "utf8")) === "now");
    }
    await writeFile(join(node.volumePath(pod, "kubernetes.io~empty-dir/state"), "go"), "");
    const values = "downward\n1250\n250\n64\n32\n";
    const changed = 'color="green"\nnow\n';
    expect(await outputOf("downward")).toBe(`${values}${values}waiting\n${changed}${changed}`);
  });

  test("downward API volumes show the node's allocatable where there is no limit", async () => {
    const items = ["limits.cpu", "limits.memory"].map((resource) => ({
      path: resource,
      resourceFieldRef: { containerName: "main", resource },
    }));
    const files = ["/plain/limits.cpu", "/plain/limits.memory", "/projected/limits.cpu", "/projected/limits.memory"];
    await cluster().createPod(
      "allocatable",
      {
        args: files.flatMap((file) => ["cat", file, "print", ""]),
        volumeMounts: ["plain", "projected"].map((name) => ({ name, mountPath: `/${name}` })),
      },
      {
        volumes: [
          { name: "plain", downwardAPI: { items } },
          { name: "projected", projected: { sources: [{ downwardAPI: { items } }] } },
        ],
      },
    );
    const { cpu, memory } = allocatable();
    expect(await outputOf("allocatable")).toBe(`${cpu}\n${memory}\n${cpu}\n${memory}\n`);
  });

  test("optional updates should be reflected in volume: of config maps, secrets and projections", async () => {
    const { client, observer } = cluster();
    const name = (action: string) => ({ name: `optional-${action}`, namespace });
    for (const action of ["updated", "deleted"]) {
      await client.create(resources.configMaps, { metadata: name(action), data: { text: "before" } });
      await client.create(resources.secrets, { metadata: name(action), stringData: { text: "before" } });
    }
    const actions = ["created", "updated", "deleted"];
    const volumes = actions.flatMap((action) => {
      const reference = { name: `optional-${action}`, optional: true };
      const sources = [
        { configMap: reference },
        { secret: { ...reference, items: [{ key: "text", path: "secret" }] } },
      ];
      return [
        { name: `map-${action}`, configMap: reference },
        { name: `secret-${action}`, secret: { secretName: reference.name, optional: true } },
        { name: `both-${action}`, projected: { sources } },
      ];
    });
    const volumeMounts = volumes.map((volume) => ({ name: volume.name, mountPath: `/${volume.name}` }));
    await cluster().createPod("optional", { args: ["hold"], volumeMounts }, { volumes });
    const pod = await observer.untilPhase("optional", "Running");
    await client.create(resources.configMaps, { metadata: name("created"), data: { text: "after" } });
    await client.create(resources.secrets, { metadata: name("created"), stringData: { text: "after" } });
    await client.replace(resources.configMaps, { metadata: name("updated"), data: { text: "after" } });
    await client.replace(resources.secrets, { metadata: name("updated"), stringData: { text: "after" } });
    await client.delete(resources.configMaps, "optional-deleted", { namespace });
    await client.delete(resources.secrets, "optional-deleted", { namespace });
    const text = (action: string) => (action === "deleted" ? undefined : "after");
    for (const action of actions)
      for (const [volume, file] of [
        [`kubernetes.io~configmap/map-${action}`, "text"],
        [`kubernetes.io~secret/secret-${action}`, "text"],
        [`kubernetes.io~projected/both-${action}`, "text"],
        [`kubernetes.io~projected/both-${action}`, "secret"],
      ] as const) {
        const path = join(cluster().node.volumePath(pod, volume), file);
        const read = () => readFile(path, "utf8").catch(() => undefined);
        await eventually(`${path} being ${text(action)}`, async () => (await read()) === text(action));
      }
    await cluster().deletePod("optional", 0);
  });
});

describe.concurrent("the life of a pod", () => {
  test("Pods should allow activeDeadlineSeconds to be updated", async () => {
    const { client, observer } = cluster();
    await cluster().createPod("new-deadline", ["hold"], { restartPolicy: "Always" });
    await observer.untilPhase("new-deadline", "Running");
    const patch = { spec: { activeDeadlineSeconds: 1 } };
    await client.patch(resources.pods, "new-deadline", patch, { type: "merge", namespace });
    const pod = await observer.untilPhase("new-deadline", "Failed");
    expect(pod.status?.reason).toBe("DeadlineExceeded");
  });

  test("termination messages with FallbackToLogsOnError: empty on success, the file's where there is one", async () => {
    const policy = { terminationMessagePolicy: "FallbackToLogsOnError" };
    await cluster().createPod("no-message", { ...policy, args: ["print", "not this"] });
    await cluster().createPod("file-message", {
      ...policy,
      args: ["print", "not this", "write", "/dev/termination-log", "this"],
    });
    for (const [name, message] of [
      ["no-message", undefined],
      ["file-message", "this"],
    ] as const) {
      const pod = await cluster().observer.untilPhase(name, "Succeeded");
      expect(pod.status?.containerStatuses?.[0]?.state?.terminated?.message).toBe(message);
    }
  });

  test("InitContainer should invoke init containers on a RestartAlways pod", async () => {
    const { kit, observer } = cluster();
    const initContainers = ["one", "two"].map((name) => ({ name, image: kit, args: ["exit", "0"] }));
    await cluster().createPod("init-always", ["hold"], { initContainers, restartPolicy: "Always" });
    const pod = await observer.untilPhase("init-always", "Running");
    const ended = pod.status?.initContainerStatuses?.map(({ ready, state }) => [ready, state?.terminated?.exitCode]);
    expect(ended).toEqual([
      [true, 0],
      [true, 0],
    ]);
    expect(pod.status?.conditions?.find(({ type }) => type === "Initialized")?.status).toBe("True");
    await cluster().deletePod("init-always", 0);
  });

  test("InitContainer should not start app containers if init containers fail on a RestartAlways pod", async () => {
    const { kit, observer } = cluster();
    const initContainers = [
      { name: "fails", image: kit, args: ["exit", "1"] },
      { name: "never", image: kit, args: ["exit", "0"] },
    ];
    await cluster().createPod("init-fails-always", ["hold"], { initContainers, restartPolicy: "Always" });
    const pod = await observer.until("init-fails-always", "three restarts", ({ status }) => {
      return (status?.initContainerStatuses?.[0]?.restartCount ?? 0) >= 3;
    });
    expect(pod.status?.phase).toBe("Pending");
    expect(pod.status?.initContainerStatuses?.[1]?.state?.waiting?.reason).toBe("PodInitializing");
    expect(pod.status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe("PodInitializing");
    await cluster().deletePod("init-fails-always", 0);
  });

  test("RuntimeClass should schedule a Pod requesting a RuntimeClass and initialize its Overhead", async () => {
    const { client, observer } = cluster();
    const podFixed = { cpu: "10m", memory: "8Mi" };
    const metadata = { name: "with-overhead" };
    await client.create(resources.runtimeClasses, { metadata, handler: "wherry", overhead: { podFixed } });
    const pod = await cluster().createPod("overhead", ["exit", "0"], { runtimeClassName: "with-overhead" });
    expect(pod.spec?.overhead).toEqual(podFixed);
    await observer.untilPhase("overhead", "Succeeded");
  });

  test("Sysctls should reject invalid sysctls", async () => {
    const sysctls = ["foo-", "kernel.shmmax", "bar.."].map((name) => ({ name, value: "100000000" }));
    const created = cluster().createPod("sysctls", ["exit", "0"], { securityContext: { sysctls } });
    const message = await created.then(String, (error: unknown) => (error as Error).message);
    for (const [index, name] of [[0, "foo-"] as const, [2, "bar.."] as const])
      expect(message).toContain(`spec.securityContext.sysctls[${index}].name: Invalid value: "${name}"`);
    expect(message).not.toContain("sysctls[1]");
  });

  test("Containers use the image's entry point and arguments, and what overrides them", async () => {
    const { registry } = cluster();
    registry.addImage(
      "defaults",
      "v1",
      await readFile(await workloadKit()),
      {
        layer: "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm",
        config: "application/vnd.oci.image.config.v1+json",
      },
      {
        architecture: "wasm",
        os: "wasip1",
        config: { Entrypoint: ["kit.wasm", "print", "entry"], Cmd: ["print", "default"] },
      },
    );
    const image = `${registry.host}/defaults:v1`;
    await cluster().createPod("image-defaults", { image });
    await cluster().createPod("own-args", { image, args: ["print", "own"] });
    await cluster().createPod("own-command", { image, command: ["kit.wasm", "print", "command"] });
    await cluster().createPod("own-both", { image, command: ["kit.wasm", "print", "command"], args: ["print", "own"] });
    expect(await outputOf("image-defaults")).toBe("entry\ndefault\n");
    expect(await outputOf("own-args")).toBe("entry\nown\n");
    expect(await outputOf("own-command")).toBe("command\n");
    expect(await outputOf("own-both")).toBe("command\nown\n");
  });
});
