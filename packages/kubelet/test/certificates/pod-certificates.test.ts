import { createPrivateKey, X509Certificate } from "node:crypto";
import { FakeClock, silentLogger } from "@wherry/base";
import type { Pod } from "@wherry/kubernetes";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type PodCertificateSource, RequestingPodCertificates } from "../../src/certificates/pod-certificates.ts";
import { FakeEvents } from "../volumes/fakes.ts";
import { condition, FakeCertificateRequests, issuedStatus } from "./fake-signer.ts";

const pod: Pod = {
  metadata: { name: "web", namespace: "ns", uid: "pod-uid" },
  spec: { containers: [], serviceAccountName: "builder" },
};
const signerName = "example.com/signer";
const projection = { signerName, keyType: "ED25519", credentialBundlePath: "bundle.pem" };
const source: PodCertificateSource = { pod, volume: "v", index: 0, projection };
const hourMs = 3_600_000;

function fixture() {
  const requests = new FakeCertificateRequests();
  const clock = new FakeClock();
  const events = new FakeEvents();
  const node: { nodeName: string; nodeUid: string | undefined } = { nodeName: "node-1", nodeUid: "node-uid" };
  const issued: string[] = [];
  const certificates = new RequestingPodCertificates({
    requests,
    node,
    events,
    logger: silentLogger,
    clock,
    random: () => 0.5,
  });
  certificates.onIssued((uid) => issued.push(uid));
  const controller = new AbortController();
  const running = certificates.run(controller.signal);
  onTestFinished(async () => {
    controller.abort();
    await running;
  });
  const issue = (name: string, options: object = {}) => requests.issue(name, { nowMs: clock.now(), ...options });
  return { requests, clock, events, node, issued, certificates, issue, stop: () => controller.abort(), running };
}

