import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { resources } from "@wherry/client";
import { sendError, TestNode, workloadKit } from "@wherry/testkit";
import { expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const cluster = sharedCluster({ furtherNodes: ["node-2", "node-3"] });
const apiVersion = "credentialprovider.kubelet.k8s.io/v1";
const audience = "registry.example";
const roleKey = "registry.example/role";

/** Writes a plug-in and answers the flags that make a node use it for images of the registry below `repository`. */
async function pluginFlags(directory: string, program: string, repository: string, more = ""): Promise<string[]> {
  await writeFile(join(directory, "node-credentials"), program, { mode: 0o755 });
  const config = join(directory, "config.yaml");
  await writeFile(
    config,
    `apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
  - name: node-credentials
    matchImages: ["${repository}"]
    defaultCacheDuration: 1h
    apiVersion: ${apiVersion}
${more}`,
  );
  return [`--image-credential-provider-config=${config}`, `--image-credential-provider-bin-dir=${directory}`];
}

/** A plug-in that knows the registry's password and notes what it is asked. */
function passwordPlugin(registry: string, requests: string): string {
  const answer = {
    kind: "CredentialProviderResponse",
    apiVersion,
    cacheKeyType: "Registry",
    auth: { [registry]: { username: "user", password: "right" } },
  };
  return `#!/bin/sh\ncat >> ${requests}\necho >> ${requests}\necho '${JSON.stringify(answer)}'\n`;
}

/** A plug-in whose credentials are the role in an annotation of the service account, and its token; notes what it is asked. */
function tokenPlugin(registry: string, requests: string): string {
  return `#!${process.execPath}
const { appendFileSync, readFileSync } = require("node:fs");
const input = readFileSync(0, "utf8");
appendFileSync(${JSON.stringify(requests)}, input + "\\n");
const { serviceAccountToken, serviceAccountAnnotations } = JSON.parse(input);
const auth = { username: serviceAccountAnnotations["${roleKey}"], password: serviceAccountToken };
const head = { kind: "CredentialProviderResponse", apiVersion: "${apiVersion}", cacheKeyType: "Registry" };
console.log(JSON.stringify({ ...head, auth: { "${registry}": auth } }));
`;
}

/** What a registry that trusts the cluster would look at. */
function claimsOf(token: string): { aud?: unknown; sub?: unknown; "kubernetes.io"?: { pod?: { name?: unknown } } } {
  const [, payload = ""] = token.split(".");
  return JSON.parse(Buffer.from(payload, "base64url").toString() || "{}") as ReturnType<typeof claimsOf>;
}

test("a credential provider plug-in opens a private registry to pods that bring no credentials, and is asked once", async () => {
  const { registry, observer, plane, directory: shared } = cluster();
  const image = cluster().addModule("private/kit", await readFile(await workloadKit()));
  registry.intercept = (request, response) => {
    if (!request.url.pathname.startsWith("/v2/private/")) return false;
    if (request.authorization === `Basic ${Buffer.from("user:right").toString("base64")}`) return false;
    response.setHeader("www-authenticate", 'Basic realm="test"');
    sendError(response, 401, "UNAUTHORIZED", "authentication required");
    return true;
  };
  const directory = await mkdtemp(join(shared, "plugins-"));
  const requests = join(directory, "requests");
  await using node = new TestNode({
    directory,
    plane,
    name: "node-2",
    flags: await pluginFlags(directory, passwordPlugin(registry.host, requests), `${registry.host}/private`),
  });
  await node.start();
  for (const name of ["first", "second"]) {
    await cluster().createPod(name, { image, args: ["exit", "0"], imagePullPolicy: "Always" }, { nodeName: "node-2" });
    await observer.untilPhase(name, "Succeeded");
  }
  const request = { kind: "CredentialProviderRequest", apiVersion, image: `${registry.host}/private/kit` };
  expect(await readFile(requests, "utf8")).toBe(`${JSON.stringify(request)}\n`);
  await node.process.stop();
  await rm(join(directory, "node-credentials"));
  const child = await node.launch();
  expect(await child.exited).toMatchObject({ code: 1 });
  expect(child.tail()).toMatch(
    /error: Cannot use the credential provider configuration of .*: providers\[0\]\.name: is /,
  );
});

test("a pod's image is pulled with the token of its service account and an annotation of it, by a plug-in that is told both", async () => {
  const { client, registry, observer, plane, directory: shared } = cluster();
  const image = cluster().addModule("guarded/kit", await readFile(await workloadKit()));
  let shown = "";
  registry.intercept = (request, response) => {
    if (!request.url.pathname.startsWith("/v2/guarded/")) return false;
    const basic = /^Basic (.*)$/.exec(request.authorization ?? "")?.[1] ?? "";
    const [, user, token = ""] = /^([^:]*):(.*)$/.exec(Buffer.from(basic, "base64").toString()) ?? [];
    const { aud, sub } = claimsOf(token);
    if (user === "reader" && String(aud) === audience && sub === "system:serviceaccount:default:puller") {
      shown = token;
      return false;
    }
    response.setHeader("www-authenticate", 'Basic realm="test"');
    sendError(response, 401, "UNAUTHORIZED", "authentication required");
    return true;
  };
  const metadata = { name: "puller", annotations: { [roleKey]: "reader", "registry.example/secret": "no" } };
  await client.create(resources.serviceAccounts, { metadata }, { namespace: "default" });
  const directory = await mkdtemp(join(shared, "plugins-"));
  const requests = join(directory, "requests");
  const attributes = `    tokenAttributes:
      serviceAccountTokenAudience: ${audience}
      cacheType: Token
      requireServiceAccount: true
      requiredServiceAccountAnnotationKeys: ["${roleKey}"]
`;
  const program = tokenPlugin(registry.host, requests);
  await using node = new TestNode({
    directory,
    plane,
    name: "node-3",
    flags: await pluginFlags(directory, program, `${registry.host}/guarded`, attributes),
  });
  await node.start();
  const create = (name: string, spec = {}) =>
    cluster().createPod(
      name,
      { image, args: ["exit", "0"], imagePullPolicy: "Always" },
      { nodeName: "node-3", restartPolicy: "Never", ...spec },
    );

  await create("unmarked");
  await observer.untilEvent("unmarked", "Failed", /401 Unauthorized/);
  if (plane.name === "kube-apiserver") {
    await create("early", { serviceAccountName: "puller" });
    const refused = `audience \\"${audience}\\" not found in pod spec volume, system:node:node-3 is not authorized to request tokens for this audience`;
    await node.process.line("that the token is refused", (line) => line.includes(refused) || undefined);
    await observer.untilEvent("early", "Failed", /401 Unauthorized/);
    // Its next attempt would be one more question to the plug-in.
    await cluster().deletePod("early", 0);
    await observer.untilGone("early");
    await allowAudience();
  }
  await create("told", { serviceAccountName: "puller" });
  await observer.untilPhase("told", "Succeeded");

  expect(claimsOf(shown)["kubernetes.io"]?.pod?.name).toBe("told");
  const review = await client.create(resources.tokenReviews, { spec: { token: shown, audiences: [audience] } });
  expect(review.status).toMatchObject({ authenticated: true, audiences: [audience] });
  const asked = (await readFile(requests, "utf8")).trim().split("\n");
  expect(asked.map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      kind: "CredentialProviderRequest",
      apiVersion,
      image: `${registry.host}/guarded/kit`,
      serviceAccountToken: shown,
      serviceAccountAnnotations: { [roleKey]: "reader" },
    },
  ]);
  expect(node.process.tail(Number.POSITIVE_INFINITY)).not.toContain(shown);
});

/** What an administrator must allow before nodes get tokens for an audience that no volume of the pod names. */
async function allowAudience(): Promise<void> {
  const { client } = cluster();
  const name = "registry-audience";
  const rules = [{ apiGroups: [""], resources: [audience], verbs: ["request-serviceaccounts-token-audience"] }];
  await client.create(resources.clusterRoles, { metadata: { name }, rules });
  await client.create(resources.clusterRoleBindings, {
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "system:nodes" }],
  });
}
