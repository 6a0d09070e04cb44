import { setPodDefaults, type VolumeProjection, validatePod } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { inPod } from "./judged-pods.ts";

function problems(source: VolumeProjection): string[] {
  const pod = inPod({ volumes: [{ name: "v", projected: { sources: [source] } }] });
  setPodDefaults(pod);
  return validatePod(pod).map((error) => `${error.field}: ${error.message}`);
}

describe("validatePod() of projected certificates", () => {
  const problemsOf = (source: VolumeProjection) =>
    problems(source).map((problem) => problem.replace("spec.volumes[0].projected.sources[0].", ""));
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