describe("RequestingPodCertificates", () => {
  test.each(["RSA3072", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"])(
    "certificate() gets a certificate for a new key of type %s",
    async (keyType) => {
      const { certificates, issue } = fixture();
      const asked = certificates.certificate({ ...source, projection: { ...projection, keyType } });
      await issue("req-1", { comment: "of no concern\n" });
      const { privateKey, chain } = await asked;
      expect(privateKey).toMatch(/^-----BEGIN PRIVATE KEY-----\n[\s\S]*\n-----END PRIVATE KEY-----\n$/);
      expect(chain).toMatch(/^-----BEGIN CERTIFICATE-----\n[\s\S]*\n-----END CERTIFICATE-----\n$/);
      expect(chain).not.toContain("concern");
      expect(new X509Certificate(chain).checkPrivateKey(createPrivateKey(privateKey))).toBe(true);
    },
  );

  test("certificate() says in its request for whom it is, and asks once for all callers", async () => {
    const { certificates, requests, issue, issued } = fixture();
    const userAnnotations = { "example.com/role": "web" };
    const full = { ...source, projection: { ...projection, maxExpirationSeconds: 7200, userAnnotations } };
    const asked = [certificates.certificate(full), certificates.certificate(full)];
    await issue("req-1");
    const [first, second] = await Promise.all(asked);
    expect(second).toBe(first);
    expect(await certificates.certificate(full)).toBe(first);
    expect(requests.followed.size).toBe(0);
    expect(issued).toEqual(["pod-uid"]);
    expect(requests.created).toMatchObject([
      {
        metadata: {
          namespace: "ns",
          generateName: "req-",
          ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "web", uid: "pod-uid" }],
        },
        spec: {
          signerName,
          podName: "web",
          podUID: "pod-uid",
          serviceAccountName: "builder",
          serviceAccountUID: "uid-builder",
          nodeName: "node-1",
          nodeUID: "node-uid",
          maxExpirationSeconds: 7200,
          unverifiedUserAnnotations: userAnnotations,
        },
      },
    ]);
  });

  test("certificate() gives sources of one volume certificates of their own", async () => {
    const { certificates, issue } = fixture();
    const first = certificates.certificate(source);
    await issue("req-1");
    const second = certificates.certificate({ ...source, index: 1 });
    await issue("req-2");
    expect((await second).privateKey).not.toBe((await first).privateKey);
  });

  test("certificate() fails after a while without an answer, and goes on to wait for the same request", async () => {
    const { certificates, requests, clock, issue, issued } = fixture();
    const asked = certificates.certificate(source);
    const refused = expect(asked).rejects.toThrow(
      `signer "${signerName}" has not answered PodCertificateRequest ns/req-1 yet`,
    );
    await requests.pending("req-1");
    await clock.advance(30_000);
    await refused;
    const again = certificates.certificate(source);
    await issue("req-1");
    expect((await again).chain).toContain("BEGIN CERTIFICATE");
    expect(issued).toEqual(["pod-uid"]);
    expect(requests.created).toHaveLength(1);
  });

  test.each([
    ["Denied", "was denied"],
    ["Failed", "failed"],
  ])("certificate() fails for good when the request is %s, and asks no more", async (type, words) => {
    const { certificates, requests, events } = fixture();
    const asked = certificates.certificate(source);
    await requests.decide("req-1", { conditions: [condition(type, "UnsupportedKeyType", "try ECDSAP256")] });
    const message = `PodCertificateRequest ns/req-1 of signer "${signerName}" ${words}: reason "UnsupportedKeyType", message "try ECDSAP256"`;
    await expect(asked).rejects.toThrow(message);
    await expect(certificates.certificate(source)).rejects.toThrow(message);
    expect(requests.created).toHaveLength(1);
    expect(events.recorded).toMatchObject([{ type: "Warning", reason: type, message }]);
  });

  test("certificate() is renewed with a new key from beginRefreshAt on, and the old one serves until then", async () => {
    const { certificates, requests, clock, issue, issued } = fixture();
    const asked = certificates.certificate(source);
    await issue("req-1");
    const old = await asked;
    await clock.advance(hourMs / 2 + 149_000);
    expect(await certificates.certificate(source)).toBe(old);
    expect(requests.created).toHaveLength(1);
    await clock.advance(1000);
    expect(await certificates.certificate(source)).toBe(old);
    await requests.pending("req-2");
    expect(await certificates.certificate(source)).toBe(old);
    await issue("req-2");
    await vi.waitFor(() => expect(issued).toHaveLength(2));
    const renewed = await certificates.certificate(source);
    expect(renewed.privateKey).not.toBe(old.privateKey);
    expect(renewed.notAfterMs).toBeGreaterThan(old.notAfterMs);
    expect(requests.created).toHaveLength(2);
  });

  test("certificate() keeps the old one when its renewal is refused, and tells when it is overdue and has expired", async () => {
    const { certificates, requests, clock, events, issue } = fixture();
    const asked = certificates.certificate(source);
    await issue("req-1");
    const old = await asked;
    await clock.advance(hourMs / 2 + 150_000);
    await certificates.certificate(source);
    await requests.decide("req-2", { conditions: [condition("Failed", "Down", "no key")] });
    await vi.waitFor(() => expect(events.recorded).toHaveLength(1));
    for (const ms of [601_000, 1000, hourMs, 1000]) {
      await clock.advance(ms);
      expect(await certificates.certificate(source)).toBe(old);
    }
    expect(requests.created).toHaveLength(2);
    expect(events.recorded.map(({ reason }) => reason)).toEqual([
      "Failed",
      "CertificateOverdueForRefresh",
      "CertificateExpired",
    ]);
  });

  test("certificate() shows why it cannot ask, and asks anew at the next call", async () => {
    const { certificates, requests, node, issue } = fixture();
    node.nodeUid = undefined;
    await expect(certificates.certificate(source)).rejects.toThrow('node "node-1" is not registered yet');
    node.nodeUid = "node-uid";
    requests.failures.push(new Error("connection refused"));
    await expect(certificates.certificate(source)).rejects.toThrow("connection refused");
    const unknown = { ...source, index: 1, projection: { ...projection, keyType: "DSA1024" } };
    await expect(certificates.certificate(unknown)).rejects.toThrow(
      'keyType is "DSA1024", supported are RSA3072, RSA4096, ECDSAP256, ECDSAP384, ECDSAP521, ED25519',
    );
    const asked = certificates.certificate(source);
    await issue("req-1");
    await asked;
  });

  test("certificate() asks anew when its request was deleted undecided", async () => {
    const { certificates, requests, issue } = fixture();
    const asked = certificates.certificate(source);
    await requests.delete("req-1");
    await expect(asked).rejects.toThrow("PodCertificateRequest ns/req-1 was deleted undecided");
    const again = certificates.certificate(source);
    await issue("req-2");
    await again;
  });

  test("certificate() asks anew when its request was gone before any watch showed it", async () => {
    const { certificates, requests, clock, issue } = fixture();
    requests.hidden.add("req-1");
    const refused = expect(certificates.certificate(source)).rejects.toThrow("has not answered");
    await requests.pending("req-1");
    await clock.advance(30_000);
    await refused;
    await clock.advance(600_000);
    await vi.waitFor(() => expect(requests.followed.size).toBe(0));
    const again = certificates.certificate(source);
    await issue("req-2");
    await again;
  });

  test.each([
    ["is of another key", { certificateChain: "of another" }, "is not of the requested key"],
    ["has no chain", { certificateChain: "" }, "has an empty chain"],
    ["has too long a chain", { certificateChain: "x".repeat(300_000) }, "has a chain of 300000 characters"],
    ["has no end", { notAfter: undefined }, 'and notAfter "", expected two times'],
  ])("certificate() refuses an issued certificate that %s", async (_, status, message) => {
    const { certificates, requests } = fixture();
    const other = certificates.certificate({ ...source, index: 1 });
    const foreign = await issuedStatus(await requests.pending("req-1"), { nowMs: 0 });
    requests.tell("req-1", foreign);
    await other;
    const asked = certificates.certificate(source);
    const good = await issuedStatus(await requests.pending("req-2"), { nowMs: 0 });
    const bad = { ...good, ...status };
    if (bad.certificateChain === "of another") bad.certificateChain = foreign.certificateChain ?? "";
    requests.tell("req-2", bad);
    await expect(asked).rejects.toThrow(message);
  });

  test("forgetPod() ends the request under way, and a later pod of that UID gets a key of its own", async () => {
    const { certificates, requests, issue, issued } = fixture();
    const asked = certificates.certificate(source);
    await requests.pending("req-1");
    certificates.forgetPod("pod-uid");
    await expect(asked).rejects.toThrow();
    await vi.waitFor(() => expect(requests.followed.size).toBe(0));
    expect(issued).toEqual([]);
    const again = certificates.certificate(source);
    await issue("req-2");
    await again;
  });

  test("certificate() gives up waiting when the caller does, and the request goes on", async () => {
    const { certificates, requests, issue } = fixture();
    const controller = new AbortController();
    const asked = certificates.certificate({ ...source, signal: controller.signal });
    await requests.pending("req-1");
    controller.abort(new Error("pod goes"));
    await expect(asked).rejects.toThrow("pod goes");
    const again = certificates.certificate(source);
    await issue("req-1");
    await again;
  });

  test("run() ends all requests before it resolves", async () => {
    const { certificates, requests, stop, running } = fixture();
    const asked = certificates.certificate(source);
    await requests.pending("req-1");
    stop();
    await expect(asked).rejects.toThrow();
    await running;
    expect(requests.followed.size).toBe(0);
  });
});
