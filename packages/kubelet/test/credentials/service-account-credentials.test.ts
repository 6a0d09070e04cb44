import { createLogger, FakeClock, type LogEntry } from "@wherry/base";
import type { Pod, ServiceAccount } from "@wherry/kubernetes";
import { beforeEach, describe, expect, test } from "vitest";
import { type CredentialProviders, createCredentialProviders } from "../../src/credentials/credential-providers.ts";
import type { TokenAttributes } from "../../src/credentials/token-attributes.ts";
import type { TokenOptions } from "../../src/tokens/service-account-tokens.ts";

const apiVersion = "credentialprovider.kubelet.k8s.io/v1";
const image = "registry.test/app:v1";

interface Request {
  readonly image: string;
  readonly serviceAccountToken?: string;
  readonly serviceAccountAnnotations?: Readonly<Record<string, string>>;
}

const podOf = (name: string, serviceAccountName?: string, namespace = "ns"): Pod => ({
  metadata: { namespace, name, uid: `uid-${name}` },
  spec: { containers: [], serviceAccountName },
});
const first = podOf("first", "builder");
const second = podOf("second", "builder");
const ofBuilder = { kind: "ServiceAccount", uid: "account-1", namespace: "ns", name: "builder" };

describe("createCredentialProviders() with tokenAttributes", () => {
  let accounts: Record<string, ServiceAccount | Error>;
  let asked: Request[];
  let tokenOptions: TokenOptions[];
  let tokenError: Error | undefined;
  let answer: (request: Request) => Record<string, unknown>;
  let log: LogEntry[];

  beforeEach(() => {
    accounts = { "ns/builder": accountOf("account-1", { team: "a", "registry.test/role": "pull", noise: "x" }) };
    [asked, tokenOptions, log, tokenError] = [[], [], [], undefined];
    answer = () => ({});
  });

  const accountOf = (uid: string, annotations?: Record<string, string>): ServiceAccount => ({
    metadata: { uid, annotations },
  });

  function create(attributes: Partial<TokenAttributes> = {}): CredentialProviders {
    const tokenAttributes: TokenAttributes = {
      serviceAccountTokenAudience: "registry",
      cacheType: "ServiceAccount",
      requireServiceAccount: true,
      requiredServiceAccountAnnotationKeys: [],
      optionalServiceAccountAnnotationKeys: [],
      ...attributes,
    };
    const config = {
      name: "plugin",
      matchImages: ["registry.test"],
      defaultCacheMs: 60_000,
      args: [],
      env: {},
      tokenAttributes,
    };
    const services = {
      objects: {
        serviceAccount: async (namespace: string, name: string) => {
          const found = accounts[`${namespace}/${name}`];
          if (found instanceof Error) throw found;
          return found;
        },
      },
      tokens: {
        token: async ({ metadata }: Pod, options: TokenOptions = {}) => {
          tokenOptions.push(options);
          if (tokenError !== undefined) throw tokenError;
          return `token of ${metadata?.name}`;
        },
      },
    };
    return createCredentialProviders([config], services, {
      binDirectory: "/plugins",
      environment: {},
      logger: createLogger((entry) => void log.push(entry), "debug"),
      clock: new FakeClock(),
      runPlugin: async ({ input }) => {
        const request = JSON.parse(input) as Request;
        asked.push(request);
        const auth = { "registry.test": { username: `user ${asked.length}`, password: "p" } };
        const response = { kind: "CredentialProviderResponse", apiVersion, cacheKeyType: "Registry", auth };
        return JSON.stringify({ ...response, ...answer(request) });
      },
    });
  }

  test("credentials made from an account's token are told to be its; those made without are the node's", async () => {
    const providers = create({ requireServiceAccount: false });
    expect(await providers.imageCredentials(image, first)).toMatchObject([{ source: ofBuilder }]);
    const [own] = await providers.imageCredentials(image, podOf("static"));
    expect(own).toEqual({ username: "user 2", password: "p" });
  });

  const user = async (providers: CredentialProviders, pod: Pod, of = image) =>
    (await providers.imageCredentials(of, pod)).map(({ username }) => username)[0];

  test("tells the plug-in a token of the pod's account for its audience, and the annotations that it names", async () => {
    const providers = create({
      requiredServiceAccountAnnotationKeys: ["team"],
      optionalServiceAccountAnnotationKeys: ["registry.test/role", "absent", "constructor"],
    });
    expect(await user(providers, first)).toBe("user 1");
    expect(asked).toEqual([
      {
        kind: "CredentialProviderRequest",
        apiVersion,
        image: "registry.test/app",
        serviceAccountToken: "token of first",
        serviceAccountAnnotations: { "registry.test/role": "pull", team: "a" },
      },
    ]);
    expect(tokenOptions).toEqual([{ audience: "registry", serviceAccountUid: "account-1" }]);
  });

  test("leaves out the mapping of annotations where there are none", async () => {
    await user(create({ optionalServiceAccountAnnotationKeys: ["absent"] }), first);
    expect(asked.map((request) => Object.keys(request))).toEqual([
      ["kind", "apiVersion", "image", "serviceAccountToken"],
    ]);
  });

  test.each(["team", "constructor"])(
    'does not ask the plug-in where the required annotation "%s" is missing',
    async (key) => {
      accounts["ns/builder"] = accountOf("account-1");
      expect(await user(create({ requiredServiceAccountAnnotationKeys: [key] }), first)).toBeUndefined();
      expect([asked, tokenOptions]).toEqual([[], []]);
      expect(log).toMatchObject([
        {
          level: "debug",
          fields: {
            plugin: "plugin",
            reason: `Failed to get service account data ns/builder: required annotation ${key} not found`,
          },
        },
      ]);
    },
  );

  test("does not ask for a pod without an account the plug-in that requires one", async () => {
    expect(await user(create(), podOf("static"))).toBeUndefined();
    expect(asked).toEqual([]);
    expect(log).toMatchObject([
      { level: "debug", fields: { reason: "Service account name is empty for pod ns/static" } },
    ]);
  });

  test("asks for a pod without an account the plug-in that requires none, apart from those with one", async () => {
    const providers = create({ requireServiceAccount: false });
    expect(await user(providers, podOf("static"))).toBe("user 1");
    expect(await user(providers, first)).toBe("user 2");
    expect(await user(providers, podOf("other"))).toBe("user 1");
    expect(asked.map(({ serviceAccountToken }) => serviceAccountToken)).toEqual([undefined, "token of first"]);
  });

  test("goes on without a plug-in whose account cannot be read or whose token is refused, and says so", async () => {
    const providers = create();
    expect(await user(providers, podOf("pod", "missing"))).toBeUndefined();
    accounts["ns/unreadable"] = new Error("no relationship");
    expect(await user(providers, podOf("pod", "unreadable"))).toBeUndefined();
    tokenError = new Error('audience "registry" not found in pod spec volume');
    expect(await user(providers, first)).toBeUndefined();
    expect(asked).toEqual([]);
    expect(log.map(({ level, fields }) => `${level}: ${fields?.["error"]}`)).toEqual([
      'error: Failed to get service account ns/missing: serviceaccounts "missing" not found',
      "error: Failed to get service account ns/unreadable: no relationship",
      'error: Error getting service account token ns/builder: audience "registry" not found in pod spec volume',
    ]);
  });

  test("rejects without a word when the pull is broken off while the account is read", async () => {
    const providers = create();
    const stop = new AbortController();
    stop.abort(new Error("the pod is gone"));
    accounts["ns/builder"] = stop.signal.reason as Error;
    await expect(providers.imageCredentials(image, first, { signal: stop.signal })).rejects.toThrow("the pod is gone");
    expect(log).toEqual([]);
  });

  test.each([
    ["ServiceAccount", ["user 1", "user 1", "user 1"]],
    ["Token", ["user 1", "user 2", "user 1"]],
  ] as const)("remembers an answer by %s", async (cacheType, expected) => {
    const providers = create({ cacheType });
    const users = [];
    for (const pod of [first, second, first]) users.push(await user(providers, pod));
    expect(users).toEqual(expected);
  });

  test.each<[string, () => void, Pod]>([
    ["of another name", () => (accounts["ns/other"] = accountOf("account-1", { team: "a" })), podOf("p", "other")],
    [
      "of another namespace",
      () => (accounts["else/builder"] = accountOf("account-1", { team: "a" })),
      podOf("p", "builder", "else"),
    ],
    ["made anew", () => (accounts["ns/builder"] = accountOf("account-2", { team: "a" })), second],
    ["annotated anew", () => (accounts["ns/builder"] = accountOf("account-1", { team: "b" })), second],
  ])("gives no answer for one account to one %s", async (_, change, pod) => {
    const providers = create({ optionalServiceAccountAnnotationKeys: ["team"] });
    expect(await user(providers, first)).toBe("user 1");
    change();
    expect(await user(providers, pod)).toBe("user 2");
  });

  test.each([
    ["Image", ["user 1", "user 2", "user 1"]],
    ["Registry", ["user 1", "user 1", "user 1"]],
    ["Global", ["user 1", "user 1", "user 1"]],
  ])("remembers an answer of type %s for an account as for all", async (cacheKeyType, expected) => {
    answer = () => ({ cacheKeyType });
    const providers = create();
    const users = [];
    for (const of of ["registry.test/a", "registry.test/b", "registry.test/a:v2"])
      users.push(await user(providers, second, of));
    expect(users).toEqual(expected);
  });

  test("runs once for one token at the same time, and once more for that of another pod", async () => {
    const providers = create();
    const users = await Promise.all([user(providers, first), user(providers, first), user(providers, second)]);
    expect(users).toEqual(["user 1", "user 1", "user 2"]);
  });

  test("takes the token itself as a password only where answers are remembered by token", async () => {
    answer = ({ serviceAccountToken = "" }) => ({
      auth: { "registry.test": { username: "echo", password: serviceAccountToken } },
    });
    expect(await create({ cacheType: "Token" }).imageCredentials(image, first)).toEqual([
      { username: "echo", password: "token of first", source: ofBuilder },
    ]);
    const providers = create();
    expect(await providers.imageCredentials(image, first)).toEqual([]);
    expect(log).toMatchObject([
      {
        level: "error",
        fields: {
          error: `Credential provider plugin returned the service account token as the password for image "${image}", which is not allowed when service account cache type is not set to 'Token'`,
        },
      },
    ]);
    expect(JSON.stringify(log)).not.toContain("token of first");
    await providers.imageCredentials(image, first);
    expect(asked).toHaveLength(3);
  });
});
