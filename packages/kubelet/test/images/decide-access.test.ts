import { describe, expect, test } from "vitest";
import { type AccessDecision, decideAccess, matchPresented } from "../../src/images/decide-access.ts";
import type { ImagePullCredentials, ImagePulledRecord } from "../../src/images/image-pulled-record.ts";
import { type CredentialSource, credentialHash, type PullCredential } from "../../src/images/pull-credential.ts";
import { allowlistProblem, type VerificationPolicy } from "../../src/images/verification-policy.ts";

const image = "registry.test/app:v1";
const login = { username: "user", password: "right" };
const renewed = { username: "user", password: "renewed" };

const none: ImagePullCredentials = {
  nodePodsAccessible: false,
  kubernetesSecrets: [],
  kubernetesServiceAccounts: [],
};
const secret = { uid: "uid-1", namespace: "ns", name: "pull", credentialHash: credentialHash(login) };
const account = { uid: "uid-2", namespace: "ns", name: "builder" };
const ofNode: ImagePullCredentials = { ...none, nodePodsAccessible: true };
const ofSecret: ImagePullCredentials = { ...none, kubernetesSecrets: [secret] };
const ofAccount: ImagePullCredentials = { ...none, kubernetesServiceAccounts: [account] };

const recordOf = (credentials?: ImagePullCredentials, name = "registry.test/app"): ImagePulledRecord => ({
  lastUpdatedTime: "2026-01-01T00:00:00Z",
  imageRef: "sha256:1",
  credentialMapping: new Map(credentials === undefined ? [] : [[name, credentials]]),
});

describe("decideAccess()", () => {
  const byPolicy: AccessDecision = { kind: "allowed", by: "policy" };
  const byRecord: AccessDecision = { kind: "allowed", by: "record" };
  const refused: AccessDecision = { kind: "refused" };
  const asks: AccessDecision = { kind: "ask", known: ofSecret };

  // What is known of the image; then by policy: never, preloaded, allowlisted (not on the list), always.
  const table: readonly (readonly [string, ImagePulledRecord | undefined, boolean, readonly AccessDecision[]])[] = [
    ["preloaded", undefined, false, [byPolicy, byPolicy, refused, refused]],
    ["being pulled", undefined, true, [byPolicy, refused, refused, refused]],
    ["pulled for nobody known", recordOf(), false, [byPolicy, refused, refused, refused]],
    ["pulled by an empty entry", recordOf(none), false, [byPolicy, refused, refused, refused]],
    [
      "pulled under another name",
      recordOf(ofNode, "registry.test/other"),
      false,
      [byPolicy, refused, refused, refused],
    ],
    ["pulled for all", recordOf(ofNode), false, [byPolicy, byRecord, byRecord, byRecord]],
    ["pulled for all, and again now", recordOf(ofNode), true, [byPolicy, byRecord, byRecord, byRecord]],
    ["pulled with a secret", recordOf(ofSecret), false, [byPolicy, asks, asks, asks]],
    [
      "pulled with an account",
      recordOf(ofAccount),
      false,
      [byPolicy, ...[1, 2, 3].map((): AccessDecision => ({ kind: "ask", known: ofAccount }))],
    ],
  ];
  const policies: readonly VerificationPolicy[] = [
    { policy: "NeverVerify", allowlist: [] },
    { policy: "NeverVerifyPreloadedImages", allowlist: [] },
    { policy: "NeverVerifyAllowlistedImages", allowlist: ["registry.test/ap", "other.test/*"] },
    { policy: "AlwaysVerify", allowlist: [] },
  ];

  test.each(table)("decideAccess() of an image that is %s", (_name, record, isPulling, expected) => {
    expect(policies.map((policy) => decideAccess(image, { record, isPulling }, policy))).toEqual(expected);
  });

  test.each([
    ["registry.test/app", "registry.test/app", true],
    ["registry.test/app", "registry.test/app:v1", true],
    ["registry.test/app", "registry.test:443/app:v1", false],
    ["registry.test/app", `registry.test/app:v1@sha256:${"0".repeat(64)}`, true],
    ["registry.test/app", "registry.test/app/more", false],
    ["registry.test/*", "registry.test/app:v1", true],
    ["registry.test/team/*", "registry.test/team/a/b", true],
    ["registry.test/team/*", "registry.test/teams", false],
    ["docker.io/library/app", "app:v1", false],
  ])("decideAccess() with allowlist %s lets pods have %s: %s", (entry, name, allowed) => {
    const policy: VerificationPolicy = { policy: "NeverVerifyAllowlistedImages", allowlist: [entry] };
    // Once pulled it is no less on the list.
    for (const record of [undefined, recordOf()])
      expect(decideAccess(name, { record, isPulling: false }, policy).kind).toBe(allowed ? "allowed" : "refused");
  });
});

