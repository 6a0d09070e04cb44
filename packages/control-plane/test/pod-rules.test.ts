import type { Container, Pod, PodSpec, VolumeProjection } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { setPodDefaults } from "../src/resources/pods/pod-defaults.ts";
import { qosClassOf } from "../src/resources/pods/pod-qos.ts";
import { validatePod, validatePodStatusUpdate, validatePodUpdate } from "../src/resources/pods/pod-validation.ts";

function podWith(spec: Partial<PodSpec>): Pod {
  const pod: Pod = { metadata: { name: "p" }, spec: { containers: [{ name: "a", image: "x:1" }], ...spec } };
  setPodDefaults(pod);
  return pod;
}

function problems(spec: Partial<PodSpec>): string[] {
  return validatePod(podWith(spec)).map((error) => `${error.field}: ${error.message}`);
}

describe("setPodDefaults()", () => {
  test.each([
    ["nginx", "Always"],
    ["nginx:latest", "Always"],
    ["nginx:1.2", "IfNotPresent"],
    ["localhost:5000/a/b", "Always"],
    ["localhost:5000/a/b:v1", "IfNotPresent"],
    [`nginx@sha256:${"0".repeat(64)}`, "IfNotPresent"],
    [`nginx:latest@sha256:${"0".repeat(64)}`, "Always"],
  ])("pulls %s %s", (image, policy) => {
    const volumes = [{ name: "v", image: { reference: image } }];
    const { spec } = podWith({ containers: [{ name: "a", image }], volumes });
    expect(spec?.containers[0]?.imagePullPolicy).toBe(policy);
    expect(spec?.volumes?.[0]?.image?.pullPolicy).toBe(policy);
  });

  test("fills in probes, ports, volumes and requests", () => {
    const { spec } = podWith({
      containers: [
        {
          name: "a",
          image: "x",
          ports: [{ containerPort: 80 }],
          readinessProbe: { httpGet: { port: 80 } },
          resources: { limits: { cpu: "1" }, requests: { memory: "1Mi" } },
          env: [{ name: "n", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
        },
      ],
      volumes: [{ name: "e" }, { name: "s", secret: { secretName: "x" } }, { name: "h", hostPath: { path: "/" } }],
    });
    expect(spec?.containers[0]).toMatchObject({
      ports: [{ protocol: "TCP" }],
      readinessProbe: {
        timeoutSeconds: 1,
        periodSeconds: 10,
        successThreshold: 1,
        failureThreshold: 3,
        httpGet: { path: "/", scheme: "HTTP" },
      },
      resources: { requests: { cpu: "1", memory: "1Mi" } },
      env: [{ valueFrom: { fieldRef: { apiVersion: "v1" } } }],
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
    });
    expect(spec?.volumes).toEqual([
      { name: "e", emptyDir: {} },
      { name: "s", secret: { secretName: "x", defaultMode: 420 } },
      { name: "h", hostPath: { path: "/", type: "" } },
    ]);
    expect(spec).toMatchObject({
      restartPolicy: "Always",
      dnsPolicy: "ClusterFirst",
      terminationGracePeriodSeconds: 30,
      enableServiceLinks: true,
    });
  });
});

describe("qosClassOf()", () => {
  test.each<[object[], string]>([
    [[{}], "BestEffort"],
    [[{ requests: { cpu: "1" } }], "Burstable"],
    [[{ limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "1", memory: "1Gi" } }], "Guaranteed"],
    [[{ limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m", memory: "1Gi" } }], "Burstable"],
    [[{ limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "1", memory: "1Gi" } }, {}], "Burstable"],
    [[{ requests: { "ephemeral-storage": "1Gi" } }], "BestEffort"],
    [[{ requests: { cpu: "0" } }], "BestEffort"],
  ])("qosClassOf(%j) is %s", (resources, expected) => {
    const containers = resources.map((item, index) => ({ name: `c${index}`, resources: item }));
    expect(qosClassOf({ containers })).toBe(expected);
  });
});

describe("validatePod()", () => {
  test("accepts a plain pod", () => {
    expect(problems({})).toEqual([]);
  });

  test.each<[string, Partial<PodSpec>, string]>([
    ["no containers", { containers: [] }, "spec.containers: Required value"],
    ["a bad name", { containers: [{ name: "A_", image: "x" }] }, "spec.containers[0].name: Invalid value"],
    [
      "doubled names",
      { initContainers: [{ name: "a", image: "x" }] },
      'spec.initContainers[0].name: Duplicate value: "a"',
    ],
    ["no image", { containers: [{ name: "a" }] }, "spec.containers[0].image: Required value"],
    [
      "spaces in an image",
      { containers: [{ name: "a", image: " x" }] },
      "must not have leading or trailing whitespace",
    ],
    [
      "an unknown pull policy of a volume",
      { volumes: [{ name: "v", image: { reference: "x", pullPolicy: "Often" } }] },
      'spec.volumes[0].image.pullPolicy: Unsupported value: "Often"',
    ],
    [
      "a mount of no volume",
      { containers: [{ name: "a", image: "x", volumeMounts: [{ name: "v", mountPath: "/v" }] }] },
      'spec.containers[0].volumeMounts[0].name: Not found: "v"',
    ],
    [
      "two volume types",
      { volumes: [{ name: "v", emptyDir: {}, secret: { secretName: "s" } }] },
      "may not specify more than 1 volume type",
    ],
    [
      "a path out of a volume",
      { volumes: [{ name: "v", configMap: { name: "c", items: [{ key: "k", path: "../x" }] } }] },
      "must not contain '..'",
    ],
    [
      "a request over the limit",
      { containers: [{ name: "a", image: "x", resources: { requests: { cpu: "2" }, limits: { cpu: "1" } } }] },
      "must be less than or equal to cpu limit of 1",
    ],
    [
      "a device without limit",
      { containers: [{ name: "a", image: "x", resources: { requests: { "x.com/gpu": "1" } } }] },
      "Limit must be set for non overcommitable resources",
    ],
    [
      "a sysctl that none can be",
      {
        securityContext: {
          sysctls: [
            { name: "kernel.shmmax", value: "1" },
            { name: "bar..", value: "1" },
          ],
        },
      },
      'spec.securityContext.sysctls[1].name: Invalid value: "bar..": must have at most 253 characters',
    ],
    [
      "a sysctl twice",
      { securityContext: { sysctls: ["1", "2"].map((value) => ({ name: "net.ipv4/x", value })) } },
      'spec.securityContext.sysctls[1].name: Duplicate value: "net.ipv4/x"',
    ],
    [
      "an unknown resource",
      { containers: [{ name: "a", image: "x", resources: { limits: { foo: "1" } } }] },
      "must be a standard resource type or fully qualified",
    ],
    [
      "a probe without handler",
      { containers: [{ name: "a", image: "x", livenessProbe: {} }] },
      "must specify a handler type",
    ],
    [
      "a liveness threshold",
      { containers: [{ name: "a", image: "x", livenessProbe: { tcpSocket: { port: 1 }, successThreshold: 2 } }] },
      "must be 1",
    ],
    [
      "a probe of an init container",
      { initContainers: [{ name: "i", image: "x", readinessProbe: { tcpSocket: { port: 1 } } }] },
      "may not be set for init containers",
    ],
    [
      "a restart policy",
      { restartPolicy: "Sometimes" },
      'Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"',
    ],
    [
      "a short token",
      {
        volumes: [
          { name: "v", projected: { sources: [{ serviceAccountToken: { path: "t", expirationSeconds: 60 } }] } },
        ],
      },
      "may not specify a duration less than 10 minutes",
    ],
    [
      "an equal toleration without key",
      { tolerations: [{ value: "x" }] },
      "operator must be Exists when `key` is empty",
    ],
    ["no name servers", { dnsPolicy: "None" }, "must provide at least one DNS nameserver"],
    ["a deadline of zero", { activeDeadlineSeconds: 0 }, "must be between 1 and 2147483647, inclusive"],
  ])("refuses %s", (_, spec, message) => {
    expect(problems(spec).join("\n")).toContain(message);
  });
});

describe("validatePodUpdate()", () => {
  const old = podWith({ tolerations: [{ key: "a", operator: "Exists" }], activeDeadlineSeconds: 10 });
  const changed = (change: (spec: PodSpec) => unknown): string[] => {
    const pod = structuredClone(old);
    change(pod.spec as PodSpec);
    return validatePodUpdate(pod, old).map((error) => error.field);
  };

  test("allows what may change", () => {
    expect(changed((spec) => Object.assign(spec.containers[0] as object, { image: "y" }))).toEqual([]);
    expect(changed((spec) => spec.tolerations?.push({ key: "b", operator: "Exists" }))).toEqual([]);
    expect(changed((spec) => Object.assign(spec, { activeDeadlineSeconds: 5 }))).toEqual([]);
  });

  test("refuses the rest", () => {
    expect(changed((spec) => Object.assign(spec, { hostname: "h" }))).toEqual(["spec"]);
    expect(changed((spec) => Object.assign(spec, { activeDeadlineSeconds: 20 }))).toEqual([
      "spec.activeDeadlineSeconds",
    ]);
    expect(changed((spec) => Object.assign(spec, { tolerations: [] }))).toEqual(["spec.tolerations"]);
    expect(changed((spec) => spec.containers.push({ name: "b", image: "x" }))).toEqual(["spec.containers"]);
    expect(changed((spec) => Object.assign(spec, { schedulingGates: [{ name: "g" }] }))).toContain(
      "spec.schedulingGates",
    );
  });
});

describe("validatePod(), restarts of a container", () => {
  const path = "spec.containers[0].restartPolicy";
  const exitCodes = { operator: "In", values: [1] };
  const rule = { action: "RestartAllContainers", exitCodes };

  // What kube-apiserver 1.36 answers, word for word.
  test.each<[string, Partial<Container>, string[]]>([
    ["nothing", {}, []],
    [
      "a rule for each action",
      { restartPolicy: "Never", restartPolicyRules: [rule, { ...rule, action: "Restart" }] },
      [],
    ],
    ["no rules", { restartPolicyRules: [] }, []],
    [
      "an unknown policy",
      { restartPolicy: "Sometimes" },
      [`${path}: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"`],
    ],
    [
      "rules without a policy",
      { restartPolicyRules: [rule] },
      [`${path}: Required value: must specify restartPolicy when restart rules are used`],
    ],
    [
      "an unknown action",
      { restartPolicy: "Never", restartPolicyRules: [{ ...rule, action: "Terminate" }] },
      [`${path}Rules[0].action: Unsupported value: "Terminate": supported values: "Restart", "RestartAllContainers"`],
    ],
    [
      "no exit codes",
      { restartPolicy: "Never", restartPolicyRules: [{ action: "Restart" }] },
      [`${path}Rules[0].exitCodes: Required value: must be specified`],
    ],
    [
      "an unknown operator",
      { restartPolicy: "Never", restartPolicyRules: [{ ...rule, exitCodes: { operator: "Is" } }] },
      [`${path}Rules[0].exitCodes.operator: Unsupported value: "Is": supported values: "In", "NotIn"`],
    ],
    [
      "too many exit codes",
      {
        restartPolicy: "Never",
        restartPolicyRules: [{ ...rule, exitCodes: { operator: "In", values: Array(256).fill(1) } }],
      },
      [`${path}Rules[0].exitCodes.values: Too many: 256: must have at most 255 items`],
    ],
    [
      "too many rules",
      { restartPolicy: "Never", restartPolicyRules: Array(21).fill(rule) },
      [`${path}Rules: Too many: 21: must have at most 20 items`],
    ],
  ])("validatePod() of a container with %s", (_name, restarts, expected) => {
    expect(problems({ containers: [{ name: "a", image: "x:1", ...restarts }] })).toEqual(expected);
    const initContainers = [{ name: "i", image: "x:1", ...restarts }];
    const inInit = expected.map((text) => text.replace("containers", "initContainers"));
    expect(problems({ initContainers })).toEqual(inInit);
  });
});

test("validatePodStatusUpdate() refuses a container that runs again though it must not", () => {
  const status = (state: object) => ({
    containerStatuses: [{ name: "a", image: "", imageID: "", ready: false, restartCount: 0, state }],
  });
  const spec: PodSpec = { containers: [{ name: "a" }], restartPolicy: "Never" };
  const before: Pod = { spec, status: status({ terminated: { exitCode: 0 } }) };
  const after: Pod = { spec, status: status({ running: {} }) };
  expect(validatePodStatusUpdate(after, before)).toHaveLength(1);
  expect(validatePodStatusUpdate({ ...after, spec: { ...spec, restartPolicy: "Always" } }, before)).toEqual([]);
  // Another container of the pod may restart all of them.
  const restartPolicyRules = [{ action: "RestartAllContainers", exitCodes: { operator: "In", values: [1] } }];
  const containers = [...spec.containers, { name: "b", restartPolicy: "Never", restartPolicyRules }];
  expect(validatePodStatusUpdate({ ...after, spec: { ...spec, containers } }, before)).toEqual([]);
});

describe("validatePod() of projected certificates", () => {
  const problemsOf = (source: VolumeProjection) =>
    problems({ volumes: [{ name: "v", projected: { sources: [source] } }] }).map((problem) =>
      problem.replace("spec.volumes[0].projected.sources[0].", ""),
    );
  const labelSelector = {};
  const path = "ca.pem";
  const signerName = "example.com/a";

  test.each<[string, VolumeProjection["clusterTrustBundle"], string]>([
    ["neither name nor signer", { path }, "clusterTrustBundle: Required value: either name or signerName"],
    ["both", { name: "a", signerName, path }, "only one of name and signerName may be used"],
    ["labels of a name", { name: "a", labelSelector, path }, "labelSelector must be unset if name is specified"],
    ["no name", { name: "A_", path }, "clusterTrustBundle.name: Invalid value"],
    ["no signer", { signerName: "foo", path }, "clusterTrustBundle.signerName: Invalid value"],
    ["no path", { name: "a", path: "" }, "clusterTrustBundle.path: Required value"],
    ["a path that leaves", { name: "a", path: "../a" }, "clusterTrustBundle.path: Invalid value"],
  ])("refuses a trust bundle with %s", (_, clusterTrustBundle, message) => {
    const found = problemsOf({ clusterTrustBundle });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(message);
  });

  const identity = { signerName, keyType: "ED25519", credentialBundlePath: "b" };

  test.each<[string, Partial<typeof identity> & VolumeProjection["podCertificate"], string]>([
    ["an unknown key type", { ...identity, keyType: "RSA2048" }, "podCertificate.keyType: Unsupported value"],
    ["no signer", { ...identity, signerName: "" }, "podCertificate.signerName: Required value"],
    ["no path", { ...identity, credentialBundlePath: "" }, "podCertificate: Required value: specify at least one of"],
    ["too short a life", { ...identity, maxExpirationSeconds: 3599 }, "maxExpirationSeconds must be >= 3600"],
    ["too long a life", { ...identity, maxExpirationSeconds: 7_862_401 }, "maxExpirationSeconds must be <= 7862400"],
    ["an annotation without domain", { ...identity, userAnnotations: { a: "b" } }, "must be a domain-prefixed key"],
  ])("refuses a certificate with %s", (_, podCertificate, message) => {
    const found = problemsOf({ podCertificate });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(message);
  });

  test("refuses a certificate that says nothing", () => {
    const fields = problemsOf({ podCertificate: {} as VolumeProjection["podCertificate"] }).map(
      (text) => text.split(":", 1)[0],
    );
    expect(fields).toEqual(["podCertificate.signerName", "podCertificate.keyType", "podCertificate"]);
  });

  test("takes what the API server of Kubernetes takes", () => {
    expect(problemsOf({ clusterTrustBundle: { name: "a.b:c:d", path } })).toEqual([]);
    expect(problemsOf({ clusterTrustBundle: { signerName, path } })).toEqual([]);
    expect(problemsOf({ podCertificate: { signerName, keyType: "ED25519", keyPath: "k" } })).toEqual([]);
    const userAnnotations = { "a.b/c": "x" };
    expect(problemsOf({ podCertificate: { ...identity, maxExpirationSeconds: 7_862_400, userAnnotations } })).toEqual(
      [],
    );
  });
});
