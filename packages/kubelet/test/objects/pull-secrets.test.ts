import { createLogger, type LogEntry, silentLogger } from "@wherry/base";
import { ApiError } from "@wherry/client";
import type { Pod, Secret, ServiceAccount } from "@wherry/kubernetes";
import { expect, test } from "vitest";
import { createPullSecrets } from "../../src/objects/pull-secrets.ts";
import { FakeEvents } from "../volumes/fakes.ts";

const registrySecret = (user: string, registry = "registry.test"): Secret => ({
  type: "kubernetes.io/dockerconfigjson",
  data: {
    ".dockerconfigjson": btoa(JSON.stringify({ auths: { [registry]: { username: user, password: "pw-hunter2" } } })),
  },
});

function fixture(secrets: Readonly<Record<string, Secret | Error>>, account?: ServiceAccount | Error) {
  const events = new FakeEvents();
  const entries: LogEntry[] = [];
  const answer = <T>(value: T | Error | undefined) => {
    if (value instanceof Error) throw value;
    return value;
  };
  const pullSecrets = createPullSecrets({
    objects: { secret: async (_, name) => answer(secrets[name]), serviceAccount: async () => answer(account) },
    events,
    logger: createLogger((entry) => entries.push(entry), "debug"),
  });
  const users = async (names: string[], image = "registry.test/app") => {
    const spec = { containers: [], imagePullSecrets: names.map((name) => ({ name })), serviceAccountName: "sa" };
    const pod: Pod = { metadata: { namespace: "ns", name: "pod" }, spec };
    return (await pullSecrets.pullCredentials(pod, image)).map(({ username }) => username);
  };
  return { events, entries, users };
}

test("pullCredentials() answers matching credentials in the order of the secrets", async () => {
  const { users } = fixture({ a: registrySecret("a"), b: registrySecret("b"), c: registrySecret("c", "other.test") });
  expect(await users(["b", "a", "c"])).toEqual(["b", "a"]);
  expect(await users(["c"])).toEqual([]);
  expect(await users([])).toEqual([]);
});

test("pullCredentials() answers the node's credentials after the pod's own, and reads nothing for a static pod", async () => {
  const read: string[] = [];
  const pullSecrets = createPullSecrets({
    objects: {
      secret: async (_, name) => registrySecret(name),
      serviceAccount: async (_, name) => void read.push(name),
    },
    events: new FakeEvents(),
    logger: silentLogger,
    providers: {
      imageCredentials: async (image, { metadata }) => [{ username: `node for ${image} of ${metadata?.name}` }],
    },
  });
  const users = async (annotations: Record<string, string>, secrets: string[]) => {
    const spec = { containers: [], imagePullSecrets: secrets.map((name) => ({ name })) };
    const pod: Pod = { metadata: { namespace: "ns", name: "pod", annotations }, spec };
    return (await pullSecrets.pullCredentials(pod, "registry.test/app")).map(({ username }) => username);
  };
  expect(await users({}, ["a"])).toEqual(["a", "node for registry.test/app of pod"]);
  expect(await users({ "kubernetes.io/config.source": "file" }, [])).toEqual(["node for registry.test/app of pod"]);
  expect(read).toEqual([]);
  await users({}, []);
  expect(read).toEqual(["default"]);
});

test("pullCredentials() tells which secret each credential comes from, of equal ones too, and none for the node's", async () => {
  const pullSecrets = createPullSecrets({
    objects: {
      secret: async (_, name) => ({ ...registrySecret("same"), metadata: { uid: `uid-${name}` } }),
      serviceAccount: async () => undefined,
    },
    events: new FakeEvents(),
    logger: silentLogger,
    providers: { imageCredentials: async () => [{ username: "node" }] },
  });
  const spec = { containers: [], imagePullSecrets: [{ name: "a" }, { name: "b" }] };
  const pod: Pod = { metadata: { namespace: "ns", name: "pod" }, spec };
  const auth = { username: "same", password: "pw-hunter2" };
  expect(await pullSecrets.pullCredentials(pod, "registry.test/app")).toEqual([
    { ...auth, source: { kind: "Secret", uid: "uid-a", namespace: "ns", name: "a" } },
    { ...auth, source: { kind: "Secret", uid: "uid-b", namespace: "ns", name: "b" } },
    { username: "node" },
  ]);
});

test("pullCredentials() reads the older form", async () => {
  const old = { "registry.test": { auth: btoa("old:x") } };
  const { users } = fixture({
    a: { type: "kubernetes.io/dockercfg", data: { ".dockercfg": btoa(JSON.stringify(old)) } },
  });
  expect(await users(["a"])).toEqual(["old"]);
});

test("pullCredentials() goes on without secrets that are missing or broken, with one event", async () => {
  const broken: Secret = { type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": btoa("pw-hunter2") } };
  const { users, events, entries } = fixture({
    good: registrySecret("good"),
    broken,
    opaque: { type: "Opaque", data: { x: "" } },
    failing: new Error("connection refused"),
  });
  expect(await users(["none", "broken", "good", "opaque", "failing"])).toEqual(["good"]);
  expect(events.recorded).toMatchObject([
    {
      type: "Warning",
      reason: "FailedToRetrieveImagePullSecret",
      message:
        "Unable to retrieve some image pull secrets (broken, failing, none, opaque); attempting to pull the image may not succeed.",
    },
  ]);
  expect(JSON.stringify(entries)).not.toContain("hunter2");
});

test("pullCredentials() takes the service account's secrets when the pod names none", async () => {
  const secrets = { own: registrySecret("own"), account: registrySecret("account") };
  const { users } = fixture(secrets, { imagePullSecrets: [{ name: "account" }] });
  expect(await users([])).toEqual(["account"]);
  expect(await users(["own"])).toEqual(["own"]);
});

test("pullCredentials() does without a service account that it may not or cannot read", async () => {
  const forbidden = fixture({}, new ApiError("get", { code: 403, reason: "Forbidden" }));
  expect(await forbidden.users([])).toEqual([]);
  expect(forbidden.entries).toEqual([]);
  const failing = fixture({}, new Error("connection refused"));
  expect(await failing.users([])).toEqual([]);
  expect(failing.entries).toHaveLength(1);
});