test.each([
  ["registry.test/app", true],
  ["app", true],
  ["registry.test/*", true],
  ["registry.test/team/*", true],
  ["", false],
  ["*", false],
  ["/*", false],
  [" registry.test/*", false],
  ["registry.test/app ", false],
  ["registry.test*", false],
  ["*.test/*", false],
  ["registry.test/app:v1", false],
  [`app@sha256:${"0".repeat(64)}`, false],
  ["No Such", false],
])("allowlistProblem() takes %j: %s", (entry, valid) => {
  expect(allowlistProblem(entry) === undefined).toBe(valid);
});

describe("matchPresented()", () => {
  const from = (kind: CredentialSource["kind"], more: Partial<CredentialSource> = {}): CredentialSource => ({
    kind,
    uid: "uid-1",
    namespace: "ns",
    name: "pull",
    ...more,
  });
  const same: PullCredential = { ...login, source: from("Secret") };
  const rotated: PullCredential = { ...renewed, source: from("Secret") };
  const copied: PullCredential = { ...login, source: from("Secret", { uid: "uid-9", namespace: "other" }) };
  const recreated: PullCredential = { ...renewed, source: from("Secret", { uid: "uid-9" }) };
  const strange: PullCredential = { ...renewed, source: from("Secret", { namespace: "other" }) };
  const builder: PullCredential = { ...renewed, source: from("ServiceAccount", account) };
  const unhashed: ImagePullCredentials = { ...none, kubernetesSecrets: [{ ...secret, credentialHash: "" }] };
  const many: ImagePullCredentials = {
    ...none,
    kubernetesSecrets: [secret, ...Array.from({ length: 99 }, (_, index) => ({ ...secret, uid: `other-${index}` }))],
  };

  const table: readonly (readonly [
    string,
    ImagePullCredentials,
    PullCredential[],
    boolean,
    PullCredential | undefined,
  ])[] = [
    ["nothing", ofSecret, [], false, undefined],
    ["credentials of the node", ofSecret, [login], false, undefined],
    ["the same secret", ofSecret, [same], true, undefined],
    ["the same secret with new credentials", ofSecret, [rotated], true, rotated],
    ["another secret of the same credentials", ofSecret, [copied], true, copied],
    ["a secret made anew by that name, with other credentials", ofSecret, [recreated], false, undefined],
    ["a secret of that name in another namespace, with other credentials", ofSecret, [strange], false, undefined],
    ["a stranger's and then the same secret", ofSecret, [strange, same], true, undefined],
    ["the same secret, whose hash is not known", unhashed, [same], true, same],
    ["another secret, where the hash is not known", unhashed, [copied], false, undefined],
    ["the same secret, of very many", many, [same], true, undefined],
    ["another secret of the same credentials, of very many", many, [copied], true, undefined],
    ["the same secret with new credentials, of very many", many, [rotated], false, undefined],
    ["the same account", ofAccount, [builder], true, undefined],
    [
      "another account of that name",
      ofAccount,
      [{ ...builder, source: from("ServiceAccount", { ...account, uid: "uid-3" }) }],
      false,
      undefined,
    ],
    ["a secret named as the account", ofAccount, [{ ...builder, source: from("Secret", account) }], false, undefined],
    ["an account, for a secret's image", ofSecret, [{ ...login, source: from("ServiceAccount") }], false, undefined],
  ];

  test.each(table)("matchPresented() with %s", (_name, known, presented, allowed, learned) => {
    const match = matchPresented(known, presented);
    expect(match.allowed).toBe(allowed);
    expect(match.learned).toBe(learned);
  });
});
