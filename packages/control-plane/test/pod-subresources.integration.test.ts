import { eventually } from "@wherry/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeOf, podOf } from "./test-plane.ts";
import { startWorkloadPlane, type WorkloadPlane } from "./workload-plane.ts";

let plane: WorkloadPlane;

beforeAll(async () => {
  plane = await startWorkloadPlane();
});

afterAll(async () => {
  expect(plane.kubelet.problems).toEqual([]);
  await plane[Symbol.asyncDispose]();
});

const pods = "/api/v1/namespaces/default/pods";

/** A pod that no kubelet has: its status is what a test says. */
async function create(name: string, spec: Record<string, unknown> = {}): Promise<number> {
  const { body } = await plane.admin.post(pods, podOf(name, { nodeSelector: { no: "where" }, ...spec }));
  return body.metadata.generation;
}

describe("pods/ephemeralcontainers", () => {
  const add = (name: string, container: object) =>
    plane.admin.patch(
      `${pods}/${name}/ephemeralcontainers`,
      { spec: { ephemeralContainers: [container] } },
      "strategic-merge",
    );
  const debug = { name: "debug", image: "registry.example/debug:1" };

  test("adds a container and counts the generation", async () => {
    const generation = await create("added");
    const { code, body } = await add("added", { ...debug, targetContainerName: "main" });
    expect(code).toBe(200);
    expect(body.metadata.generation).toBe(generation + 1);
    expect(body.spec.ephemeralContainers).toMatchObject([{ ...debug, imagePullPolicy: "IfNotPresent" }]);
    const more = await add("added", { ...debug, name: "second" });
    expect(more.body.spec.ephemeralContainers).toHaveLength(2);
  });

  test("changes nothing else of the pod", async () => {
    await create("narrow");
    const { body } = await plane.admin.patch(
      `${pods}/narrow/ephemeralcontainers`,
      { spec: { activeDeadlineSeconds: 5, ephemeralContainers: [debug] } },
      "strategic-merge",
    );
    expect(body.spec.activeDeadlineSeconds).toBeUndefined();
    const plain = await plane.admin.patch(
      `${pods}/narrow`,
      { spec: { ephemeralContainers: [{ ...debug, name: "other" }] } },
      "strategic-merge",
    );
    expect((plain.body.spec ?? { ephemeralContainers: [debug] }).ephemeralContainers).toHaveLength(1);
  });

  test.each([
    [
      { ports: [{ containerPort: 80 }] },
      "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
    ],
    [
      { livenessProbe: { exec: { command: ["true"] } } },
      "spec.ephemeralContainers[0].livenessProbe: Forbidden: cannot be set for an Ephemeral Container",
    ],
    [{ targetContainerName: "none" }, 'spec.ephemeralContainers[0].targetContainerName: Not found: "none"'],
    [{ name: "main" }, 'spec.ephemeralContainers[0].name: Duplicate value: "main"'],
  ])("refuses %j", async (more, problem) => {
    const name = `refused-${Object.keys(more).join("").toLowerCase()}`;
    await create(name);
    const { code, body } = await add(name, { ...debug, ...more });
    expect(code).toBe(422);
    expect(body.message).toContain(`Pod "${name}" is invalid: ${problem}`);
  });

  test("keeps what is there", async () => {
    await create("kept");
    await add("kept", debug);
    const changed = await add("kept", { ...debug, image: "registry.example/debug:2" });
    expect(changed.body.message).toContain('existing ephemeral containers "debug" may not be changed');
    const { body } = await plane.admin.get(`${pods}/kept`);
    delete body.spec.ephemeralContainers;
    // The scheduler tells of the pod meanwhile that it fits nowhere.
    delete body.metadata.resourceVersion;
    const removed = await plane.admin.put(`${pods}/kept/ephemeralcontainers`, body);
    expect(removed.body.message).toContain('existing ephemeral containers "debug" may not be removed');
  });
});

