import { readFileSync, statSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ApiClient } from "./api-client.ts";
import { nodeOf, podOf, startPlane, type TestPlane } from "./test-plane.ts";

/** A PKCS #10 request with an empty subject and an Ed25519 key that nobody has any more. */
const stubPKCS10Request =
  "MH8wMwIBADAAMCowBQYDK2VwAyEAuZ+oQDCQ8iKxsyMjGJn8hyfGtPIflSSSymyp/+j9Vf2gADAFBgMrZXADQQCMtdEOrCA+pgzuhQ/vSmUrIoyzZKcGfiOu+VjmMnvpfb3K3zJUpda/vBAzVzNOb1T/8s/DZPVSdXT/ik44/f4N";

let plane: TestPlane;
let node: ApiClient;

const pods = "/api/v1/namespaces/default/pods";
const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
const certificates = "/apis/certificates.k8s.io/v1beta1";
const certificateRequests = `${certificates}/namespaces/default/podcertificaterequests`;

beforeAll(async () => {
  plane = await startPlane();
  node = new ApiClient(await plane.plane.nodeKubeconfig("n1"));
  await node.post("/api/v1/nodes", nodeOf("n1"));
  await plane.admin.post("/api/v1/nodes", { ...nodeOf("n2"), spec: { unschedulable: true } });
  for (const name of ["used", "other"]) {
    await plane.admin.post("/api/v1/namespaces/default/secrets", { metadata: { name } });
  }
  const volumes = [{ name: "s", secret: { secretName: "used" } }];
  await plane.admin.post(pods, podOf("mine", { nodeName: "n1", volumes }));
  await plane.admin.post(pods, podOf("theirs", { nodeName: "n2" }));
});

afterAll(async () => {
  await node[Symbol.asyncDispose]();
  await plane[Symbol.asyncDispose]();
});

