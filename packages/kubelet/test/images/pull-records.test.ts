import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createLogger, type LogEntry, silentLogger } from "@wherry/base";
import { expect, test } from "vitest";
import {
  type ImagePullCredentials,
  type ImagePulledRecord,
  mergeCredentials,
  parsePulledRecord,
  provenCredentials,
} from "../../src/images/image-pulled-record.ts";
import { credentialHash, type PullCredential } from "../../src/images/pull-credential.ts";
import { openPullRecords } from "../../src/images/pull-records.ts";
import { temporaryDirectory } from "../volumes/temporary-directory.ts";

const secret = { uid: "testsecretuid", namespace: "default", name: "pull-secret", credentialHash: "testsecrethash" };
const none: ImagePullCredentials = { nodePodsAccessible: false, kubernetesSecrets: [], kubernetesServiceAccounts: [] };
const recordOf = (imageRef: string, mapping: Record<string, ImagePullCredentials> = {}): ImagePulledRecord => ({
  lastUpdatedTime: "2024-10-21T12:26:40Z",
  imageRef,
  credentialMapping: new Map(Object.entries(mapping)),
});
// Names and contents of files that upstream's kubelet writes.
const upstreamName = "sha256-b3c0cc4278800b03a308ceb2611161430df571ca733122f0a40ac8b9792a9064";
const head = (version: string) =>
  `{"kind":"ImagePulledRecord","apiVersion":"kubelet.config.k8s.io/${version}","lastUpdatedTime":"2024-10-21T12:26:40Z"`;
const upstreamRecord = `${head("v1beta1")},"imageRef":"testimageref","credentialMapping":{"docker.io/testing/test":{"kubernetesSecrets":[{"uid":"testsecretuid","namespace":"default","name":"pull-secret","credentialHash":"testsecrethash"}]}}}\n`;
const upstreamIntent =
  '{"kind":"ImagePullIntent","apiVersion":"kubelet.config.k8s.io/v1beta1","image":"repo.repo/test/test:v1"}\n';
const upstreamIntentName = "sha256-ee81caca15454863449fb55a1d942904d56d5ed9f9b20a7cb3453944ea2c7e11";

test("openPullRecords() writes the files of upstream's kubelet, which nobody else can read, and finds them again", async () => {
  const root = await temporaryDirectory();
  const records = await openPullRecords(root, silentLogger);
  const written = recordOf("testimageref", { "docker.io/testing/test": { ...none, kubernetesSecrets: [secret] } });
  await records.writeRecord(written);
  await records.writeIntent("repo.repo/test/test:v1");
  const pulled = join(root, "image_manager/pulled");
  const pulling = join(root, "image_manager/pulling");
  expect(await readdir(pulled)).toEqual([upstreamName]);
  expect(await readFile(join(pulled, upstreamName), "utf8")).toBe(upstreamRecord);
  expect(await readdir(pulling)).toEqual([upstreamIntentName]);
  expect(await readFile(join(pulling, upstreamIntentName), "utf8")).toBe(upstreamIntent);
  expect((await stat(pulled)).mode & 0o777).toBe(0o700);
  expect((await stat(join(pulled, upstreamName))).mode & 0o777).toBe(0o600);

  const next = await openPullRecords(root, silentLogger);
  expect(await next.record("testimageref")).toEqual(written);
  expect(await next.record("other")).toBeUndefined();
  expect(await next.recorded()).toEqual(["testimageref"]);
  expect(await next.intents()).toEqual(["repo.repo/test/test:v1"]);
  expect([next.isPulling("repo.repo/test/test:v1"), next.isPulling("repo.repo/test/test")]).toEqual([true, false]);
  for (let times = 0; times < 2; times++) {
    await next.deleteRecord("testimageref");
    await next.deleteIntent("repo.repo/test/test:v1");
  }
  expect([await readdir(pulled), await readdir(pulling)]).toEqual([[], []]);
  expect(next.isPulling("repo.repo/test/test:v1")).toBe(false);
});

test("parsePulledRecord() reads what older kubelets wrote", () => {
  const account = { uid: "test-sa-uid", namespace: "default", name: "test-sa" };
  const text = `${head("v1alpha1")},"imageRef":"i","credentialMapping":{"a":{"kubernetesServiceAccounts":[${JSON.stringify(account)}]},"b":{"nodePodsAccessible":true}}}`;
  expect(parsePulledRecord(text)).toEqual(
    recordOf("i", {
      a: { ...none, kubernetesServiceAccounts: [account] },
      b: { ...none, nodePodsAccessible: true },
    }),
  );
  expect(parsePulledRecord(`${head("v1alpha1")},"imageRef":"i"}`)).toEqual(recordOf("i"));
});

