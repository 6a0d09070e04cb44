import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type KubernetesClient, resources } from "@wherry/client";
import { type FakeRegistry, sendError } from "@wherry/testkit";

const basic = (password: string) => Buffer.from(`user:${password}`).toString("base64");

/** Makes a registry want credentials for what is below `private`. */
export function guardPrivateImages(registry: FakeRegistry): void {
  registry.intercept = (request, response) => {
    if (!request.url.pathname.startsWith("/v2/private/")) return false;
    if (request.authorization === `Basic ${basic("right")}`) return false;
    response.setHeader("www-authenticate", 'Basic realm="test"');
    sendError(response, 401, "UNAUTHORIZED", "authentication required");
    return true;
  };
}

/** Makes the secrets `own` and `copy`, with credentials that the registry takes, and `wrong`. */
export async function createPullSecrets(client: KubernetesClient, namespace: string, host: string): Promise<void> {
  for (const [name, password] of Object.entries({ own: "right", copy: "right", wrong: "wrong" }))
    await client.create(resources.secrets, {
      metadata: { name, namespace },
      type: "kubernetes.io/dockerconfigjson",
      stringData: { ".dockerconfigjson": JSON.stringify({ auths: { [host]: { auth: basic(password) } } }) },
    });
}

/**
 * The kubelet's record of the image that has such a name, but for what depends on the node: time, UIDs, namespaces and the
 * runtime's ID of the image.
 */
export async function pulledRecord(rootDirectory: string, name: string): Promise<unknown> {
  const directory = join(rootDirectory, "image_manager/pulled");
  for (const file of await readdir(directory)) {
    const record = JSON.parse(await readFile(join(directory, file), "utf8")) as Record<string, unknown>;
    if (Object.hasOwn(record["credentialMapping"] ?? {}, name))
      return JSON.parse(
        JSON.stringify(record, (key, value: unknown) =>
          /^(lastUpdatedTime|uid|namespace|imageRef)$/.test(key) ? typeof value : value,
        ),
      );
  }
  throw new Error(`No record of an image "${name}" in "${directory}"`);
}
