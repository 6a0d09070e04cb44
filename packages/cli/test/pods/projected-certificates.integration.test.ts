import { createPrivateKey, X509Certificate } from "node:crypto";
import { defineResource, type ResourceDefinition } from "@wherry/client";
import type { ClusterTrustBundle, PodCertificateRequest, VolumeProjection } from "@wherry/kubernetes";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { condition, issuedStatus } from "../../../kubelet/test/certificates/fake-signer.ts";
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

const requests: ResourceDefinition<PodCertificateRequest> = defineResource({
  group: "certificates.k8s.io",
  version: "v1beta1",
  resource: "podcertificaterequests",
  kind: "PodCertificateRequest",
  namespaced: true,
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
    await cluster().observer.untilEvent(
      "waits",
      "FailedMount",
      /clustertrustbundle.certificates.k8s.io "late" not found/,
    );
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

describe("pod certificates in a pod's volumes", () => {
  const controller = new AbortController();
  let signing: Promise<void>;

  /** Decides requests by the last part of their signer's name, as signers do. */
  async function sign(): Promise<void> {
    const { client } = cluster();
    for await (const { type, object } of client.watch(requests, { signal: controller.signal, timeoutSeconds: 3600 })) {
      if (type !== "ADDED") continue;
      const refused = (verdict: string) => ({
        conditions: [condition(verdict, "UnsupportedKeyType", "try ECDSAP256")],
      });
      const verdict = object.spec.signerName.split("/")[1];
      const status =
        verdict === "issue" ? await issuedStatus(object, { nowMs: Date.now(), comment: "# signed\n" }) : undefined;
      if (verdict === "wait") continue;
      await client.replace(
        requests,
        { ...object, status: status ?? refused(verdict === "deny" ? "Denied" : "Failed") },
        { subresource: "status" },
      );
    }
  }

  beforeAll(() => {
    signing = sign().catch((error: unknown) => {
      if (!controller.signal.aborted) throw error;
    });
  });

  afterAll(async () => {
    controller.abort();
    await signing;
  });

  test.each(["RSA3072", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"])(
    "a key of type %s and its certificate are shown in one file and in two",
    async (keyType) => {
      const name = `certificate-${keyType.toLowerCase()}`;
      const podCertificate = {
        signerName: "example.com/issue",
        keyType,
        maxExpirationSeconds: 7200,
        userAnnotations: { "example.com/role": "web" },
        credentialBundlePath: "bundle.pem",
        keyPath: "tls.key",
        certificateChainPath: "tls.crt",
      };
      await createReader(name, [{ podCertificate }], ["bundle.pem", "tls.key", "tls.crt"]);
      const pod = await cluster().observer.untilPhase(name, "Succeeded");
      const text = await cluster().log(name);
      const [, bundle = "", key = "", chain = ""] =
        /^((-----BEGIN PRIVATE KEY-----[^#]*?-----END PRIVATE KEY-----\n)(-----BEGIN CERTIFICATE-----[^#]*?-----END CERTIFICATE-----\n))\2\3$/.exec(
          text,
        ) ?? [];
      expect(bundle).toBe(key + chain);
      const certificate = new X509Certificate(chain);
      expect(certificate.subject).toBe(`CN=${name}`);
      expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
      const all = await cluster().client.list(requests, { namespace: "default" });
      expect(all.items.filter(({ spec }) => spec.podName === name).map(({ spec }) => spec)).toMatchObject([
        {
          podUID: pod.metadata?.uid,
          nodeName: "node-1",
          serviceAccountName: "default",
          maxExpirationSeconds: 7200,
          unverifiedUserAnnotations: { "example.com/role": "web" },
        },
      ]);
    },
  );

  test.each([
    ["deny", "Denied", "was denied"],
    ["fail", "Failed", "failed"],
  ])(
    "a signer's refusal (%s) is told with reason and message, and no request follows",
    async (verdict, type, words) => {
      const name = `certificate-${verdict}`;
      const podCertificate = { signerName: `example.com/${verdict}`, keyType: "ED25519", credentialBundlePath: "b" };
      await createReader(name, [{ podCertificate }], ["b"]);
      const message = new RegExp(`${words}: reason "UnsupportedKeyType", message "try ECDSAP256"`);
      await cluster().observer.untilEvent(name, type, message);
      await cluster().observer.untilEvent(name, "FailedMount", message);
      const all = await cluster().client.list(requests, { namespace: "default" });
      expect(all.items.filter(({ spec }) => spec.podName === name)).toHaveLength(1);
      await cluster().deletePod(name);
      await cluster().observer.untilGone(name);
    },
  );

  test("a pod that waits for its certificate can be deleted", async () => {
    const podCertificate = { signerName: "example.com/wait", keyType: "ED25519", credentialBundlePath: "b" };
    await createReader("certificate-wait", [{ podCertificate }], ["b"]);
    for await (const { object } of cluster().client.watch(requests, { namespace: "default" }))
      if (object.spec.podName === "certificate-wait") break;
    await cluster().deletePod("certificate-wait");
    await cluster().observer.untilGone("certificate-wait");
  });
});
