import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findKubectl, Kubectl } from "./kubectl-program.ts";
import { startWorkloadPlane, type WorkloadPlane } from "./workload-plane.ts";

const executable = findKubectl();
if (executable === undefined) {
  console.warn("kubectl tests are skipped: there is no kubectl in KUBEBUILDER_ASSETS or PATH");
}
const hasRealPlane = (process.env["KUBEBUILDER_ASSETS"] ?? "") !== "";

let plane: WorkloadPlane;
let directory: string;
let kubectl: Kubectl;

const image = "registry.example/app:1";
const template = (labels: Record<string, string>, spec: object = {}) => ({
  metadata: { labels },
  spec: { containers: [{ name: "main", image }], ...spec },
});

function file(name: string, content: object): string {
  const path = join(directory, `${name}.json`);
  writeFileSync(path, JSON.stringify(content));
  return path;
}

function workload(kind: string, name: string, spec: object = {}): string {
  const selector = { matchLabels: { app: name } };
  return file(name, {
    apiVersion: "apps/v1",
    kind,
    metadata: { name },
    spec: { selector, template: template({ app: name }), ...spec },
  });
}

/** Waits for an event about an object: they come after what they tell of. */
async function untilEvent(name: string | RegExp, message: RegExp): Promise<void> {
  using watch = await plane.admin.watch("/api/v1/namespaces/default/events");
  await watch.find(({ object }) => {
    const isAbout =
      typeof name === "string" ? object.involvedObject.name === name : name.test(object.involvedObject.name);
    return isAbout && message.test(object.message);
  });
}

