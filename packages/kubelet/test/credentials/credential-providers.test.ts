import { createLogger, FakeClock, type LogEntry } from "@wherry/base";
import type { Pod } from "@wherry/kubernetes";
import { beforeEach, describe, expect, test } from "vitest";
import type { CredentialProviderConfig } from "../../src/credentials/credential-provider-config.ts";
import { type CredentialProviders, createCredentialProviders } from "../../src/credentials/credential-providers.ts";
import type { CredentialProviderServices } from "../../src/credentials/pod-service-account.ts";
import type { CredentialPluginCall } from "../../src/credentials/run-credential-plugin.ts";

const apiVersion = "credentialprovider.kubelet.k8s.io/v1";
const minuteMs = 60_000;

const pod: Pod = {
  metadata: { namespace: "ns", name: "pod" },
  spec: { containers: [], serviceAccountName: "builder" },
};

/** Plug-ins without `tokenAttributes` are told nothing of the pod, so nothing is to be read. */
const noServices: CredentialProviderServices = {
  objects: { serviceAccount: () => Promise.reject(new Error("the service account was read")) },
  tokens: { token: () => Promise.reject(new Error("a token was asked for")) },
};

const answerOf = (more: Record<string, unknown>): string =>
  JSON.stringify({
    kind: "CredentialProviderResponse",
    apiVersion,
    cacheKeyType: "Image",
    auth: { "registry.test": { username: "u", password: "p" } },
    ...more,
  });

const configOf = (more: Partial<CredentialProviderConfig> = {}): CredentialProviderConfig => ({
  name: "plugin",
  matchImages: ["registry.test", "*.other.test"],
  defaultCacheMs: 10 * minuteMs,
  args: ["--get"],
  env: { OWN: "1", PATH: "/own" },
  ...more,
});

