import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findKubectl, Kubectl } from "./kubectl-program.ts";
import { startWorkloadPlane, type WorkloadPlane } from "./workload-plane.ts";

const executable = findKubectl();
const isThere = executable !== undefined && (process.env["KUBEBUILDER_ASSETS"] ?? "") !== "";
if (!isThere) console.warn("what kubectl prints is not compared: KUBEBUILDER_ASSETS has no real control plane");

const apps = "/apis/apps/v1/namespaces/default";
const jobs = "/apis/batch/v1/namespaces/default/jobs";
const template = (labels: Record<string, string>, spec: object = {}) => ({
  metadata: { labels },
  spec: { containers: [{ name: "main", image: "registry.example/app:1" }], ...spec },
});
const workload = (kind: string, name: string, spec: object = {}) => ({
  apiVersion: "apps/v1",
  kind,
  metadata: { name },
  spec: { selector: { matchLabels: { app: name } }, template: template({ app: name }), ...spec },
});
const service = (name: string, spec: object) => ({ apiVersion: "v1", kind: "Service", metadata: { name }, spec });
const ports = [{ name: "web", port: 80, targetPort: 8080 }];

const objects = [
  workload("Deployment", "web", { replicas: 2 }),
  workload("ReplicaSet", "set", { replicas: 1 }),
  workload("StatefulSet", "store", { replicas: 1, serviceName: "store" }),
  workload("DaemonSet", "agent", {
    template: template({ app: "agent" }, { nodeSelector: { "kubernetes.io/hostname": "n1" } }),
  }),
  {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "once" },
    spec: { completions: 2, template: template({ does: "succeed" }, { restartPolicy: "Never" }) },
  },
  service("plain", { ports, selector: { app: "web" } }),
  service("headless", { ports, selector: { app: "web" }, clusterIP: "None" }),
  service("elsewhere", { type: "ExternalName", externalName: "example.com" }),
  service("open", { ports, selector: { app: "web" }, type: "NodePort" }),
  service("balanced", { ports, selector: { app: "web" }, type: "LoadBalancer" }),
];

interface Side {
  readonly plane: WorkloadPlane;
  readonly kubectl: Kubectl;
}