// The same words must come from both: what kubectl makes of the embedded control plane is what it makes of the real one.
describe.skipIf(executable === undefined).each([
  ["embedded", true],
  ["real", hasRealPlane],
])("kubectl with workloads on the %s control plane", (which, isThere) => {
  beforeAll(async () => {
    if (!isThere) return;
    directory = mkdtempSync(join(tmpdir(), "wherry-kubectl-"));
    plane = await startWorkloadPlane(which === "embedded" ? which : undefined);
    kubectl = new Kubectl(executable as string, plane.kubeconfigPath, directory);
  });

  afterAll(async () => {
    if (!isThere) return;
    await plane[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  });

  test.runIf(isThere)("rolls a deployment out, back, and anew", async () => {
    const rolledOut = async () =>
      expect(await kubectl.succeed("rollout", "status", "deployment/web", "--timeout=60s")).toContain(
        'deployment "web" successfully rolled out',
      );
    expect(await kubectl.succeed("create", "deployment", "web", `--image=${image}`, "--replicas=2")).toBe(
      "deployment.apps/web created",
    );
    await rolledOut();
    await kubectl.succeed("annotate", "deployment/web", "kubernetes.io/change-cause=first");
    expect(await kubectl.succeed("set", "image", "deployment/web", "app=registry.example/app:2")).toBe(
      "deployment.apps/web image updated",
    );
    await kubectl.succeed("annotate", "deployment/web", "kubernetes.io/change-cause=second", "--overwrite");
    await rolledOut();
    expect(await kubectl.succeed("rollout", "history", "deployment/web")).toMatch(/1\s+first\n2\s+second/);
    expect(await kubectl.succeed("rollout", "history", "deployment/web", "--revision=1")).toContain(image);
    expect(await kubectl.succeed("rollout", "undo", "deployment/web")).toBe("deployment.apps/web rolled back");
    await rolledOut();
    expect(await kubectl.succeed("get", "deployment", "web", "-o", "jsonpath={..image}")).toBe(image);
    expect(await kubectl.succeed("rollout", "history", "deployment/web")).toMatch(/2\s+second\n3\s+first/);
    expect(await kubectl.succeed("rollout", "restart", "deployment/web")).toBe("deployment.apps/web restarted");
    await rolledOut();
    expect(await kubectl.succeed("rollout", "pause", "deployment/web")).toBe("deployment.apps/web paused");
    expect(await kubectl.succeed("rollout", "resume", "deployment/web")).toBe("deployment.apps/web resumed");
    await rolledOut();
  });

  test.runIf(isThere)("scales, waits for and describes a deployment", async () => {
    await kubectl.succeed("apply", "-f", workload("Deployment", "shown", { replicas: 1 }));
    expect(await kubectl.succeed("scale", "deployment", "shown", "--replicas=3")).toBe("deployment.apps/shown scaled");
    await kubectl.succeed("rollout", "status", "deployment/shown", "--timeout=60s");
    expect(await kubectl.succeed("wait", "--for=condition=Available", "deployment/shown", "--timeout=60s")).toBe(
      "deployment.apps/shown condition met",
    );
    const refused = await kubectl.run("scale", "deployment", "shown", "--replicas=1", "--current-replicas=2");
    expect(refused.error).toBe("error: Expected replicas to be 2, was 3");
    const [head = "", row = ""] = (await kubectl.succeed("get", "deploy", "shown", "-o", "wide")).split("\n");
    expect(head.split(/\s{2,}/)).toEqual([
      "NAME",
      "READY",
      "UP-TO-DATE",
      "AVAILABLE",
      "AGE",
      "CONTAINERS",
      "IMAGES",
      "SELECTOR",
    ]);
    expect(row).toMatch(/^shown\s+3\/3\s+3\s+3\s+\d+s\s+main\s+registry\.example\/app:1\s+app=shown$/);
    await untilEvent("shown", /from 0 to 1/);
    await untilEvent("shown", /from 1 to 3/);
    const description = await kubectl.succeed("describe", "deployment", "shown");
    expect(description).toMatch(/Replicas:\s+3 desired \| 3 updated \| 3 total \| 3 available \| 0 unavailable/);
    expect(description).toMatch(/StrategyType:\s+RollingUpdate/);
    expect(description).toMatch(/RollingUpdateStrategy:\s+25% max unavailable, 25% max surge/);
    expect(description).toMatch(/Available\s+True\s+MinimumReplicasAvailable/);
    expect(description).toMatch(/Progressing\s+True\s+NewReplicaSetAvailable/);
    expect(description).toMatch(/NewReplicaSet:\s+shown-\w+ \(3\/3 replicas created\)/);
    expect(description).toMatch(
      /ScalingReplicaSet\s+\S+\s+deployment-controller\s+Scaled up replica set shown-\w+ from 0 to 1/,
    );
    await untilEvent(/^shown-/, /^Created pod: shown-/);
    const events = await kubectl.succeed("get", "events");
    expect(events).toMatch(
      /Normal\s+ScalingReplicaSet\s+deployment\/shown\s+Scaled up replica set shown-\w+ from 1 to 3/,
    );
    expect(events).toMatch(/Normal\s+SuccessfulCreate\s+replicaset\/shown-\w+\s+Created pod: shown-\w+-\w+/);
    expect(await kubectl.succeed("get", "all", "-l", "app=shown", "-o", "name")).toContain("pod/shown-");
    expect(await kubectl.succeed("delete", "deployment", "shown", "--cascade=foreground", "--timeout=60s")).toMatch(
      /deployment\.apps "shown" deleted/,
    );
    expect((await kubectl.run("get", "pods", "-l", "app=shown")).error).toBe(
      "No resources found in default namespace.",
    );
  });

  test.runIf(isThere)("runs jobs to their end", async () => {
    const job = (name: string, does: string, spec: object = {}) =>
      file(name, {
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: { name },
        spec: { template: template({ does }, { restartPolicy: "Never" }), ...spec },
      });
    await kubectl.succeed("apply", "-f", job("good", "succeed", { completions: 2 }));
    expect(await kubectl.succeed("wait", "--for=condition=complete", "job/good", "--timeout=60s")).toBe(
      "job.batch/good condition met",
    );
    expect(await kubectl.succeed("get", "job", "good")).toMatch(
      /NAME\s+STATUS\s+COMPLETIONS\s+DURATION\s+AGE\ngood\s+Complete\s+2\/2\s+\d+s\s+\d+s/,
    );
    await untilEvent("good", /^Job completed$/);
    const description = await kubectl.succeed("describe", "job", "good");
    expect(description).toMatch(/Pods Statuses:\s+0 Active \(0 Ready\) \/ 2 Succeeded \/ 0 Failed/);
    expect(description).toMatch(/SuccessfulCreate\s+\S+\s+job-controller\s+Created pod: good-\w+/);
    expect(description).toMatch(/Completed\s+\S+\s+job-controller\s+Job completed/);
    await kubectl.succeed("apply", "-f", job("bad", "fail", { backoffLimit: 0 }));
    expect(await kubectl.succeed("wait", "--for=condition=failed", "job/bad", "--timeout=60s")).toBe(
      "job.batch/bad condition met",
    );
    await untilEvent("bad", /^Job has reached/);
    expect(await kubectl.succeed("describe", "job", "bad")).toMatch(
      /Warning\s+BackoffLimitExceeded\s+\S+\s+job-controller\s+Job has reached the specified backoff limit/,
    );
    expect(await kubectl.succeed("delete", "job", "good", "bad")).toMatch(/job\.batch "bad" deleted/);
    expect(await kubectl.succeed("create", "job", "typed", `--image=${image}`, "--", "true")).toBe(
      "job.batch/typed created",
    );
  });

  test.runIf(isThere)("rolls daemon sets and stateful sets out and back", async () => {
    for (const [kind, name, type] of [
      ["DaemonSet", "agent", "daemonset"],
      ["StatefulSet", "store", "statefulset"],
    ] as const) {
      const resource = `${type}/${name}`;
      const rolledOut = () => kubectl.succeed("rollout", "status", resource, "--timeout=60s");
      const path = workload(kind, name, kind === "StatefulSet" ? { replicas: 2, serviceName: name } : {});
      expect(await kubectl.succeed("create", "-f", path)).toBe(`${type}.apps/${name} created`);
      await rolledOut();
      await kubectl.succeed("set", "image", resource, "main=registry.example/app:2");
      expect(await rolledOut()).toMatch(
        kind === "DaemonSet"
          ? /daemon set "agent" successfully rolled out/
          : /partitioned roll out complete: 2 new pods have been updated/,
      );
      expect(await kubectl.succeed("rollout", "history", resource)).toMatch(/1\s+<none>\n2\s+<none>/);
      expect(await kubectl.succeed("rollout", "undo", resource)).toBe(`${type}.apps/${name} rolled back`);
      await rolledOut();
      expect(await kubectl.succeed("get", resource, "-o", "jsonpath={..containers[*].image}")).toBe(image);
      expect(await kubectl.succeed("rollout", "restart", resource)).toBe(`${type}.apps/${name} restarted`);
      await rolledOut();
      expect(await kubectl.succeed("describe", type, name)).toMatch(
        /Pods Status:\s+\d Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed/,
      );
    }
    expect(await kubectl.succeed("get", "ds", "agent")).toMatch(
      /NAME\s+DESIRED\s+CURRENT\s+READY\s+UP-TO-DATE\s+AVAILABLE\s+NODE SELECTOR\s+AGE\nagent\s+1\s+1\s+1\s+1\s+1\s+<none>/,
    );
    expect(await kubectl.succeed("get", "sts", "store")).toMatch(/NAME\s+READY\s+AGE\nstore\s+2\/2/);
    expect(await kubectl.succeed("get", "controllerrevisions")).toMatch(/agent-\w+\s+daemonset\.apps\/agent\s+3/);
    await kubectl.succeed("delete", "ds/agent", "sts/store");
  });

  test.runIf(isThere)("drains a node as far as budgets let it", async () => {
    await kubectl.succeed("apply", "-f", workload("Deployment", "guarded", { replicas: 2 }));
    await kubectl.succeed("rollout", "status", "deployment/guarded", "--timeout=60s");
    expect(
      await kubectl.succeed("create", "poddisruptionbudget", "guard", "--selector=app=guarded", "--min-available=2"),
    ).toBe("poddisruptionbudget.policy/guard created");
    await plane.until(
      "/apis/policy/v1/namespaces/default/poddisruptionbudgets/guard",
      ({ status }) => status.currentHealthy === 2,
    );
    expect(await kubectl.succeed("get", "pdb", "guard")).toMatch(
      /NAME\s+MIN AVAILABLE\s+MAX UNAVAILABLE\s+ALLOWED DISRUPTIONS\s+AGE\nguard\s+2\s+N\/A\s+0/,
    );
    // One drain that is held up, and goes on when nothing holds it up any more.
    const draining = kubectl.start("drain", "n1", "--pod-selector=app=guarded", "--timeout=120s");
    await draining.says("Cannot evict pod as it would violate the pod's disruption budget.");
    await kubectl.succeed("delete", "pdb", "guard");
    const drained = await draining.ended;
    expect(drained.code).toBe(0);
    expect(drained.out).toContain("node/n1 drained");
    expect(drained.out).toMatch(/pod\/guarded-\w+-\w+ evicted/);
    await kubectl.succeed("uncordon", "n1");
    await kubectl.succeed("rollout", "status", "deployment/guarded", "--timeout=60s");
  });

  test.runIf(isThere)("debugs a pod and resizes it", async () => {
    const resources = { requests: { cpu: "100m" } };
    const pod = file("patient", {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "patient", labels: { does: "hold" } },
      spec: { containers: [{ name: "main", image, resources }] },
    });
    await kubectl.succeed("apply", "-f", pod);
    await kubectl.run(
      "debug",
      "patient",
      "--image=registry.example/debug:1",
      "--target=main",
      "--profile=general",
      "-c",
      "look",
    );
    expect(await kubectl.succeed("get", "pod", "patient", "-o", "jsonpath={.spec.ephemeralContainers[0].name}")).toBe(
      "look",
    );
    const patch = '{"spec":{"containers":[{"name":"main","resources":{"requests":{"cpu":"200m"}}}]}}';
    expect(await kubectl.succeed("patch", "pod", "patient", "--subresource=resize", "-p", patch)).toBe(
      "pod/patient patched",
    );
    expect(await kubectl.succeed("get", "pod", "patient", "-o", "jsonpath={..requests.cpu}")).toBe("200m");
  });

  test.runIf(isThere)("knows the kinds", async () => {
    const names = await kubectl.succeed("api-resources", "--categories=all", "--no-headers", "-o", "name");
    for (const name of ["daemonsets.apps", "deployments.apps", "jobs.batch", "replicasets.apps", "statefulsets.apps"]) {
      expect(names.split("\n")).toContain(name);
    }
    expect(await kubectl.succeed("explain", "deployment.spec.strategy.rollingUpdate.maxSurge")).toContain(
      "FIELD: maxSurge",
    );
    expect(await kubectl.succeed("explain", "job.spec.podFailurePolicy.rules")).toContain("onExitCodes");
    const old = workload("Deployment", "merged", { replicas: 0 });
    await kubectl.succeed("apply", "-f", old);
    workload("Deployment", "merged", { replicas: 0, template: template({ app: "merged", more: "x" }) });
    expect((await kubectl.run("diff", "-f", old)).out).toContain("+        more: x");
    expect(await kubectl.succeed("apply", "--server-side", "-f", old)).toBe(
      "deployment.apps/merged serverside-applied",
    );
  });
});