describe("authentication", () => {
  test("keeps keys and tokens to the owner", () => {
    for (const file of [
      "tokens.json",
      "admin.kubeconfig",
      "pki/ca.key",
      "pki/apiserver.key",
      "pki/service-account.key",
    ]) {
      expect(statSync(join(plane.directory, file)).mode & 0o077, file).toBe(0);
    }
    expect(statSync(plane.directory).mode & 0o077).toBe(0);
  });

  test("refuses wrong tokens and unknown people", async () => {
    await using wrong = new ApiClient(plane.kubeconfigPath, "wrong");
    expect(await wrong.get("/api")).toMatchObject({ code: 401, body: { reason: "Unauthorized" } });
    await using nobody = new ApiClient(plane.kubeconfigPath, "");
    expect((await nobody.get(pods, { authorization: "" })).code).toBe(401);
    expect((await nobody.get("/readyz", { authorization: "" })).code).toBe(401);
  });

  test("lets anyone ask for health and version, and nothing else", async () => {
    const config = JSON.parse(readFileSync(plane.kubeconfigPath, "utf8")).clusters[0].cluster;
    const ca = Buffer.from(config["certificate-authority-data"], "base64");
    const get = (path: string) =>
      new Promise<number>((resolve, reject) => {
        const sent = request(`${config.server}${path}`, { ca }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        sent.on("error", reject);
        sent.end();
      });
    // Over HTTP/1.1, which the listener speaks too.
    expect(await get("/readyz")).toBe(200);
    expect(await get("/version")).toBe(200);
    expect(await get("/api")).toBe(403);
    expect(await get(pods)).toBe(403);
  });

  test("takes client certificates of its own authority", async () => {
    const { server } = JSON.parse(readFileSync(plane.kubeconfigPath, "utf8")).clusters[0].cluster;
    const pki = (file: string) => readFileSync(join(plane.directory, "pki", file));
    const options = { ca: pki("ca.crt"), cert: pki("kubelet-client.crt"), key: pki("kubelet-client.key") };
    const code = await new Promise<number>((resolve, reject) => {
      const sent = request(`${server}${pods}`, options, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sent.on("error", reject);
      sent.end();
    });
    expect(code).toBe(200);
  });
});

test.each([
  ["clustertrustbundles", "spec.trustBundle"],
  ["namespaces/default/podcertificaterequests", "spec.signerName"],
])("an empty object of %s is refused for what it lacks", async (resource, field) => {
  const answer = await plane.admin.post(`${certificates}/${resource}`, { metadata: { name: "empty" } });
  expect(answer).toMatchObject({ code: 422, body: { reason: "Invalid" } });
  expect(answer.body.message).toContain(field);
});

describe("nodes", () => {
  test("read their own pods and what these refer to", async () => {
    expect((await node.get(`/api/v1/pods?fieldSelector=spec.nodeName%3Dn1`)).code).toBe(200);
    expect((await node.get(`${pods}/mine`)).code).toBe(200);
    expect((await node.get("/api/v1/namespaces/default/secrets/used")).code).toBe(200);
    expect((await node.get("/api/v1/namespaces/default/configmaps/kube-root-ca.crt")).code).toBe(200);
    expect((await node.get("/api/v1/namespaces/default/secrets?fieldSelector=metadata.name%3Dused")).code).toBe(200);
    expect((await node.get("/api/v1/services")).code).toBe(200);
    expect((await node.get(`${certificates}/clustertrustbundles`)).code).toBe(200);
    const requests = `${certificates}/podcertificaterequests?fieldSelector=spec.nodeName%3Dn1`;
    expect((await node.get(requests)).code).toBe(200);
  });

  test.each([
    ["all pods", "GET", "/api/v1/pods", "can only list/watch pods with spec.nodeName field selector"],
    ["another's pod", "GET", `${pods}/theirs`, "no relationship found between node 'n1' and this object"],
    ["a secret nobody refers to", "GET", "/api/v1/namespaces/default/secrets/other", "no relationship found"],
    ["all secrets", "GET", "/api/v1/secrets", "No Object name found"],
    ["another node", "GET", "/api/v1/nodes/n2", "only its own Node object"],
    ["another's lease", "GET", `${leases}/n2`, "can only access node lease with the same name"],
    ["namespaces", "POST", "/api/v1/namespaces", "cannot create resource"],
    ["trust bundles", "POST", `${certificates}/clustertrustbundles`, "cannot create resource"],
    [
      "others' certificate requests",
      "GET",
      `${certificates}/podcertificaterequests`,
      "can only list/watch podcertificaterequests with nodeName field selector",
    ],
    ["a certificate request", "DELETE", `${certificateRequests}/x`, "nodes may not delete podcertificaterequests"],
    ["a verdict", "PUT", `${certificateRequests}/x/status`, "nodes may not access the status subresource"],
  ])("may not touch %s", async (_, method, path, reason) => {
    const answer = await node.request(method, path, method === "POST" ? {} : undefined);
    expect(answer).toMatchObject({ code: 403, body: { reason: "Forbidden" } });
    expect(answer.body.message).toContain(reason);
  });

  test("write their own status, pods and lease only", async () => {
    const status = { status: { phase: "Running" } };
    expect((await node.patch(`${pods}/mine/status`, status, "strategic-merge")).code).toBe(200);
    expect((await node.patch(`${pods}/theirs/status`, status, "strategic-merge")).body.message).toContain(
      'node "n1" can only update pod status for pods with spec.nodeName set to itself',
    );
    expect((await node.delete(`${pods}/theirs`)).code).toBe(403);
    expect((await node.post(leases, { metadata: { name: "n1" }, spec: {} })).code).toBe(201);
    expect((await node.post(leases, { metadata: { name: "n2" }, spec: {} })).code).toBe(403);
    expect((await node.patch("/api/v1/nodes/n1/status", { status: { phase: "Running" } })).code).toBe(200);
    expect((await node.patch("/api/v1/nodes/n2/status", { status: {} })).code).toBe(403);
  });

  test("ask for certificates of their own pods only, and tell the truth about them", async () => {
    const uid = async (path: string) => (await plane.admin.get(path)).body.metadata.uid;
    const spec = {
      signerName: "example.com/a",
      podName: "mine",
      podUID: await uid(`${pods}/mine`),
      serviceAccountName: "default",
      serviceAccountUID: await uid("/api/v1/namespaces/default/serviceaccounts/default"),
      nodeName: "n1",
      nodeUID: await uid("/api/v1/nodes/n1"),
      stubPKCS10Request,
    };
    const ask = (more: object, by = node) =>
      by.post(certificateRequests, { metadata: { generateName: "req-" }, spec: { ...spec, ...more } });
    const theirs = { podName: "theirs", podUID: await uid(`${pods}/theirs`) };
    for (const [lie, message] of [
      [{ nodeName: "n2" }, 'which is not the requesting node "n1"'],
      [theirs, 'pod "default/theirs" is not running on node "n1"'],
      [{ podName: "none" }, 'pod "default/none" named in the PodCertificateRequest not found'],
      [{ podUID: "x" }, 'contains pod UID ("x") which differs from running pod'],
      [
        { serviceAccountName: "other" },
        'contains serviceAccountName ("other") that differs from running pod ("default")',
      ],
      [{ serviceAccountUID: "x" }, 'names service account UID "x", which differs'],
      [{ nodeUID: "x" }, 'names node UID "x", inconsistent with the running node'],
    ] as const) {
      const answer = await ask(lie);
      expect(answer.code, message).toBe(403);
      expect(answer.body.message).toContain(message);
    }
    for (const [mistake, message] of [
      [{ signerName: "a" }, "must be a fully qualified domain and path"],
      [{ maxExpirationSeconds: 60 }, "must be in the range [3600, 7862400]"],
      [{ signerName: "kubernetes.io/a", maxExpirationSeconds: 90_000 }, "must be in the range [3600, 86400]"],
      [{ unverifiedUserAnnotations: { role: "web" } }, "must be a domain-prefixed key"],
      [{ stubPKCS10Request: "QUJD" }, "must be a valid PKCS#10 CSR"],
      [{ stubPKCS10Request: stubPKCS10Request.replace(/.$/, "A") }, "invalid signature"],
    ] as const) {
      const answer = await ask(mistake, plane.admin);
      expect(answer.code, message).toBe(422);
      expect(answer.body.message).toContain(message);
    }
    const asked = await ask({});
    expect(asked).toMatchObject({ code: 201, body: { spec: { maxExpirationSeconds: 86_400 } } });
    expect((await node.get(`${certificateRequests}/${asked.body.metadata.name}`)).code).toBe(200);
  });

  test("are told what their signers say once, and a certificate only of the requested key", async () => {
    const metadata = { name: "decided" };
    const spec = { signerName: "example.com/a", podName: "p", serviceAccountName: "a", nodeName: "n1" };
    const uids = { podUID: "1", serviceAccountUID: "2", nodeUID: "3" };
    const created = await plane.admin.post(certificateRequests, {
      metadata,
      spec: { ...spec, ...uids, stubPKCS10Request },
    });
    const decide = async (status: object) =>
      (await plane.admin.put(`${certificateRequests}/decided/status`, { ...created.body, status })).body;
    const verdict = (type: string, more: object = {}) => ({
      type,
      status: "True",
      reason: "Because",
      message: "",
      lastTransitionTime: "2026-01-01T00:00:00Z",
      ...more,
    });
    const config = JSON.parse(readFileSync(plane.kubeconfigPath, "utf8")).clusters[0].cluster;
    const certificateChain = Buffer.from(config["certificate-authority-data"], "base64").toString();
    for (const [status, message] of [
      [{ conditions: [verdict("Approved")] }, 'supported values: "Denied", "Failed", "Issued"'],
      [{ conditions: [verdict("Denied", { status: "False" })] }, 'supported values: "True"'],
      [{ conditions: [verdict("Denied"), verdict("Failed")] }, "There may be at most one condition"],
      [{ conditions: [verdict("Denied")], certificateChain }, "non-condition status fields must be empty"],
      [{ certificateChain }, "status is immutable unless transitioning"],
      [{ conditions: [verdict("Issued")] }, "must contain at least one certificate"],
      [{ conditions: [verdict("Issued")], certificateChain }, "was not issued to the requested public key"],
    ] as const)
      expect((await decide(status)).message).toContain(message);
    expect((await decide({ conditions: [verdict("Denied")] })).status.conditions).toHaveLength(1);
    created.body.metadata = (await plane.admin.get(`${certificateRequests}/decided`)).body.metadata;
    expect((await decide({ conditions: [verdict("Failed")] })).message).toContain("immutable after");
  });

  // A node could change debug containers and resources of its pods, and whatever subresource came next.
  test.each([
    ["ephemeralcontainers", { spec: { ephemeralContainers: [{ name: "d", image: "x" }] } }],
    ["resize", { spec: { containers: [{ name: "main", resources: { limits: { cpu: "1" } } }] } }],
  ])("may not write %s of their pods", async (subresource, patch) => {
    const path = `${pods}/mine/${subresource}`;
    expect((await node.patch(path, patch, "strategic-merge")).code).toBe(403);
    expect((await node.put(path, podOf("mine", { nodeName: "n1" }))).code).toBe(403);
    expect((await node.get(path)).code).toBe(403);
    expect((await plane.admin.get(path)).code).toBe(200);
  });

  test("may evict their pods, and not bind any", async () => {
    await plane.admin.post(pods, podOf("unwanted", { nodeName: "n1" }));
    const eviction = { metadata: { name: "unwanted" } };
    expect((await node.post(`${pods}/unwanted/eviction`, eviction)).code).toBe(201);
    expect((await node.post(`${pods}/mine/binding`, { target: { name: "n1" } })).code).toBe(403);
  });

  test("may not change what others decide about them", async () => {
    const taints = await node.patch("/api/v1/nodes/n1", { spec: { taints: [{ key: "a", effect: "NoSchedule" }] } });
    expect(taints.body.message).toContain("is not allowed to modify taints");
    const labels = await node.patch("/api/v1/nodes/n1", {
      metadata: { labels: { "node-role.kubernetes.io/master": "" } },
    });
    expect(labels.body.message).toContain("is not allowed to modify labels: node-role.kubernetes.io/master");
    expect((await node.patch("/api/v1/nodes/n1", { metadata: { labels: { mine: "1" } } })).code).toBe(200);
    expect((await node.post("/api/v1/nodes", nodeOf("n3"))).body.message).toContain(
      'node "n1" is not allowed to modify node "n3"',
    );
  });

  test("create mirror pods of themselves only", async () => {
    const { uid } = (await node.get("/api/v1/nodes/n1")).body.metadata;
    const owner = { apiVersion: "v1", kind: "Node", name: "n1", uid, controller: true };
    const mirrorOf = (spec: Record<string, unknown>, ownerReferences: unknown[] = [owner]) => ({
      ...podOf("mirror", { nodeName: "n1", ...spec }),
      metadata: { name: "mirror", annotations: { "kubernetes.io/config.mirror": "x" }, ownerReferences },
    });
    expect((await node.post(pods, podOf("plain", { nodeName: "n1" }))).body.message).toContain(
      "can only create mirror pods",
    );
    const secret = { env: [{ name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }] };
    for (const [mirror, reason] of [
      [mirrorOf({ nodeName: "n2" }), "with spec.nodeName set to itself"],
      [mirrorOf({}, []), "with a single owner reference set to itself"],
      [mirrorOf({}, [{ ...owner, name: "n2" }]), "with a controller owner reference set to itself"],
      [mirrorOf({}, [{ ...owner, controller: false }]), "with a controller owner reference set to itself"],
      [mirrorOf({}, [{ ...owner, uid: "other" }]), "with an owner reference of its own UID, not other"],
      [mirrorOf({}, [{ ...owner, blockOwnerDeletion: true }]), "must not set blockOwnerDeletion"],
      [mirrorOf({ serviceAccountName: "default" }), "can not create pods that reference a service account"],
      [mirrorOf({ imagePullSecrets: [{ name: "s" }] }), "can not create pods that reference secrets"],
      [mirrorOf({ containers: [{ name: "a", image: "b", ...secret }] }), "can not create pods that reference secrets"],
      [
        mirrorOf({ volumes: [{ name: "a", configMap: { name: "c" } }] }),
        "can not create pods that reference configmaps",
      ],
    ] as const) {
      const { code, body } = await node.post(pods, mirror);
      expect(body.message).toContain(reason);
      expect(code).toBe(403);
    }
    const mirror = mirrorOf({});
    expect((await node.post(pods, mirror)).code).toBe(201);
  });
});

describe("service account tokens", () => {
  const tokens = "/api/v1/namespaces/default/serviceaccounts/default/token";
  const review = "/apis/authentication.k8s.io/v1/tokenreviews";

  async function boundTo(name: string): Promise<{ kind: string; apiVersion: string; name: string; uid: string }> {
    const { body } = await plane.admin.get(`${pods}/${name}`);
    return { kind: "Pod", apiVersion: "v1", name, uid: body.metadata.uid };
  }

  test("are issued to a node for its own pods, and die with the pod", async () => {
    await plane.admin.post(pods, podOf("short", { nodeName: "n1" }));
    const spec = { audiences: ["vault"], expirationSeconds: 3607, boundObjectRef: await boundTo("short") };
    const { code, body } = await node.post(tokens, { spec });
    expect(code).toBe(201);
    const { token } = body.status;
    const ask = async () => (await node.post(review, { spec: { token, audiences: ["vault"] } })).body.status;
    expect(await ask()).toMatchObject({
      authenticated: true,
      audiences: ["vault"],
      user: {
        username: "system:serviceaccount:default:default",
        groups: ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
        extra: { "authentication.kubernetes.io/pod-name": ["short"], "authentication.kubernetes.io/node-name": ["n1"] },
      },
    });
    const elsewhere = await node.post(review, { spec: { token } });
    expect(elsewhere.body.status).toMatchObject({ authenticated: false });
    await plane.admin.delete(`${pods}/short`, { gracePeriodSeconds: 0 });
    expect(await ask()).toMatchObject({ authenticated: false });
  });

  test("are refused to a node for others, and to anyone on wrong terms", async () => {
    expect((await node.post(tokens, { spec: { boundObjectRef: await boundTo("theirs") } })).body.message).toContain(
      "node requested token bound to a pod scheduled on a different node",
    );
    expect((await node.post(tokens, { spec: {} })).body.message).toContain("node requested token not bound to a pod");
    expect((await plane.admin.post(tokens, { spec: { expirationSeconds: 10 } })).code).toBe(422);
    const wrong = { ...(await boundTo("mine")), uid: "other" };
    expect((await plane.admin.post(tokens, { spec: { boundObjectRef: wrong } })).code).toBe(409);
    expect((await plane.admin.post(tokens.replace("/default/token", "/none/token"), { spec: {} })).code).toBe(404);
  });

  test("are issued to who names the account's UID, and not for another account of its name", async () => {
    const account = await plane.admin.get(tokens.replace("/token", ""));
    const { uid } = account.body.metadata;
    const issued = await plane.admin.post(tokens, { metadata: { uid }, spec: {} });
    expect(issued).toMatchObject({ code: 201, body: { metadata: { name: "default", namespace: "default", uid } } });
    const refused = await plane.admin.post(tokens, { metadata: { uid: "other" }, spec: {} });
    expect(refused).toMatchObject({ code: 409, body: { reason: "Conflict" } });
    expect(refused.body.message).toBe(
      `Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "default": the UID in the token request (other) does not match the UID of the service account (${uid})`,
    );
  });

  test("let a workload read discovery and know itself, and no more", async () => {
    const { body } = await plane.admin.post(tokens, { spec: {} });
    await using workload = new ApiClient(plane.kubeconfigPath, body.status.token);
    expect((await workload.get("/apis")).code).toBe(200);
    const self = await workload.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {});
    expect(self.body.status.userInfo.username).toBe("system:serviceaccount:default:default");
    const refused = await workload.get(pods);
    expect(refused).toMatchObject({ code: 403 });
    expect(refused.body.message).toBe(
      'pods is forbidden: User "system:serviceaccount:default:default" cannot list resource "pods" in API group "" in the namespace "default"',
    );
    const [head, claims, signature] = body.status.token.split(".");
    const forged = Buffer.from(
      Buffer.from(claims, "base64url").toString().replace("default:default", "default:admin"),
    ).toString("base64url");
    await using forger = new ApiClient(plane.kubeconfigPath, `${head}.${forged}.${signature}`);
    expect((await forger.get("/api")).code).toBe(401);
  });
});

describe("reviews", () => {
  const authorization = "/apis/authorization.k8s.io/v1";
  const masters = { user: "someone", groups: ["system:masters"] };
  const workload = { user: "someone", groups: ["system:authenticated"] };
  const stranger = { user: "someone", groups: ["system:unauthenticated"] };
  const nodeOne = { user: "system:node:n1", groups: ["system:nodes", "system:authenticated"] };

  // Every path was open to everybody, and so was every verb that is none of a request.
  test.each<[object, object, boolean]>([
    [masters, { nonResourceAttributes: { verb: "post", path: "/anything" } }, true],
    [workload, { nonResourceAttributes: { verb: "get", path: "/apis/apps" } }, true],
    [workload, { nonResourceAttributes: { verb: "get", path: "/metrics" } }, false],
    [workload, { nonResourceAttributes: { verb: "get", path: "/apiserver" } }, false],
    [workload, { nonResourceAttributes: { verb: "post", path: "/apis" } }, false],
    [stranger, { nonResourceAttributes: { verb: "get", path: "/version" } }, true],
    [stranger, { nonResourceAttributes: { verb: "get", path: "/apis" } }, false],
    [masters, { resourceAttributes: { verb: "impersonate", resource: "users" } }, true],
    [nodeOne, { resourceAttributes: { verb: "get", resource: "services" } }, true],
    [nodeOne, { resourceAttributes: { verb: "impersonate", resource: "services" } }, false],
    [nodeOne, { resourceAttributes: { verb: "*", resource: "nodes", name: "n1" } }, false],
    [workload, { resourceAttributes: { verb: "get", resource: "pods", namespace: "default" } }, false],
  ])("tell of %j with %j: %s", async (subject, attributes, allowed) => {
    const { code, body } = await plane.admin.post(`${authorization}/subjectaccessreviews`, {
      spec: { ...subject, ...attributes },
    });
    expect({ code, allowed: body.status.allowed }).toEqual({ code: 201, allowed });
  });

  test.each([
    [{ user: "someone" }, "spec.resourceAttributes: Invalid value"],
    [{ user: "someone", resourceAttributes: { verb: "get" }, nonResourceAttributes: { path: "/" } }, "in combination"],
    [{ resourceAttributes: { verb: "get" } }, "at least one of user or group must be specified"],
  ])("are refused with the spec %j", async (spec, message) => {
    const { code, body } = await plane.admin.post(`${authorization}/subjectaccessreviews`, { spec });
    expect(code).toBe(422);
    expect(body.message).toContain(message);
  });

  test("tell users their own rules, which are not everybody's", async () => {
    const rules = async (client: ApiClient) =>
      (await client.post(`${authorization}/selfsubjectrulesreviews`, { spec: { namespace: "default" } })).body.status;
    expect(await rules(plane.admin)).toMatchObject({
      resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }],
      incomplete: false,
    });
    const ofNode = await rules(node);
    expect(ofNode).toMatchObject({ incomplete: true, evaluationError: expect.stringContaining("node authorizer") });
    expect(JSON.stringify(ofNode)).not.toContain('"*"');
    const answer = await plane.admin.post("/api/v1/namespaces/default/serviceaccounts/default/token", { spec: {} });
    await using account = new ApiClient(plane.kubeconfigPath, answer.body.status.token);
    const ofAccount = await rules(account);
    expect(ofAccount).toMatchObject({
      nonResourceRules: [{ verbs: ["get"], nonResourceURLs: expect.arrayContaining(["/version", "/apis/*"]) }],
      incomplete: false,
    });
    // What the rules tell is what reviews and requests tell.
    for (const { verbs, apiGroups, resources } of ofAccount.resourceRules) {
      for (const resource of resources) {
        const review = await account.post(`${authorization}/selfsubjectaccessreviews`, {
          spec: { resourceAttributes: { verb: verbs[0], group: apiGroups[0], resource } },
        });
        expect(review.body.status.allowed, resource).toBe(true);
      }
    }
    const secrets = await account.post(`${authorization}/selfsubjectaccessreviews`, {
      spec: { resourceAttributes: { verb: "get", resource: "secrets", namespace: "default" } },
    });
    expect(secrets.body.status.allowed).toBe(false);
    expect((await account.get("/metrics")).code).toBe(403);
    expect((await plane.admin.get("/metrics")).code).toBe(404);
  });
});