/** A control plane on which everything above has come to rest. */
async function start(directory: string, which?: "embedded"): Promise<Side> {
  const plane = await startWorkloadPlane(which);
  const kubectl = new Kubectl(executable as string, plane.kubeconfigPath, directory);
  const path = join(directory, "objects.json");
  writeFileSync(path, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
  await kubectl.succeed("create", "-f", path);
  for (const [path, isDone] of [
    [`${apps}/deployments/web`, ({ conditions }: Status) => has(conditions, "NewReplicaSetAvailable")],
    [`${apps}/replicasets/set`, ({ availableReplicas }: Status) => availableReplicas === 1],
    [`${apps}/statefulsets/store`, ({ availableReplicas }: Status) => availableReplicas === 1],
    [`${apps}/daemonsets/agent`, ({ numberAvailable }: Status) => numberAvailable === 1],
    [`${jobs}/once`, ({ conditions }: Status) => has(conditions, "CompletionsReached", "Complete")],
  ] as const) {
    await plane.until(path, ({ status }) => isDone(status));
  }
  for (const message of [
    /^Scaled up.* 0 to 2$/,
    /^Created pod: set-/,
    /in StatefulSet store/,
    /^Created pod: agent-/,
    /^Job completed$/,
  ]) {
    using watch = await plane.admin.watch("/api/v1/namespaces/default/events");
    await watch.find(({ object }) => message.test(object.message));
  }
  return { plane, kubectl };
}

interface Status {
  readonly conditions?: readonly { readonly type: string; readonly reason: string }[];
  readonly availableReplicas?: number;
  readonly numberAvailable?: number;
}

const has = (conditions: Status["conditions"], reason: string, type?: string): boolean =>
  conditions?.some((item) => item.reason === reason && (type === undefined || item.type === type)) ?? false;

/** Takes out what no two clusters have alike: hashes, random names and numbers, times, and the padding that depends on them. */
function comparable(text: string): string[] {
  return text
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UID")
    .replace(/\b(web|agent|store)-[0-9a-z]{6,10}(-[0-9a-z]{5})?\b/g, "$1-HASH")
    .replace(/\b(web-HASH|set|once|agent)-[0-9a-z]{5}\b/g, "$1-POD")
    .replace(/pod-template-hash=\w+/g, "pod-template-hash=HASH")
    .replace(/\b10\.0\.0\.\d+\b/g, "IP")
    .replace(/\b3[0-2]\d{3}\b/g, "NODEPORT")
    .replace(/\w{3}, \d+ \w{3} \d{4} [\d:]+ [+-]\d{4}/g, "TIME")
    .replace(/\b\d+[sm](\d+s)?\b( \(x\d+ over \d+[sm](\d+s)?\))?/g, "AGE")
    .split("\n")
    .map((line) => line.replace(/\s+/g, " ").replace(/-{3,}/g, "---").trim());
}

describe.skipIf(!isThere)("what kubectl prints of the embedded control plane is what it prints of the real one", () => {
  let directory: string;
  let embedded: Side;
  let real: Side;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "wherry-output-"));
    [embedded, real] = await Promise.all([start(directory, "embedded"), start(directory)]);
    expect(real.plane.name).not.toBe("embedded");
    // The real server has a service of its own, which leads to it.
    await real.plane.admin.delete("/api/v1/namespaces/default/services/kubernetes");
  });

  afterAll(async () => {
    await embedded?.plane[Symbol.asyncDispose]();
    await real?.plane[Symbol.asyncDispose]();
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  });

  const both = async (...args: string[]) => {
    const [ours, theirs] = await Promise.all([embedded.kubectl.succeed(...args), real.kubectl.succeed(...args)]);
    return { ours: comparable(ours), theirs: comparable(theirs) };
  };

  test.each(["deploy", "rs", "sts", "ds", "job", "controllerrevisions"])("get %s -o wide", async (resource) => {
    const { ours, theirs } = await both("get", resource, "-o", "wide");
    expect(ours).toEqual(theirs);
  });

  test("get svc -o wide", async () => {
    // It comes again whenever the real server looks for it.
    const { ours, theirs } = await both("get", "svc", "-o", "wide");
    expect(ours).toEqual(theirs.filter((line) => !line.startsWith("kubernetes ")));
  });

  test.each([
    ["deploy", "web"],
    ["rs", "set"],
    ["sts", "store"],
    ["ds", "agent"],
    ["job", "once"],
    ["svc", "plain"],
    ["svc", "headless"],
    ["svc", "elsewhere"],
    ["svc", "open"],
    ["svc", "balanced"],
  ])("describe %s %s", async (resource, name) => {
    const { ours, theirs } = await both("describe", resource, name);
    // The embedded control plane makes no endpoints.
    const isComparable = (line: string) => !line.startsWith("Endpoints:");
    expect(ours.filter(isComparable)).toEqual(theirs.filter(isComparable));
  });

  const table = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
  test.each([
    `${apps}/deployments`,
    `${apps}/replicasets`,
    `${apps}/statefulsets`,
    `${apps}/daemonsets`,
    `${apps}/controllerrevisions`,
    jobs,
    "/api/v1/namespaces/default/services",
    "/api/v1/namespaces/default/pods",
    "/api/v1/nodes",
    "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
  ])("the columns of %s", async (path) => {
    const columnsOf = async ({ plane }: Side) => {
      const { body } = await plane.admin.get(path, table);
      return body.columnDefinitions.map(({ description: _, ...column }: { description: string }) => column);
    };
    expect(await columnsOf(embedded)).toEqual(await columnsOf(real));
  });
});