describe("pods/resize", () => {
  const amounts = (cpu: string, memory = "64Mi") => ({ requests: { cpu, memory } });
  const containers = (resources: object) => [{ name: "main", image: "registry.example/app:1", resources }];
  const resize = (name: string, resources: object) =>
    plane.admin.patch(
      `${pods}/${name}/resize`,
      { spec: { containers: [{ name: "main", resources }] } },
      "strategic-merge",
    );

  test("changes cpu and memory and counts the generation", async () => {
    const generation = await create("larger", { containers: containers(amounts("100m")) });
    const { code, body } = await resize("larger", amounts("200m", "128Mi"));
    expect(code).toBe(200);
    expect(body.metadata.generation).toBe(generation + 1);
    expect(body.spec.containers[0].resources).toEqual(amounts("200m", "128Mi"));
    const plain = await plane.admin.patch(
      `${pods}/larger`,
      { spec: { containers: [{ name: "main", resources: amounts("300m") }] } },
      "strategic-merge",
    );
    expect(plain.code).toBe(422);
  });

  test("changes nothing else of the pod", async () => {
    await create("same", { containers: containers(amounts("100m")) });
    const patch = { spec: { containers: [{ name: "main", image: "other:1", resources: amounts("200m") }] } };
    const { body } = await plane.admin.patch(`${pods}/same/resize`, patch, "strategic-merge");
    expect(body.spec.containers[0]).toMatchObject({ image: "registry.example/app:1", resources: amounts("200m") });
  });

  test("changes cpu and memory of the pod as a whole, which cannot be taken away", async () => {
    const whole = (resources: object | null) =>
      plane.admin.patch(`${pods}/whole/resize`, { spec: { resources } }, "strategic-merge");
    await create("whole", { resources: amounts("100m"), containers: containers({}) });
    const { code, body } = await whole(amounts("200m", "128Mi"));
    expect(code).toBe(200);
    expect(body.spec.resources).toEqual(amounts("200m", "128Mi"));
    const removed = await whole({ requests: { memory: null } });
    expect(removed.code).toBe(422);
    expect(removed.body.message).toContain(
      "spec.resources.requests: Forbidden: pod-level resource requests cannot be removed",
    );
    expect((await whole({ requests: { "ephemeral-storage": "1Gi" } })).code).toBe(422);
  });

  test("changes init containers too, which may run again", async () => {
    const init = (cpu: string) => [
      { name: "first", image: "registry.example/app:1", resources: { requests: { cpu } } },
    ];
    await create("init", { containers: containers(amounts("100m")), initContainers: init("10m") });
    const patch = { spec: { initContainers: init("20m") } };
    const { code, body } = await plane.admin.patch(`${pods}/init/resize`, patch, "strategic-merge");
    expect(code).toBe(200);
    expect(body.spec.initContainers[0].resources).toEqual({ requests: { cpu: "20m" } });
  });

  test("is refused to pods of Windows", async () => {
    await create("windows", { containers: containers(amounts("100m")), os: { name: "windows" } });
    const { body } = await resize("windows", amounts("200m"));
    expect(body.message).toBe('Pod "windows" is invalid: []: Forbidden: windows pods cannot be resized');
  });

  test.each([
    [
      "class",
      { limits: { cpu: "100m", memory: "64Mi" } },
      'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing',
    ],
    ["storage", { requests: { "ephemeral-storage": "1Gi" } }, "only cpu and memory resources are mutable"],
    ["removed", { requests: { memory: null } }, "resource requests cannot be removed"],
    ["invalid", { requests: { cpu: "-1" } }, "must be greater than or equal to 0"],
  ])("refuses a change of %s", async (name, resources, problem) => {
    await create(`resize-${name}`, { containers: containers(amounts("100m")) });
    const { code, body } = await resize(`resize-${name}`, resources);
    expect(code).toBe(422);
    expect(body.message).toContain(problem);
  });

  test("needs a kubelet that says what containers have", async () => {
    await plane.admin.post(pods, podOf("old-kubelet", { containers: containers(amounts("100m")) }));
    await plane.until(`${pods}/old-kubelet`, ({ status }) => status.phase === "Running");
    const { code, body } = await resize("old-kubelet", amounts("200m"));
    expect(code).toBe(422);
    expect(body.message).toBe(
      'Pod "old-kubelet" is invalid: spec: Forbidden: Pod running on node without support for resize',
    );
  });

  test("is refused where the node could never give as much", async () => {
    await plane.admin.post(pods, podOf("greedy", { containers: containers(amounts("100m")) }));
    const { spec } = await plane.until(`${pods}/greedy`, ({ status }) => status.phase === "Running");
    // Refused by what the node has, whatever system it says to run.
    const { status } = await plane.until("/api/v1/nodes/n1", ({ metadata }) => metadata.name === spec.nodeName);
    expect(status.allocatable).toMatchObject({ cpu: "2", memory: "4Gi" });
    const main = { name: "main", ready: true, restartCount: 0, image: "x", imageID: "", state: { running: {} } };
    const report = { status: { containerStatuses: [{ ...main, resources: amounts("100m") }] } };
    await plane.admin.patch(`${pods}/greedy/status`, report, "strategic-merge");
    const { code, body } = await resize("greedy", amounts("3", "5Gi"));
    expect(code).toBe(403);
    expect(body.message).toBe(
      'pods "greedy" is forbidden: node didn\'t have enough allocatable resources: cpu, requested: 3000, allocatable: 2000; memory, requested: 5368709120, allocatable: 4294967296',
    );
    expect(body.details.causes).toEqual([{ reason: "NodeCapacity" }]);
    expect((await resize("greedy", amounts("2", "4Gi"))).code).toBe(200);
  });

  test.each([
    ["windows", 403],
    ["linux", 200],
    // Upstream refuses these; kubelets of WebAssembly resize.
    ["wasi", "embedded"],
  ])("on a node with %s answers %s", async (system, answer) => {
    const name = `on-${system}`;
    await plane.admin.post("/api/v1/nodes", {
      ...nodeOf(name),
      metadata: { name, labels: { "kubernetes.io/os": system } },
      spec: { unschedulable: true },
    });
    await create(name, { containers: containers(amounts("100m")), nodeName: name });
    const wanted = answer === "embedded" ? (plane.name === "embedded" ? 200 : 403) : answer;
    // The real server learns of nodes by a watch of its own, and lets through what changes nothing.
    let cpu = 100;
    const more = () => resize(name, amounts(`${++cpu}m`));
    await eventually(`the answer ${wanted}`, async () => (await more()).code === wanted);
    if (wanted === 403) {
      expect((await more()).body).toMatchObject({
        message: `pods "${name}" is forbidden: pod resize is only supported on linux nodes, node "${name}" is "${system}"`,
        details: { causes: [{ reason: "UnsupportedPlatform" }] },
      });
    }
  });
});

