import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findKubectl, Kubectl } from "./kubectl-program.ts";
import { nodeOf, startPlane, type TestPlane } from "./test-plane.ts";

const executable = findKubectl();
if (executable === undefined) {
  console.warn("kubectl tests are skipped: there is no kubectl in KUBEBUILDER_ASSETS or PATH");
}

let plane: TestPlane;
let directory: string;

beforeAll(async () => {
  if (executable === undefined) return;
  directory = mkdtempSync(join(tmpdir(), "wherry-kubectl-"));
  plane = await startPlane();
  const node = nodeOf("n1") as { status: object };
  // A port that nothing listens on: the machine may have a kubelet of its own.
  Object.assign(node.status, { daemonEndpoints: { kubeletEndpoint: { Port: 1 } } });
  await plane.admin.post("/api/v1/nodes", node);
});

afterAll(async () => {
  await plane?.[Symbol.asyncDispose]();
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
});

const program = () => new Kubectl(executable as string, plane.kubeconfigPath, directory);
const kubectl = (...args: string[]) => program().run(...args);
const succeed = (...args: string[]) => program().succeed(...args);

function file(name: string, content: object): string {
  const path = join(directory, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
}

function podFile(name: string, image = "registry.example/app:1"): string {
  return file(`${name}.json`, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: { containers: [{ name: "main", image, ports: [{ containerPort: 80 }] }] },
  });
}