test.each([
  ["nothing", ""],
  ["half a file", upstreamRecord.slice(0, 200)],
  ["a list", "[]"],
  ["another kind", upstreamIntent],
  ["another version", upstreamRecord.replace("v1beta1", "v2")],
  ["a number for the time", upstreamRecord.replace('"2024-10-21T12:26:40Z"', "1")],
  ["a list for the mapping", `${head("v1beta1")},"imageRef":"testimageref","credentialMapping":[]}`],
  [
    "a text for a flag",
    upstreamRecord.replace('{"kubernetesSecrets"', '{"nodePodsAccessible":"yes","kubernetesSecrets"'),
  ],
  ["a secret without a hash", upstreamRecord.replace(',"credentialHash":"testsecrethash"', "")],
  ["more than any record needs", upstreamRecord + " ".repeat(4 * 1024 * 1024)],
])("a record with %s is no sign that the image was preloaded, and is replaced", async (_name, text) => {
  const root = await temporaryDirectory();
  const entries: LogEntry[] = [];
  const records = await openPullRecords(
    root,
    createLogger((entry) => void entries.push(entry)),
  );
  await writeFile(join(root, "image_manager/pulled", upstreamName), text);
  await expect(records.record("testimageref")).rejects.toMatchObject({ code: "RecordInvalid" });
  await records.writeRecord(recordOf("second"));
  expect(await records.recorded()).toEqual(["second"]);
  expect(entries.map(({ level }) => level)).toEqual(["warn"]);
  await records.writeRecord(recordOf("testimageref"));
  expect(await records.record("testimageref")).toEqual(recordOf("testimageref"));
});

test("an intent counts even where the crash took its content; what a crash left half written does not, and goes", async () => {
  const root = await temporaryDirectory();
  const first = await openPullRecords(root, silentLogger);
  await first.writeIntent("repo.repo/test/test:v1");
  await first.writeRecord(recordOf("testimageref"));
  const pulled = join(root, "image_manager/pulled");
  const pulling = join(root, "image_manager/pulling");
  await writeFile(join(pulling, upstreamIntentName), "");
  for (const directory of [pulled, pulling]) {
    await writeFile(join(directory, "sha256-0.tmp"), "{");
    await writeFile(join(directory, "note"), "somebody's");
  }
  await writeFile(join(pulled, `${upstreamName}.tmp`), "{");
  const next = await openPullRecords(root, silentLogger);
  expect(next.isPulling("repo.repo/test/test:v1")).toBe(true);
  expect(await next.intents()).toEqual([]);
  expect(await next.record("testimageref")).toEqual(recordOf("testimageref"));
  expect(await readdir(pulled)).toEqual(["note", upstreamName].sort());
  expect(await readdir(pulling)).toEqual(["note", upstreamIntentName].sort());
});

test("a write that fails leaves what was, and nothing beside it", async () => {
  const root = await temporaryDirectory();
  const records = await openPullRecords(root, silentLogger);
  const pulled = join(root, "image_manager/pulled");
  // No file can be put in the place of a directory.
  await mkdir(join(pulled, upstreamName));
  await expect(records.writeRecord(recordOf("testimageref"))).rejects.toThrow();
  await mkdir(join(root, "image_manager/pulling", upstreamIntentName));
  await expect(records.writeIntent("repo.repo/test/test:v1")).rejects.toThrow();
  expect(records.isPulling("repo.repo/test/test:v1")).toBe(false);
  expect(await readdir(pulled)).toEqual([upstreamName]);
});

test("openPullRecords() names a directory that cannot be made", async () => {
  const root = await temporaryDirectory();
  await writeFile(join(root, "image_manager"), "");
  await chmod(join(root, "image_manager"), 0o600);
  await expect(openPullRecords(root, silentLogger)).rejects.toMatchObject({
    code: "DirectoryUnusable",
    message: expect.stringContaining(`"${join(root, "image_manager")}"`),
  });
});

test("mergeCredentials() keeps secrets once, sorted, with their newest hash, and forgets all for what everybody may pull", () => {
  const of = (name: string, password: string): PullCredential => ({
    username: "u",
    password,
    source: { kind: "Secret", uid: `uid-${name}`, namespace: "ns", name },
  });
  const account: PullCredential = { source: { kind: "ServiceAccount", uid: "uid-sa", namespace: "ns", name: "sa" } };
  const b = mergeCredentials(undefined, provenCredentials(of("b", "1")));
  const ab = mergeCredentials(b, provenCredentials(of("a", "1")));
  expect(ab.kubernetesSecrets.map(({ name }) => name)).toEqual(["a", "b"]);
  expect(mergeCredentials(ab, provenCredentials(of("a", "1")))).toBe(ab);
  const renewed = mergeCredentials(ab, provenCredentials(of("a", "2")));
  expect(renewed.kubernetesSecrets.map(({ name, credentialHash: hash }) => [name, hash])).toEqual([
    ["a", credentialHash({ username: "u", password: "2" })],
    ["b", credentialHash({ username: "u", password: "1" })],
  ]);
  const both = mergeCredentials(renewed, provenCredentials(account));
  expect(both.kubernetesServiceAccounts).toEqual([{ uid: "uid-sa", namespace: "ns", name: "sa" }]);
  expect(both.kubernetesSecrets).toEqual(renewed.kubernetesSecrets);
  const all = mergeCredentials(both, provenCredentials(undefined));
  expect(all).toEqual({ ...none, nodePodsAccessible: true });
  expect(mergeCredentials(all, provenCredentials(of("a", "1")))).toBe(all);
  expect(provenCredentials({ username: "node" })).toEqual(all);
});

test("credentialHash() is of the JSON that Go makes, without what is empty", () => {
  // Made with Go's encoding/json and crypto/sha256.
  const hash = "214a7d868332b9b9b4089657ccf69026e2c75526c497030de5a04905e89dcce2";
  const password = "a<b>&\u2028\b\u007fé";
  expect(credentialHash({ username: "user", password })).toBe(hash);
  expect(credentialHash({ username: "user", password, identityToken: "" })).toBe(hash);
  expect(credentialHash({ username: "user", password: "x" })).not.toBe(hash);
});