describe("pods/status", () => {
  const restart = { action: "Restart", exitCodes: { operator: "In", values: [42] } };
  const restartAll = { ...restart, action: "RestartAllContainers" };

  /** The answers to the statuses that take back an exit, with 0, 1 and 42. */
  async function takenBack(list: string, spec: Record<string, unknown>): Promise<unknown[]> {
    const pod = `exits-${crypto.randomUUID()}`;
    await create(pod, spec);
    const name = list === "containerStatuses" ? "main" : "first";
    const write = (state: object) =>
      plane.admin.patch(
        `${pods}/${pod}/status`,
        { status: { [list]: [{ name, image: "i", imageID: "", ready: false, restartCount: 0, state }] } },
        "merge",
      );
    const codes: number[] = [];
    for (const exitCode of [0, 1, 42]) {
      expect((await write({ terminated: { exitCode } })).code).toBe(200);
      const { code, body } = await write({ waiting: { reason: "PodInitializing" } });
      codes.push(code);
      if (code !== 200)
        expect(body.message).toBe(
          `Pod "${pod}" is invalid: status.${list}[0].state: Forbidden: may not be transitioned to non-terminated state`,
        );
    }
    return codes;
  }

  test.each([
    ["Never", {}, [422, 422, 422]],
    ["OnFailure", {}, [422, 200, 200]],
    ["Always", {}, [200, 200, 200]],
    ["Always", { restartPolicy: "Never" }, [422, 422, 422]],
    ["Never", { restartPolicy: "OnFailure" }, [422, 200, 200]],
    ["OnFailure", { restartPolicy: "Always" }, [200, 200, 200]],
    ["Always", { restartPolicy: "Never", restartPolicyRules: [restart] }, [422, 422, 200]],
    ["Never", { restartPolicy: "Never", restartPolicyRules: [restartAll] }, [200, 200, 200]],
  ])("takes back an exit only of what is started again: pod %s, container %j", async (restartPolicy, policy, codes) => {
    const main = { name: "main", image: "registry.example/main:1" };
    const first = { name: "first", image: "registry.example/first:1" };
    const ofApp = { restartPolicy, containers: [{ ...main, ...policy }] };
    const ofInit = { restartPolicy, containers: [main], initContainers: [{ ...first, ...policy }] };
    expect(await takenBack("containerStatuses", ofApp)).toEqual(codes);
    expect(await takenBack("initContainerStatuses", ofInit)).toEqual(codes);
  });
});