describe("createCredentialProviders()", () => {
  let clock: FakeClock;
  let calls: CredentialPluginCall[];
  let answer: (call: CredentialPluginCall) => Promise<string> | string;
  let log: LogEntry[];

  beforeEach(() => {
    clock = new FakeClock();
    [calls, log] = [[], []];
    answer = () => answerOf({});
  });

  const create = (...configs: CredentialProviderConfig[]): CredentialProviders =>
    createCredentialProviders(configs, noServices, {
      binDirectory: "/plugins",
      environment: { PATH: "/usr/bin", HOME: "/root" },
      logger: createLogger((entry) => void log.push(entry)),
      clock,
      runPlugin: async (call) => {
        calls.push(call);
        return answer(call);
      },
    });

  const asked = () => calls.map(({ input }) => (JSON.parse(input) as { image: string }).image);
  const users = async (providers: CredentialProviders, image: string) =>
    (await providers.imageCredentials(image, pod)).map(({ username }) => username);

  test("runs the program with arguments, environment and a request on its standard input", async () => {
    expect(await create(configOf()).imageCredentials("registry.test/team/app:v1", pod)).toEqual([
      { username: "u", password: "p" },
    ]);
    expect(calls).toMatchObject([
      {
        program: "/plugins/plugin",
        args: ["--get"],
        env: { PATH: "/own", HOME: "/root", OWN: "1" },
        timeoutMs: minuteMs,
      },
    ]);
    expect(JSON.parse(calls[0]?.input ?? "")).toEqual({
      kind: "CredentialProviderRequest",
      apiVersion,
      image: "registry.test/team/app",
    });
  });

  test("asks only plug-ins that know the image, in the order of the configuration", async () => {
    answer = ({ program }) => answerOf({ auth: { "registry.test": { username: program, password: "" } } });
    const providers = create(
      configOf({ name: "z" }),
      configOf({ name: "no", matchImages: ["registry.test/else"] }),
      configOf({ name: "a" }),
    );
    expect(await users(providers, "registry.test/app")).toEqual(["/plugins/z", "/plugins/a"]);
    expect(await users(providers, "elsewhere.test/app")).toEqual([]);
    expect(await users(providers, "app")).toEqual([]);
  });

  test("takes of an answer what is for the image, the most specific first", async () => {
    answer = () =>
      answerOf({
        auth: Object.fromEntries(
          ["*.test", "registry.test/team", "else.test"].map((pattern) => [
            pattern,
            { username: pattern, password: "" },
          ]),
        ),
      });
    expect(await users(create(configOf()), "registry.test/team/app")).toEqual(["registry.test/team", "*.test"]);
  });

  test.each([
    ["Image", ["registry.test/a", "registry.test/b", "x.other.test/a"]],
    ["Registry", ["registry.test/a", "x.other.test/a"]],
    ["Global", ["registry.test/a"]],
  ])("remembers an answer of type %s for what it holds for", async (cacheKeyType, expected) => {
    answer = () => answerOf({ cacheKeyType });
    const providers = create(configOf());
    for (const image of ["registry.test/a:v1", "registry.test/a:v2", "registry.test/b", "x.other.test/a"])
      await providers.imageCredentials(image, pod);
    expect(asked()).toEqual(expected);
  });

  test.each([
    ["the default without a duration", undefined, 10],
    ["the answer's duration", "3m", 3],
    ["no time with a duration of 0", "0s", 0],
  ])("remembers an answer for %s", async (_, cacheDuration, minutes) => {
    answer = () => answerOf({ cacheDuration });
    const providers = create(configOf());
    await providers.imageCredentials("registry.test/a", pod);
    await clock.advance(Math.max(0, minutes * minuteMs - 1));
    await providers.imageCredentials("registry.test/a", pod);
    expect(calls).toHaveLength(minutes === 0 ? 2 : 1);
    await clock.advance(1);
    await providers.imageCredentials("registry.test/a", pod);
    expect(calls).toHaveLength(minutes === 0 ? 3 : 2);
  });

  test("runs once for pods that pull the same image at the same time, even if one of them goes", async () => {
    const done = Promise.withResolvers<string>();
    answer = () => done.promise;
    const providers = create(configOf());
    const impatient = new AbortController();
    const first = providers.imageCredentials("registry.test/a", pod, { signal: impatient.signal });
    const second = providers.imageCredentials("registry.test/a", pod);
    impatient.abort(new Error("the pod is gone"));
    await expect(first).rejects.toThrow("the pod is gone");
    done.resolve(answerOf({}));
    expect(await second).toHaveLength(1);
    expect(calls).toHaveLength(1);
  });

  test.each([
    ["ends badly", () => Promise.reject(new Error("exit code 1")), "exit code 1"],
    ["prints no JSON", () => "secret", "it is not JSON"],
    ["prints a list", () => "[]", "it is not a JSON object"],
    ["answers in another version", () => answerOf({ apiVersion: "v0" }), "kind and apiVersion must be"],
    [
      "names no cache key",
      () => answerOf({ cacheKeyType: "Pod" }),
      "cacheKeyType must be one of Image, Registry, Global",
    ],
    ["gives no duration", () => answerOf({ cacheDuration: 5 }), "cacheDuration must be a duration"],
    [
      "gives no credentials",
      () => answerOf({ auth: { a: "secret" } }),
      "entries of auth must have username and password",
    ],
  ])(
    "goes on without a plug-in that %s, says so without secrets, and asks again next time",
    async (_, bad, message) => {
      answer = ({ program }) => (program === "/plugins/bad" ? bad() : answerOf({}));
      const providers = create(configOf({ name: "bad" }), configOf({ name: "good" }));
      expect(await users(providers, "registry.test/a")).toEqual(["u"]);
      expect(log).toMatchObject([
        { level: "error", fields: { plugin: "bad", error: expect.stringContaining(message) } },
      ]);
      expect(JSON.stringify(log)).not.toContain("secret");
      await providers.imageCredentials("registry.test/a", pod);
      expect(calls.map(({ program }) => program)).toEqual(["/plugins/bad", "/plugins/good", "/plugins/bad"]);
    },
  );

  test("run() ends plug-ins with the kubelet", async () => {
    const ended = Promise.withResolvers<string>();
    answer = ({ signal }) => {
      signal.addEventListener("abort", () => ended.reject(new Error("killed")), { once: true });
      return ended.promise;
    };
    const providers = create(configOf());
    const stop = new AbortController();
    const running = providers.run(stop.signal);
    const pull = providers.imageCredentials("registry.test/a", pod);
    stop.abort();
    await running;
    expect(await pull).toEqual([]);
  });
});
