import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sendError, TestNode, workloadKit } from "@wherry/testkit";
import { expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const cluster = sharedCluster({ furtherNodes: ["node-2"] });
const apiVersion = "credentialprovider.kubelet.k8s.io/v1";

/** A plug-in that knows the registry's password and notes what it is asked, and the flags that make a node use it. */
async function pluginFlags(directory: string, registry: string, requests: string): Promise<string[]> {
  const answer = {
    kind: "CredentialProviderResponse",
    apiVersion,
    cacheKeyType: "Registry",
    auth: { [registry]: { username: "user", password: "right" } },
  };
  const plugin = `#!/bin/sh\ncat >> ${requests}\necho >> ${requests}\necho '${JSON.stringify(answer)}'\n`;
  await writeFile(join(directory, "node-credentials"), plugin, { mode: 0o755 });
  const config = join(directory, "config.yaml");
  await writeFile(
    config,
    `apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
  - name: node-credentials
    matchImages: ["${registry}/private"]
    defaultCacheDuration: 1h
    apiVersion: ${apiVersion}
`,
  );
  return [`--image-credential-provider-config=${config}`, `--image-credential-provider-bin-dir=${directory}`];
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
    flags: await pluginFlags(directory, registry.host, requests),
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
