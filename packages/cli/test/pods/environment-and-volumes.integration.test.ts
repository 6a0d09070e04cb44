import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { resources } from "@wherry/client";
import { beforeAll, describe, expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const cluster = sharedCluster();
const namespace = "default";

beforeAll(async () => {
  const { client } = cluster();
  const metadata = { name: "settings", namespace };
  await client.create(resources.configMaps, {
    metadata,
    data: { color: "blue", shape: "round", "file.conf": "a=1\n" },
  });
  await client.create(resources.secrets, { metadata, stringData: { password: "hunter2", user: "admin" } });
});

/** What the guest printed, once the pod has succeeded. */
async function outputOf(name: string): Promise<string> {
  await cluster().observer.untilPhase(name, "Succeeded");
  return cluster().log(name);
}

describe.concurrent("a container's environment", () => {
  test("has values, references and what they expand to, and nothing of the kubelet's own", async () => {
    const fieldRef = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } });
    await cluster().createPod("env", {
      args: ["environment"],
      resources: { limits: { memory: "64Mi" } },
      env: [
        { name: "PLAIN", value: "text with spaces" },
        { name: "EXPANDED", value: "$(PLAIN)! $$(PLAIN) $(UNKNOWN) $(LATER)" },
        { name: "LATER", value: "x" },
        { name: "COLOR", valueFrom: { configMapKeyRef: { name: "settings", key: "color" } } },
        { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "settings", key: "password" } } },
        { name: "ABSENT", valueFrom: { secretKeyRef: { name: "settings", key: "nothing", optional: true } } },
        { name: "POD", ...fieldRef("metadata.name") },
        { name: "NAMESPACE", ...fieldRef("metadata.namespace") },
        { name: "LABEL", ...fieldRef("metadata.labels['app']") },
        { name: "NODE", ...fieldRef("spec.nodeName") },
        { name: "ACCOUNT", ...fieldRef("spec.serviceAccountName") },
        { name: "UID", ...fieldRef("metadata.uid") },
        { name: "HOST", ...fieldRef("status.hostIP") },
        { name: "MEMORY", valueFrom: { resourceFieldRef: { resource: "limits.memory", divisor: "1Mi" } } },
      ],
    });
    const pod = await cluster().observer.untilPhase("env", "Succeeded");
    const lines = (await cluster().log("env")).trimEnd().split("\n");
    const services = lines.filter((line) => line.startsWith("KUBERNETES_"));
    expect(lines.filter((line) => !services.includes(line)).toSorted()).toEqual(
      [
        "PLAIN=text with spaces",
        "EXPANDED=text with spaces! $(PLAIN) $(UNKNOWN) $(LATER)",
        "LATER=x",
        "COLOR=blue",
        "PASSWORD=hunter2",
        "POD=env",
        "NAMESPACE=default",
        "LABEL=",
        "NODE=node-1",
        "ACCOUNT=default",
        `UID=${pod.metadata?.uid}`,
        `HOST=${pod.status?.hostIP}`,
        "MEMORY=64",
      ].toSorted(),
    );
  });

  test("takes whole config maps and secrets, with a prefix", async () => {
    await cluster().createPod("env-from", {
      args: ["env", "color", "env", "S_user", "env", "shape"],
      envFrom: [
        { configMapRef: { name: "settings" } },
        { prefix: "S_", secretRef: { name: "settings" } },
        { configMapRef: { name: "no-such", optional: true } },
      ],
    });
    expect(await outputOf("env-from")).toBe("blue\nadmin\nround\n");
  });

  test("gives command and arguments with variables expanded", async () => {
    await cluster().createPod("args", {
      command: ["program", "arguments"],
      args: ["print", "$(GREETING) world", "print", "$$(GREETING)"],
      env: [{ name: "GREETING", value: "hello" }],
    });
    expect(await outputOf("args")).toBe(
      "program\narguments\nprint\nhello world\nprint\n$(GREETING)\nhello world\n$(GREETING)\n",
    );
  });
});

