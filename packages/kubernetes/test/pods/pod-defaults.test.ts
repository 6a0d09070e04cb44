import { type Pod, type PodSpec, setPodDefaults } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";

function podWith(spec: Partial<PodSpec>): Pod {
  const pod: Pod = { metadata: { name: "p" }, spec: { containers: [{ name: "a", image: "x:1" }], ...spec } };
  setPodDefaults(pod);
  return pod;
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