describe.skipIf(executable === undefined)("kubectl", () => {
  test("apply creates, leaves alone, changes, and refuses what is immutable", async () => {
    const path = podFile("applied");
    expect(await succeed("apply", "-f", path)).toBe("pod/applied created");
    expect(await succeed("apply", "-f", path)).toBe("pod/applied unchanged");
    podFile("applied", "registry.example/app:2");
    expect(await succeed("apply", "-f", path)).toBe("pod/applied configured");
    expect(await succeed("get", "pod", "applied", "-o", "jsonpath={.spec.containers[0].image}")).toBe(
      "registry.example/app:2",
    );
    const pod = JSON.parse(await succeed("get", "pod", "applied", "-o", "json"));
    const changed = file("immutable.json", {
      ...pod,
      metadata: { name: "applied" },
      spec: { ...pod.spec, restartPolicy: "Never" },
    });
    const refused = await kubectl("apply", "-f", changed);
    expect(refused.error).toContain(
      'The Pod "applied" is invalid: spec: Forbidden: pod updates may not change fields other than',
    );
  });

  test("apply --server-side meets conflicts", async () => {
    const map = (value: string) =>
      file("ssa.json", { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "ssa" }, data: { k: value } });
    expect(await succeed("apply", "--server-side", "-f", map("1"))).toBe("configmap/ssa serverside-applied");
    await succeed("patch", "configmap", "ssa", "--type=merge", "-p", '{"data":{"k":"2"}}');
    const refused = await kubectl("apply", "--server-side", "-f", map("3"));
    expect(refused.error).toContain('Apply failed with 1 conflict: conflict with "kubectl-patch" using v1: .data.k');
    await succeed("apply", "--server-side", "--force-conflicts", "-f", map("3"));
    expect(await succeed("get", "configmap", "ssa", "-o", "jsonpath={.data.k}")).toBe("3");
  });

  test("apply takes over an object from client-side to server-side apply", async () => {
    const map = (value: string) =>
      file("csa.json", { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "csa" }, data: { k: value } });
    await succeed("apply", "-f", map("1"));
    expect(await succeed("apply", "--server-side", "-f", map("2"))).toBe("configmap/csa serverside-applied");
  });

  test("apply says which field it does not know", async () => {
    const path = file("unknown.json", {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "unknown" },
      spec: { containers: [{ name: "main", image: "x", imagePolicy: "Always" }] },
    });
    const { error } = await kubectl("apply", "-f", path);
    expect(error).toContain('strict decoding error: unknown field "spec.containers[0].imagePolicy"');
    expect((await kubectl("apply", "--validate=warn", "-f", path)).error).toContain(
      'Warning: unknown field "spec.containers[0].imagePolicy"',
    );
  });

  test("create and apply take a List", async () => {
    const list = (value: string) =>
      file("list.json", {
        apiVersion: "v1",
        kind: "List",
        items: ["listed-a", "listed-b"].map((name) => ({
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name },
          data: { value },
        })),
      });
    expect(await succeed("apply", "-f", list("1"))).toBe("configmap/listed-a created\nconfigmap/listed-b created");
    expect(await succeed("apply", "-f", list("2"))).toBe(
      "configmap/listed-a configured\nconfigmap/listed-b configured",
    );
  });

  test("create sends typed objects as protobuf", async () => {
    expect(await succeed("create", "namespace", "made")).toBe("namespace/made created");
    expect(await succeed("create", "configmap", "made", "-n", "made", "--from-literal=a=b")).toBe(
      "configmap/made created",
    );
    expect(await succeed("create", "secret", "generic", "made", "-n", "made", "--from-literal=a=b")).toBe(
      "secret/made created",
    );
    expect(await succeed("create", "serviceaccount", "made", "-n", "made")).toBe("serviceaccount/made created");
    expect(await succeed("create", "service", "clusterip", "made", "-n", "made", "--tcp=80:8080")).toBe(
      "service/made created",
    );
    expect(await succeed("get", "secret", "made", "-n", "made", "-o", "jsonpath={.data.a}")).toBe("Yg==");
    expect(await succeed("get", "service", "made", "-n", "made", "-o", "jsonpath={.spec.ports[0].targetPort}")).toBe(
      "8080",
    );
    expect((await kubectl("create", "namespace", "made")).error).toBe(
      'Error from server (AlreadyExists): namespaces "made" already exists',
    );
    expect(await succeed("delete", "namespace", "made")).toBe('namespace "made" deleted');
  });

  test("get shows the tables everybody knows", async () => {
    await succeed("apply", "-f", podFile("tabled"));
    const wide = (await succeed("get", "pods", "tabled", "-o", "wide")).split("\n");
    expect(wide[0]?.split(/\s{2,}/)).toEqual([
      "NAME",
      "READY",
      "STATUS",
      "RESTARTS",
      "AGE",
      "IP",
      "NODE",
      "NOMINATED NODE",
      "READINESS GATES",
    ]);
    expect(wide[1]?.split(/\s+/).slice(0, 4)).toEqual(["tabled", "0/1", "Pending", "0"]);
    expect(await succeed("get", "nodes")).toMatch(/NAME\s+STATUS\s+ROLES\s+AGE\s+VERSION\nn1\s+Ready\s+<none>/);
    expect(await succeed("get", "ns", "default")).toMatch(/default\s+Active/);
    expect((await kubectl("get", "po", "-l", "none=such")).error).toBe("No resources found in default namespace.");
    expect((await kubectl("get", "pod", "missing")).error).toBe(
      'Error from server (NotFound): pods "missing" not found',
    );
    expect(await succeed("get", "pods", "--field-selector", "spec.nodeName=n1", "-o", "name")).toContain("pod/tabled");
    expect(await succeed("get", "pods", "-A", "--chunk-size=1", "-o", "name")).toContain("pod/tabled");
  });

  test("get -w follows changes", async () => {
    const { env } = program();
    const child = spawn(executable as string, ["get", "configmaps", "-w", "--output-watch-events"], {
      env,
    });
    let seen = "";
    const saw = (text: string) =>
      new Promise<void>((resolve) => {
        const check = () => {
          if (!seen.includes(text)) return;
          child.stdout.off("data", check);
          resolve();
        };
        child.stdout.on("data", check);
        check();
      });
    child.stdout.on("data", (chunk: Buffer) => {
      seen += chunk.toString();
    });
    await saw("kube-root-ca.crt");
    await succeed("create", "configmap", "watched");
    await saw("ADDED      watched");
    await succeed("label", "configmap", "watched", "a=b");
    await saw("MODIFIED   watched");
    await succeed("delete", "configmap", "watched");
    await saw("DELETED    watched");
    child.kill();
  });

  test("label, annotate, patch, edit and replace change an object", async () => {
    await succeed("create", "configmap", "changed", "--from-literal=a=1");
    expect(await succeed("label", "configmap", "changed", "x=y")).toBe("configmap/changed labeled");
    expect(await succeed("annotate", "configmap", "changed", "x=y")).toBe("configmap/changed annotated");
    expect(await succeed("patch", "configmap", "changed", "-p", '{"data":{"b":"2"}}')).toBe(
      "configmap/changed patched",
    );
    expect(
      await succeed("patch", "configmap", "changed", "--type=json", "-p", '[{"op":"remove","path":"/data/a"}]'),
    ).toBe("configmap/changed patched");
    expect((await kubectl("edit", "configmap", "changed")).error).toBe("Edit cancelled, no changes made.");
    const map = JSON.parse(await succeed("get", "configmap", "changed", "-o", "json"));
    expect(map).toMatchObject({ data: { b: "2" }, metadata: { labels: { x: "y" }, annotations: { x: "y" } } });
    expect(await succeed("replace", "-f", file("replace.json", { ...map, data: { c: "3" } }))).toBe(
      "configmap/changed replaced",
    );
    const stale = await kubectl("replace", "-f", file("replace.json", { ...map, data: { c: "4" } }));
    expect(stale.error).toContain(
      "the object has been modified; please apply your changes to the latest version and try again",
    );
  });

  test("wait, describe, events and delete go through a pod's life", async () => {
    await succeed("apply", "-f", podFile("lived"));
    expect(await succeed("wait", "--for=condition=PodScheduled", "pod/lived", "--timeout=30s")).toBe(
      "pod/lived condition met",
    );
    const description = await succeed("describe", "pod", "lived");
    expect(description).toMatch(/Node:\s+n1/);
    expect(description).toContain("Successfully assigned default/lived to n1");
    expect(await succeed("events", "--for", "pod/lived")).toContain("Scheduled");
    expect(await succeed("get", "events", "--field-selector", "involvedObject.name=lived")).toContain("pod/lived");
    await succeed(
      "patch",
      "pod",
      "lived",
      "--subresource=status",
      "--type=merge",
      "-p",
      '{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}',
    );
    expect(await succeed("wait", "--for=condition=Ready", "pod/lived", "--timeout=30s")).toBe(
      "pod/lived condition met",
    );
    expect(await succeed("delete", "pod", "lived", "--wait=false")).toContain('pod "lived" deleted');
    expect(await succeed("get", "pod", "lived", "-o", "jsonpath={.metadata.deletionGracePeriodSeconds}")).toBe("30");
    const forced = await kubectl("delete", "pod", "lived", "--grace-period=0", "--force");
    expect(forced).toMatchObject({ code: 0, out: expect.stringContaining('pod "lived" force deleted') });
    expect((await kubectl("get", "pod", "lived")).code).toBe(1);
  });

  test("run, logs and exec say what is missing", async () => {
    expect(
      await succeed("run", "unplaced", "--image=x", "--overrides", '{"spec":{"nodeSelector":{"no":"where"}}}'),
    ).toBe("pod/unplaced created");
    expect((await kubectl("logs", "nobody")).error).toContain('pods "nobody" not found');
    await succeed("apply", "-f", podFile("silent"));
    expect((await kubectl("logs", "silent")).error).toContain("/containerLogs/default/silent/main");
    expect((await kubectl("exec", "silent", "--", "ls")).error).toContain(
      "pods/exec is not supported by this API server yet",
    );
  });

  test("cordon, drain and taint work on nodes", async () => {
    await plane.admin.post("/api/v1/nodes", nodeOf("spare"));
    expect(await succeed("cordon", "spare")).toBe("node/spare cordoned");
    expect(await succeed("get", "node", "spare")).toContain("Ready,SchedulingDisabled");
    expect(await succeed("taint", "node", "spare", "a=b:NoSchedule")).toBe("node/spare tainted");
    expect((await kubectl("drain", "spare")).out).toContain("node/spare drained");
    expect(await succeed("uncordon", "spare")).toBe("node/spare uncordoned");
    expect(await succeed("delete", "node", "spare")).toBe('node "spare" deleted');
  });

  test("create token, auth whoami and auth can-i know who is who", async () => {
    const token = await succeed("create", "token", "default", "--duration=10m");
    expect(token.split(".")).toHaveLength(3);
    const { out } = await kubectl("auth", "whoami", "--token", token, "-o", "jsonpath={.status.userInfo.username}");
    // The kubeconfig's own token wins where both are given, as in client-go.
    expect(["system:serviceaccount:default:default", "wherry-admin"]).toContain(out);
    expect(await succeed("auth", "can-i", "create", "pods")).toBe("yes");
    expect((await kubectl("create", "token", "nobody")).error).toContain('serviceaccounts "nobody" not found');
  });

  test("api-resources, explain and version read discovery and OpenAPI", async () => {
    expect(await succeed("api-resources")).toMatch(/pods\s+po\s+v1\s+true\s+Pod/);
    expect(await succeed("explain", "pod.spec.containers.image")).toContain("FIELD: image <string>");
    expect(await succeed("version")).toContain("Server Version: v1.36.0");
    expect(await succeed("get", "--raw", "/readyz")).toBe("ok");
  });

  test("diff and dry runs store nothing", async () => {
    const path = podFile("imagined");
    expect(await succeed("apply", "--dry-run=server", "-f", path)).toBe("pod/imagined created (server dry run)");
    expect((await kubectl("diff", "-f", path)).out).toContain("name: imagined");
    expect((await kubectl("get", "pod", "imagined")).code).toBe(1);
  });
});
