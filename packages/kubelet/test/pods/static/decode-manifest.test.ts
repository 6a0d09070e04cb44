import { describe, expect, test } from "vitest";
import { decodeManifest } from "../../../src/pods/static/decode-manifest.ts";

const head = "apiVersion: v1\nkind: Pod\n";
const pod = (metadata: string, spec: string) => `${head}metadata: ${metadata}\nspec: ${spec}\n`;
const container = "{ name: a, image: b }";
const withSpec = (more: string) => pod("{ name: web }", `{ containers: [${container}], ${more} }`);
const inContainer = (more: string) => pod("{ name: web }", `{ containers: [{ name: a, image: b, ${more} }] }`);

describe("decodeManifest()", () => {
  test("reads YAML and JSON alike, brings quantities into their form and leaves unknown fields and nulls out", () => {
    const yaml = pod(
      "{ name: web, labels: null }",
      "{ containers: [{ name: a, image: b, colour: red, resources: { limits: { cpu: 1, memory: 1024Mi } } }] }",
    );
    const { pod: read, unknownFields } = decodeManifest(yaml, "n");
    expect(read).toEqual({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "web" },
      spec: { containers: [{ name: "a", image: "b", resources: { limits: { cpu: "1", memory: "1Gi" } } }] },
    });
    expect(unknownFields).toEqual(["spec.containers[0].colour"]);
    expect(decodeManifest(JSON.stringify(read), "n").pod).toEqual(read);
  });

  test("reads YAML as upstream does: octal modes, yes and no, merge keys, and the last of the same key", () => {
    const text = pod(
      "{ name: web }",
      `{ containers: [${container}], hostNetwork: off, nodeSelector: { <<: { a: b }, c: d }, volumes: [
        { name: v, downwardAPI: { defaultMode: 0400 } }, { name: w, downwardAPI: { defaultMode: 0o644 } }
      ] }\nkind: Pod`,
    );
    const { pod: read, duplicateKeys } = decodeManifest(text, "n");
    expect(read.spec).toEqual({
      containers: [{ name: "a", image: "b" }],
      hostNetwork: false,
      nodeSelector: { a: "b", c: "d" },
      volumes: [
        { name: "v", downwardAPI: { defaultMode: 0o400 } },
        { name: "w", downwardAPI: { defaultMode: 0o644 } },
      ],
    });
    expect(duplicateKeys).toEqual(["Map keys must be unique at line 7, column 1"]);
    expect(() =>
      decodeManifest(pod("{ name: web, labels: { a: yes } }", `{ containers: [${container}] }`), "n"),
    ).toThrow("metadata.labels.a: Invalid value: true: must be a string");
    expect(() => decodeManifest(inContainer("env: [{ name: N }]"), "n")).toThrow(
      "spec.containers[0].env[0].name: Invalid value: false: must be a string",
    );
  });

  test.each([
    ["what is no YAML", "a: [", /^it is neither YAML nor JSON: .* line 1/],
    ["nothing", "", /^it holds 0 documents, it must hold one$/],
    ["two documents", `${withSpec("")}---\n${withSpec("")}`, /^it holds 2 documents/],
    ["a bomb of aliases", `a: &a [1,2]\nb: &b [${"*a,".repeat(50)}]\nc: [${"*b,".repeat(50)}]`, /alias/],
    ["a list", "[]", /^it has apiVersion missing and kind missing, it must be a Pod of apiVersion "v1"$/],
    ["another kind", "apiVersion: apps/v1\nkind: Deployment", /^it has apiVersion "apps\/v1" and kind "Deployment"/],
    [
      "no name",
      pod("{}", `{ containers: [${container}] }`),
      /^metadata\.name: Required value: a static pod needs a name$/,
    ],
    ["no spec", `${head}metadata: { name: web }`, /^spec: Required value$/],
    [
      "a name that is too long with the node's",
      pod(`{ name: ${"a".repeat(253)} }`, `{ containers: [${container}] }`),
      /^metadata\.name: Invalid value: "aaa.*must be no more than 253 characters$/,
    ],
    [
      "a UID that leaves its directory",
      pod("{ name: a, uid: ../x }", `{ containers: [${container}] }`),
      /^metadata\.uid: Invalid value: "\.\.\/x": must be at most 63 letters/,
    ],
    [
      "a mirror pod",
      pod('{ name: a, annotations: { "kubernetes.io/config.mirror": x } }', `{ containers: [${container}] }`),
      /config\.mirror\]: Forbidden: only mirror pods/,
    ],
    ["no containers", pod("{ name: a }", "{ containers: [] }"), /^spec\.containers: Required value$/],
    [
      "a container without a name",
      pod("{ name: a }", "{ containers: [{ image: b }] }"),
      /^spec\.containers\[0\]\.name: Required value$/,
    ],
    [
      "a container without an image",
      pod("{ name: a }", "{ containers: [{ name: b }] }"),
      /^spec\.containers\[0\]\.image: Required value$/,
    ],
    [
      "two containers of one name",
      withSpec(`initContainers: [${container}]`),
      /^spec\.initContainers\[0\]\.name: Duplicate value: "a"$/,
    ],
    [
      "a value of another type",
      inContainer("args: yes please"),
      /^spec\.containers\[0\]\.args: Invalid value: "yes please": must be a list$/,
    ],
    [
      "a number that is no port",
      inContainer("ports: [{ containerPort: x }]"),
      /ports\[0\]\.containerPort: Invalid value: "x": must be a whole number$/,
    ],
    [
      "a number that the field's type does not hold",
      inContainer("ports: [{ containerPort: 5000000000 }]"),
      /ports\[0\]\.containerPort: Invalid value: 5000000000: must be a whole number of 32 bits$/,
    ],
    [
      "a quantity that is none",
      inContainer("resources: { limits: { cpu: much } }"),
      /limits\.cpu: Invalid value: "much": must be a quantity/,
    ],
    [
      "a mount of no volume",
      inContainer("volumeMounts: [{ name: x, mountPath: /x }]"),
      /volumeMounts\[0\]\.name: Not found: "x"$/,
    ],
    [
      "a restart policy that is none",
      withSpec("restartPolicy: Sometimes"),
      /^spec\.restartPolicy: Unsupported value: "Sometimes": supported values: "Always"/,
    ],
  ])("refuses %s", (_, text, message) => {
    expect(() => decodeManifest(text, "n")).toThrow(message);
  });

  test.each([
    ["spec.serviceAccountName: Forbidden: refers to a service account", withSpec("serviceAccountName: default")],
    ["spec.imagePullSecrets: Forbidden: refers to secrets", withSpec("imagePullSecrets: [{ name: s }]")],
    [
      "spec.volumes[0].configMap: Forbidden: refers to config maps",
      withSpec("volumes: [{ name: v, configMap: { name: c } }]"),
    ],
    [
      "spec.volumes[0].secret: Forbidden: refers to secrets",
      withSpec("volumes: [{ name: v, secret: { secretName: c } }]"),
    ],
    [
      "spec.volumes[0].persistentVolumeClaim: Forbidden: refers to persistent volume claims",
      withSpec("volumes: [{ name: v, persistentVolumeClaim: { claimName: c } }]"),
    ],
    [
      "spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: refers to service accounts",
      withSpec("volumes: [{ name: v, projected: { sources: [{ serviceAccountToken: { path: t } }] } }]"),
    ],
    [
      "spec.containers[0].env[0].valueFrom.secretKeyRef: Forbidden: refers to secrets",
      inContainer("env: [{ name: A, valueFrom: { secretKeyRef: { name: s, key: k } } }]"),
    ],
    [
      "spec.containers[0].envFrom[0].configMapRef: Forbidden: refers to config maps",
      inContainer("envFrom: [{ configMapRef: { name: c } }]"),
    ],
  ])("refuses objects of the API: %s", (message, text) => {
    expect(() => decodeManifest(text, "n")).toThrow(`${message}, a static pod must do without objects of the API`);
  });

  test("takes a required field that is missing for an empty one, as the API server does", () => {
    const probe = "{ httpGet: { port: 80, httpHeaders: [{ name: X }] } }";
    const [container] = decodeManifest(inContainer(`livenessProbe: ${probe}`), "n").pod.spec?.containers ?? [];
    expect(container?.livenessProbe?.httpGet?.httpHeaders).toEqual([{ name: "X", value: "" }]);
    expect(() => decodeManifest(inContainer("livenessProbe: { httpGet: {} }"), "n")).toThrow(
      "spec.containers[0].livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive",
    );
  });

  test("takes values that only look like references", () => {
    const text = inContainer("env: [{ name: secret, value: secret }]");
    expect(decodeManifest(text, "n").pod.spec?.containers[0]?.env).toEqual([{ name: "secret", value: "secret" }]);
  });
});