test("discovery names every resource in both forms", async () => {
  const plain = await plane.admin.get("/api/v1");
  const names = plain.body.resources.map((resource: { name: string }) => resource.name);
  expect(names).toEqual(
    expect.arrayContaining(["pods", "pods/status", "pods/log", "pods/binding", "nodes", "namespaces/finalize"]),
  );
  const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
  const aggregated = await plane.admin.get("/apis", { accept });
  expect(aggregated.headers["content-type"]).toContain("as=APIGroupDiscoveryList");
  const groups = aggregated.body.items.map((item: { metadata: { name: string } }) => item.metadata.name);
  expect(groups).toEqual(expect.arrayContaining(["coordination.k8s.io", "events.k8s.io", "node.k8s.io"]));
  const openApi = await plane.admin.get("/openapi/v3");
  for (const { serverRelativeURL } of Object.values(openApi.body.paths) as { serverRelativeURL: string }[]) {
    expect((await plane.admin.get(serverRelativeURL)).code).toBe(200);
  }
  const core = await plane.admin.get("/openapi/v3/api/v1");
  const schemas = Object.keys(core.body.components.schemas);
  const references = JSON.stringify(core.body).match(/#\/components\/schemas\/[\w.]+/g) ?? [];
  for (const reference of new Set(references)) expect(schemas).toContain(reference.split("/").at(-1));
  expect((await plane.admin.get("/apis/nothing")).code).toBe(404);
});