describe.concurrent("a pod's volumes", () => {
  test("an emptyDir is shared by the containers of a pod, and by no other pod", async () => {
    const volumes = [{ name: "shared", emptyDir: {} }];
    const volumeMounts = [{ name: "shared", mountPath: "/shared" }];
    await cluster().createPod(
      "shared",
      [
        {
          name: "writer",
          // A file is there before it has been written.
          args: ["await", "/shared/go", "write", "/shared/data", "from the writer\n", "write", "/shared/written", ""],
          volumeMounts,
        },
        {
          name: "reader",
          args: ["write", "/shared/go", "", "await", "/shared/written", "cat", "/shared/data"],
          volumeMounts,
        },
      ],
      { volumes },
    );
    await cluster().observer.untilPhase("shared", "Succeeded");
    expect(await cluster().log("shared", { container: "reader" })).toBe("from the writer\n");
    await cluster().createPod("alone", { args: ["list", "/shared"], volumeMounts }, { volumes });
    expect(await outputOf("alone")).toBe("");
  });

  test("config maps and secrets are files, whole or by items", async () => {
    await cluster().createPod(
      "files",
      {
        args: ["list", "/config", "cat", "/config/file.conf", "list", "/secret", "cat", "/secret/nested/pw"],
        volumeMounts: [
          { name: "config", mountPath: "/config" },
          { name: "secret", mountPath: "/secret", readOnly: true },
        ],
      },
      {
        volumes: [
          { name: "config", configMap: { name: "settings" } },
          { name: "secret", secret: { secretName: "settings", items: [{ key: "password", path: "nested/pw" }] } },
        ],
      },
    );
    expect(await outputOf("files")).toMatch(/^(\.\.\S+\n)*color\nfile\.conf\nshape\na=1\n(\.\.\S+\n)*nested\nhunter2$/);
  });

  test("a host path is the node's own directory", async () => {
    const path = join(cluster().directory, "host-path");
    await mkdir(path);
    await writeFile(join(path, "from-host"), "host\n");
    await cluster().createPod(
      "host-path",
      {
        args: ["cat", "/host/from-host", "write", "/host/from-guest", "guest\n"],
        volumeMounts: [{ name: "host", mountPath: "/host" }],
      },
      { volumes: [{ name: "host", hostPath: { path, type: "Directory" } }] },
    );
    expect(await outputOf("host-path")).toBe("host\n");
    expect(await readFile(join(path, "from-guest"), "utf8")).toBe("guest\n");
  });

  test("a host path is not for a container that asks for another user than the node's, other volumes are", async () => {
    const runAsUser = (process.getuid?.() ?? 0) + 1;
    const { observer } = cluster();
    const volumes = [
      { name: "host", hostPath: { path: cluster().directory } },
      { name: "own", emptyDir: {} },
    ];
    const mounting = (name: string) => ({ args: ["list", "/v"], volumeMounts: [{ name, mountPath: "/v" }] });
    await cluster().createPod("user-host", mounting("host"), { volumes, securityContext: { runAsUser } });
    await cluster().createPod("user-own", mounting("own"), {
      volumes,
      securityContext: { runAsUser, runAsNonRoot: true },
    });
    await observer.untilEvent(
      "user-host",
      "Failed",
      new RegExp(`runAsUser ${runAsUser} and mounts hostPath volume "host"`),
    );
    await observer.until(
      "user-host",
      "a refusal",
      ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === "CreateContainerConfigError",
    );
    await observer.untilPhase("user-own", "Succeeded");
  });

  test("a sub path mounts a part of a volume, be it a directory or one file", async () => {
    await cluster().createPod(
      "sub-path",
      [
        {
          name: "writer",
          args: ["write", "/part/file", "deep\n", "write", "/part/written", "", "await", "/part/done"],
          volumeMounts: [{ name: "all", mountPath: "/part", subPath: "inner/part" }],
        },
        {
          name: "reader",
          args: [
            "await",
            "/all/inner/part/written",
            "cat",
            "/all/inner/part/file",
            "cat",
            "/etc/app.conf",
            "write",
            "/all/inner/part/done",
            "",
          ],
          volumeMounts: [
            { name: "all", mountPath: "/all" },
            { name: "config", mountPath: "/etc/app.conf", subPath: "file.conf" },
          ],
        },
      ],
      {
        volumes: [
          { name: "all", emptyDir: {} },
          { name: "config", configMap: { name: "settings" } },
        ],
      },
    );
    await cluster().observer.untilPhase("sub-path", "Succeeded");
    expect(await cluster().log("sub-path", { container: "reader" })).toBe("deep\na=1\n");
  });

  test.each([
    ["up", "../../../../../../../../../../etc"],
    ["to-a-file", "../../../../../../../../../../etc/hostname"],
  ])(
    "a link that another container made and that leads out of the volume (%s) is no sub path",
    async (name, target) => {
      const pod = `sub-path-${name}`;
      await cluster().createPod(
        pod,
        { args: ["list", "/part"], volumeMounts: [{ name: "all", mountPath: "/part", subPath: "part" }] },
        {
          volumes: [{ name: "all", emptyDir: {} }],
          initContainers: [
            {
              name: "maker",
              image: cluster().kit,
              args: ["relink", "/all/part", target],
              volumeMounts: [{ name: "all", mountPath: "/all" }],
            },
          ],
        },
      );
      const refused = await cluster().observer.until(
        pod,
        "a refusal",
        ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === "CreateContainerConfigError",
      );
      expect(refused.status?.initContainerStatuses?.[0]?.state?.terminated?.exitCode).toBe(0);
      expect(refused.status?.containerStatuses?.[0]?.state?.waiting?.message).toContain("leads outside of the volume");
      expect(refused.status?.containerStatuses?.[0]?.restartCount).toBe(0);
    },
  );

  test("a projected volume has token, namespace, config map and secret side by side", async () => {
    await cluster().createPod(
      "projected",
      {
        args: [
          "cat",
          "/all/token",
          "print",
          "",
          "cat",
          "/all/namespace",
          "print",
          "",
          "cat",
          "/all/color",
          "print",
          "",
        ],
        volumeMounts: [{ name: "all", mountPath: "/all" }],
      },
      {
        volumes: [
          {
            name: "all",
            projected: {
              sources: [
                { serviceAccountToken: { path: "token", audience: "https://example.com", expirationSeconds: 600 } },
                { downwardAPI: { items: [{ path: "namespace", fieldRef: { fieldPath: "metadata.namespace" } }] } },
                { configMap: { name: "settings", items: [{ key: "color", path: "color" }] } },
                { secret: { name: "settings", items: [{ key: "user", path: "user" }] } },
              ],
            },
          },
        ],
      },
    );
    const [token, namespaceText, color] = (await outputOf("projected")).split("\n");
    const claims = JSON.parse(Buffer.from(token?.split(".")[1] ?? "", "base64url").toString()) as {
      aud: string[];
      "kubernetes.io": { pod: { name: string; uid: string } };
    };
    expect(claims.aud).toEqual(["https://example.com"]);
    expect(claims["kubernetes.io"].pod).toMatchObject({ name: "projected" });
    expect([namespaceText, color]).toEqual(["default", "blue"]);
  });

  test("the service account's files are where every client looks for them", async () => {
    const root = "/var/run/secrets/kubernetes.io/serviceaccount";
    await cluster().createPod("account", ["cat", `${root}/namespace`, "print", "", "cat", `${root}/ca.crt`]);
    expect(await outputOf("account")).toMatch(/^default\n-----BEGIN CERTIFICATE-----\n/);
  });

  test("a read-only mount cannot be written, and says so to the guest", async () => {
    await cluster().createPod(
      "read-only",
      { args: ["write", "/data/file", "x"], volumeMounts: [{ name: "data", mountPath: "/data", readOnly: true }] },
      { volumes: [{ name: "data", emptyDir: {} }] },
    );
    await cluster().observer.untilPhase("read-only", "Failed");
    expect(await cluster().log("read-only")).toBe("/data/file: errno 69\n");
  });

  test("a config map's change reaches the running guest", async () => {
    const { client, observer } = cluster();
    const metadata = { name: "changing", namespace };
    await client.create(resources.configMaps, { metadata, data: { now: "before\n" } });
    await cluster().createPod(
      "update",
      {
        args: ["cat", "/config/now", "await", "/config/later", "cat", "/config/now"],
        volumeMounts: [{ name: "config", mountPath: "/config" }],
      },
      { volumes: [{ name: "config", configMap: { name: "changing" } }] },
    );
    await observer.untilPhase("update", "Running");
    for await (const line of cluster().logLines("update", { follow: true })) if (line === "before") break;
    await client.replace(resources.configMaps, { metadata, data: { now: "after\n", later: "" } });
    await observer.untilPhase("update", "Succeeded");
    expect(await cluster().log("update")).toBe("before\nafter\n");
  });
});
