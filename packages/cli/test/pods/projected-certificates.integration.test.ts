import { defineResource, type ResourceDefinition } from "@wherry/client";
import type { ClusterTrustBundle, VolumeProjection } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { createTestAuthority } from "../../../kubelet/test/server/test-authority.ts";
import { sharedCluster } from "./shared-cluster.ts";

const cluster = sharedCluster({ certificateApis: true });

const bundles: ResourceDefinition<ClusterTrustBundle> = defineResource({
  group: "certificates.k8s.io",
  version: "v1beta1",
  resource: "clustertrustbundles",
  kind: "ClusterTrustBundle",
  namespaced: false,
});

const authority = async () => `${(await createTestAuthority()).certificate.trim()}\n`;

/** A pod that prints files of a volume with these sources. */
async function createReader(name: string, sources: VolumeProjection[], files: readonly string[]): Promise<void> {
  await cluster().createPod(
    name,
    {
      args: files.flatMap((file) => ["cat", `/v/${file}`]),
      volumeMounts: [{ name: "v", mountPath: "/v" }],
    },
    { volumes: [{ name: "v", projected: { sources } }] },
  );
}

describe.concurrent("cluster trust bundles in a pod's volumes", () => {
  test("a bundle is shown by its name, those of a signer by their labels, each certificate once", async () => {
    const { client, observer } = cluster();
    const [one, two, other] = [await authority(), await authority(), await authority()];
    const create = (name: string, trustBundle: string, more: object = {}, labels?: Record<string, string>) =>
      client.create(bundles, { metadata: { name, labels }, spec: { trustBundle, ...more } });
    const signer = { signerName: "example.com/signer" };
    await create("plain", `# ours\n${one}# and theirs\n${two}`);
    await create("example.com:signer:1", one + two, signer, { live: "yes" });
    await create("example.com:signer:2", two, signer, { live: "yes" });
    await create("example.com:signer:3", other, signer, { live: "no" });
    await createReader(
      "bundles",
      [
        { clusterTrustBundle: { name: "plain", path: "plain.pem" } },
        { clusterTrustBundle: { ...signer, labelSelector: { matchLabels: { live: "yes" } }, path: "live.pem" } },
        { clusterTrustBundle: { ...signer, labelSelector: {}, path: "all.pem" } },
        { clusterTrustBundle: { ...signer, path: "none.pem", optional: true } },
      ],
      ["plain.pem", "live.pem", "all.pem", "none.pem"],
    );
    await observer.untilPhase("bundles", "Succeeded");
    expect(await cluster().log("bundles")).toBe(one + two + one + two + one + two + other);
  });

  test("a pod waits for the bundle it needs, and says for which", async () => {
    await createReader("waits", [{ clusterTrustBundle: { name: "late", path: "ca.pem" } }], ["ca.pem"]);
    await cluster().observer.untilEvent("waits", "FailedMount", /clustertrustbundle "late" not found/);
    const trustBundle = await authority();
    await cluster().client.create(bundles, { metadata: { name: "late" }, spec: { trustBundle } });
    await cluster().observer.untilPhase("waits", "Succeeded");
    expect(await cluster().log("waits")).toBe(trustBundle);
  });

  test("the API server takes only what is a bundle of its signer", async () => {
    const certificate = await authority();
    const create = (name: string, trustBundle: string, signerName?: string) =>
      cluster().client.create(bundles, { metadata: { name }, spec: { trustBundle, signerName } });
    await expect(create("a:b", certificate)).rejects.toThrow('without signer name must not have ":" in its name');
    await expect(create("plain-of-a", certificate, "example.com/a")).rejects.toThrow(
      "must be named with prefix example.com:a:",
    );
    await expect(create("example:a", certificate, "example")).rejects.toThrow(
      "must be a fully qualified domain and path",
    );
    await expect(create("empty", "")).rejects.toThrow("at least one trust anchor must be provided");
    await expect(create("twice", certificate + certificate)).rejects.toThrow("duplicate trust anchor (indices [0 1])");
    const junk = certificate.replace(/\n[\s\S]*\n-/, "\nQUJD\n-");
    await expect(create("junk", junk)).rejects.toThrow("entry 0 does not parse as X.509");
    const headers = certificate.replace("\n", "\nProc-Type: 4\n\n");
    await expect(create("headers", certificate + headers)).rejects.toThrow("entry 1 has PEM block headers");
    await expect(create("key", certificate.replaceAll("CERTIFICATE", "PUBLIC KEY"))).rejects.toThrow(
      "entry 0 has bad block type: PUBLIC KEY",
    );
  });
});
