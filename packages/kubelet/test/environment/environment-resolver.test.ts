import type { Container, Pod } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { createEnvironmentResolver } from "../../src/environment/environment-resolver.ts";
import { FakeEvents, FakeObjects } from "../volumes/fakes.ts";

const pod: Pod = {
  metadata: { name: "pod", namespace: "ns", uid: "u", labels: { app: "web" } },
  spec: { containers: [], nodeName: "node-1" },
};
const facts = { podIps: ["10.1.0.1"], hostIps: ["10.0.0.1"], nodeAllocatable: { cpu: "4" } };

function fixture() {
  const objects = new FakeObjects();
  const events = new FakeEvents();
  objects.setConfigMap("config", { A: "config-a", B: "config-b" });
  objects.setSecret("secret", { B: "secret-b", C: "secret-c" });
  const api = {
    metadata: { namespace: "default", name: "kubernetes" },
    spec: { clusterIP: "10.0.0.1", ports: [{ port: 443 }] },
  };
  const services = { ready: Promise.resolve(), forNamespace: () => [api] };
  const contents = new Map<string, string | Buffer>();
  const files = {
    readVolumeFile: async (uid: string, volume: string, path: string) => {
      const content = contents.get(`${uid}/${volume}/${path}`);
      return content === undefined ? undefined : Buffer.from(content);
    },
  };
  const resolver = createEnvironmentResolver({ objects, events, services, files });
  const resolve = async (container: Partial<Container>) => {
    const variables = await resolver.containerEnvironment(pod, { name: "main", ...container }, facts);
    return Object.fromEntries(
      variables.filter(({ name }) => !name.startsWith("KUBERNETES_")).map(({ name, value }) => [name, value]),
    );
  };
  return { objects, events, contents, resolver, resolve };
}

describe("containerEnvironment()", () => {
  test("containerEnvironment() lets later sources win: services, envFrom in order, env", async () => {
    const { resolver } = fixture();
    const variables = await resolver.containerEnvironment(
      pod,
      {
        name: "main",
        envFrom: [{ configMapRef: { name: "config" } }, { secretRef: { name: "secret" } }],
        env: [
          { name: "C", value: "own" },
          { name: "KUBERNETES_SERVICE_PORT", value: "6443" },
        ],
      },
      facts,
    );
    const values = new Map(variables.map(({ name, value }) => [name, value]));
    expect(values.size).toBe(variables.length);
    expect(values.get("A")).toBe("config-a");
    expect(values.get("B")).toBe("secret-b");
    expect(values.get("C")).toBe("own");
    expect(values.get("KUBERNETES_SERVICE_HOST")).toBe("10.0.0.1");
    expect(values.get("KUBERNETES_SERVICE_PORT")).toBe("6443");
  });

  test("containerEnvironment() puts the prefix before names of envFrom", async () => {
    const { resolve } = fixture();
    expect(await resolve({ envFrom: [{ prefix: "P_", configMapRef: { name: "config" } }] })).toEqual({
      P_A: "config-a",
      P_B: "config-b",
    });
  });

  test("containerEnvironment() expands references to what came before, services and envFrom included", async () => {
    const { resolve } = fixture();
    expect(
      await resolve({
        envFrom: [{ configMapRef: { name: "config" } }],
        env: [
          { name: "EARLY", value: "$(LATE)" },
          { name: "LATE", value: "late" },
          { name: "ALL", value: "$(A) $(LATE) $$(A) $(NONE) $(KUBERNETES_SERVICE_PORT)" },
          { name: "A", value: "[$(A)]" },
          { name: "AFTER", value: "$(A)" },
        ],
      }),
    ).toEqual({
      A: "[config-a]",
      B: "config-b",
      EARLY: "$(LATE)",
      LATE: "late",
      ALL: "config-a late $(A) $(NONE) 443",
      AFTER: "[config-a]",
    });
  });

  test("containerEnvironment() resolves every kind of valueFrom, without expanding what it finds", async () => {
    const { objects, resolve } = fixture();
    objects.setConfigMap("odd", { key: "$(A)" });
    expect(
      await resolve({
        resources: { limits: { cpu: "1500m" } },
        env: [
          { name: "A", value: "" },
          { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
          { name: "LABEL", valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
          { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: "1m" } } },
          { name: "FROM_CONFIG", valueFrom: { configMapKeyRef: { name: "odd", key: "key" } } },
          { name: "FROM_SECRET", valueFrom: { secretKeyRef: { name: "secret", key: "C" } } },
        ],
      }),
    ).toEqual({ A: "", POD_IP: "10.1.0.1", LABEL: "web", CPU: "1500", FROM_CONFIG: "$(A)", FROM_SECRET: "secret-c" });
  });

  test.each<[string, Partial<Container>, string]>([
    ["config map", { envFrom: [{ configMapRef: { name: "none" } }] }, 'configmap "none" not found'],
    ["secret", { envFrom: [{ secretRef: { name: "none" } }] }, 'secret "none" not found'],
    [
      "config map of a key",
      { env: [{ name: "X", valueFrom: { configMapKeyRef: { name: "none", key: "k" } } }] },
      'configmap "none" not found',
    ],
    [
      "key of a config map",
      { env: [{ name: "X", valueFrom: { configMapKeyRef: { name: "config", key: "k" } } }] },
      "couldn't find key k in ConfigMap ns/config",
    ],
    [
      "key of a secret",
      { env: [{ name: "X", valueFrom: { secretKeyRef: { name: "secret", key: "toString" } } }] },
      "couldn't find key toString in Secret ns/secret",
    ],
  ])("containerEnvironment() names a missing %s, in upstream's words", async (_, container, message) => {
    const { resolve } = fixture();
    await expect(resolve(container)).rejects.toMatchObject({ code: "ConfigError", message, retryable: true });
  });

  test("containerEnvironment() leaves out what is missing and optional", async () => {
    const { resolve } = fixture();
    expect(
      await resolve({
        envFrom: [{ configMapRef: { name: "none", optional: true } }, { secretRef: { name: "none", optional: true } }],
        env: [
          { name: "X", valueFrom: { configMapKeyRef: { name: "config", key: "k", optional: true } } },
          { name: "Y", valueFrom: { secretKeyRef: { name: "none", key: "k", optional: true } } },
          { name: "Z", value: "$(X)" },
        ],
      }),
    ).toEqual({ Z: "$(X)" });
  });

  test("containerEnvironment() rejects when an optional object cannot be read", async () => {
    const { objects, resolve } = fixture();
    objects.failure = new Error("connection refused");
    await expect(resolve({ envFrom: [{ configMapRef: { name: "config", optional: true } }] })).rejects.toMatchObject({
      code: "ConfigError",
      message: 'failed to read configmap "config" of namespace "ns": connection refused',
      retryable: true,
    });
  });

  test("containerEnvironment() skips names that no variable can have, with an event", async () => {
    const { objects, events, resolve } = fixture();
    objects.setConfigMap("odd", { "a=b": "1", "1-digit.dot": "2", "": "3", fine: "4" });
    expect(await resolve({ envFrom: [{ configMapRef: { name: "odd" } }] })).toEqual({ "1-digit.dot": "2", fine: "4" });
    expect(events.recorded).toMatchObject([
      {
        type: "Warning",
        reason: "InvalidEnvironmentVariableNames",
        message:
          "Keys [, a=b] from the EnvFrom configMap ns/odd were skipped since they are considered invalid environment variable names.",
      },
    ]);
  });

  test("containerEnvironment() refuses what is no text, and never shows it", async () => {
    const { objects, resolve } = fixture();
    objects.secrets.set("binary", { data: { key: Buffer.from([0xff, 0xfe]).toString("base64"), text: btoa("ok") } });
    const variable = (key: string) => [{ name: "X", valueFrom: { secretKeyRef: { name: "binary", key } } }];
    await expect(resolve({ env: variable("key") })).rejects.toThrow("key key in Secret ns/binary is not UTF-8 text");
    await expect(resolve({ envFrom: [{ secretRef: { name: "binary" } }] })).rejects.toThrow("is not UTF-8 text");
    expect(await resolve({ env: variable("text") })).toEqual({ X: "ok" });
  });

  test.each<[string, Partial<Container>, string]>([
    ["an unknown source", { env: [{ name: "X", valueFrom: { newRef: {} } as never }] }, 'valueFrom "newRef"'],
    ["envFrom without source", { envFrom: [{ prefix: "P" }] }, "neither configMapRef nor secretRef"],
    ["a bad name", { env: [{ name: "A=B", value: "" }] }, '"A=B"'],
    ["all labels", { env: [{ name: "X", valueFrom: { fieldRef: { fieldPath: "metadata.labels" } } }] }, "one entry"],
  ])("containerEnvironment() refuses %s for good", async (_, container, message) => {
    const { resolve } = fixture();
    await expect(resolve(container)).rejects.toMatchObject({
      message: expect.stringContaining(message),
      retryable: false,
    });
  });
});

describe("containerEnvironment() with fileKeyRef", () => {
  const variable = (key: string, optional?: boolean) => ({
    env: [{ name: "X", valueFrom: { fileKeyRef: { volumeName: "v", path: "app.env", key, optional } } }],
  });

  test("containerEnvironment() takes a key of a file that another container wrote", async () => {
    const { contents, resolve } = fixture();
    contents.set("u/v/app.env", "A='one'\nB='$(A)'\n");
    expect(await resolve(variable("B"))).toEqual({ X: "$(A)" });
  });

  test("containerEnvironment() names what is missing, unless it is optional", async () => {
    const { contents, resolve } = fixture();
    await expect(resolve(variable("A"))).rejects.toThrow('environment file "app.env" of volume "v" not found');
    expect(await resolve(variable("A", true))).toEqual({});
    contents.set("u/v/app.env", "A='one'\n");
    await expect(resolve(variable("B"))).rejects.toThrow('find key B in environment file "app.env" of volume "v"');
    expect(await resolve(variable("B", true))).toEqual({});
  });

  test("containerEnvironment() finds no key behind a byte order mark", async () => {
    const { contents, resolve } = fixture();
    contents.set("u/v/app.env", "\uFEFFA='one'\nB='two'\n");
    await expect(resolve(variable("A"))).rejects.toThrow("find key A in environment file");
    expect(await resolve(variable("B"))).toEqual({ X: "two" });
  });

  test("containerEnvironment() says where a file is no environment file, and shows nothing of it", async () => {
    const { contents, resolve } = fixture();
    contents.set("u/v/app.env", "hunter2\n");
    const failure = await resolve(variable("A", true)).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "ConfigError",
      message: expect.stringMatching(/couldn't parse .*: line 1: /),
    });
    expect(String(failure)).not.toContain("hunter2");
    contents.set("u/v/app.env", Buffer.from([0xff]));
    await expect(resolve(variable("A"))).rejects.toThrow("it is not UTF-8 text");
  });

  test("containerEnvironment() refuses fileKeyRef where files cannot be read", async () => {
    const resolver = createEnvironmentResolver({ objects: new FakeObjects(), events: new FakeEvents() });
    await expect(resolver.containerEnvironment(pod, { name: "main", ...variable("A") }, facts)).rejects.toThrow(
      'valueFrom "fileKeyRef"',
    );
  });
});

test("containerEnvironment() waits until services are known", async () => {
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  const services = { ready, forNamespace: () => [] };
  const resolver = createEnvironmentResolver({ objects: new FakeObjects(), events: new FakeEvents(), services });
  let done = false;
  const answer = resolver.containerEnvironment(pod, { name: "main" }, facts).then((variables) => {
    done = true;
    return variables;
  });
  await new Promise((settled) => setImmediate(settled));
  expect(done).toBe(false);
  resolve();
  expect(await answer).toEqual([]);
});

test("expandCommand() expands words and leaves unknown names", () => {
  const { resolver } = fixture();
  const container = { name: "main", command: ["run", "--name=$(N)"], args: ["$$(N)", "$(X)"] };
  expect(resolver.expandCommand(container, [{ name: "N", value: "v" }])).toEqual({
    command: ["run", "--name=v"],
    args: ["$(N)", "$(X)"],
  });
  expect(resolver.expandCommand({ name: "main" }, [])).toEqual({ command: [], args: [] });
});

describe("What a container starts with is no more than a program can be given", () => {
  const kibibyte = 1024;
  const longest = "x".repeat(128 * kibibyte - 3);
  const tooLong = (what: string) =>
    `${what} of container "main" is too long: a program can be given at most 131072 bytes as one string`;
  const tooMuch = (what: string) =>
    `environment and arguments of container "main" are too long with ${what}: a program can be given at most 2097152 bytes altogether`;

  // 22 doublings made 250 MB out of a pod of 2 kB, 64 of them cannot be made at all.
  test("containerEnvironment() refuses references that double", async () => {
    const { resolve } = fixture();
    const doubled = Array.from({ length: 64 }, (_, index) => ({
      name: `A${index + 1}`,
      value: `$(A${index})$(A${index})`,
    }));
    await expect(resolve({ env: [{ name: "A0", value: "x".repeat(64) }, ...doubled] })).rejects.toMatchObject({
      code: "ConfigError",
      message: tooLong('environment variable "A11"'),
    });
  });

  test("containerEnvironment() takes and gives on the longest variable that Linux takes, counted in bytes", async () => {
    const { resolve } = fixture();
    expect(await resolve({ env: [{ name: "A", value: longest }] })).toEqual({ A: longest });
    for (const value of [`${longest}x`, `ü${longest.slice(1)}`])
      await expect(resolve({ env: [{ name: "A", value }] })).rejects.toThrow(tooLong('environment variable "A"'));
  });

  test("containerEnvironment() counts all variables together, wherever they come from", async () => {
    const { objects, resolve } = fixture();
    objects.setConfigMap("big", { A: "x".repeat(96 * kibibyte), B: "y".repeat(96 * kibibyte) });
    const envFrom = Array.from({ length: 11 }, (_, index) => ({ prefix: `P${index}_`, configMapRef: { name: "big" } }));
    expect(Object.keys(await resolve({ envFrom: envFrom.slice(0, 10) }))).toHaveLength(20);
    await expect(resolve({ envFrom })).rejects.toThrow(tooMuch('environment variable "P10_B"'));
    const env = Array.from({ length: 22 }, (_, index) => ({ name: `E${index}`, value: "$(A)" }));
    await expect(resolve({ envFrom: [{ configMapRef: { name: "big" } }], env })).rejects.toThrow(
      tooMuch('environment variable "E19"'),
    );
  });

  test("containerEnvironment() counts what was replaced once in envFrom, each time in env", async () => {
    const { objects, resolve } = fixture();
    objects.setConfigMap("one", { A: longest });
    objects.setConfigMap("two", { A: longest });
    const envFrom = Array.from({ length: 100 }, (_, index) => ({ configMapRef: { name: index % 2 ? "one" : "two" } }));
    expect(await resolve({ envFrom })).toEqual({ A: longest });
    const env = Array.from({ length: 100_000 }, () => ({ name: "B", value: "$(A)" }));
    await expect(resolve({ envFrom, env })).rejects.toThrow('with environment variable "B"');
  });

  test("containerEnvironment() reads a source that envFrom names again and again once, where it stands last", async () => {
    const { objects, events, resolve } = fixture();
    objects.setConfigMap("odd", { A: "odd", "a=b": "" });
    const odd = { configMapRef: { name: "odd" } };
    expect(await resolve({ envFrom: [odd, { configMapRef: { name: "config" } }, odd, odd] })).toMatchObject({
      A: "odd",
    });
    expect(events.recorded).toHaveLength(1);
  });

  test("containerEnvironment() does not repeat an endless name", async () => {
    const { resolve } = fixture();
    await expect(resolve({ env: [{ name: "N".repeat(200 * kibibyte), value: "" }] })).rejects.toThrow(
      tooLong(`environment variable "${"N".repeat(100)}…"`),
    );
  });

  test("expandCommand() refuses words that are too long, and too much with the environment", () => {
    const { resolver } = fixture();
    const environment = [{ name: "A", value: longest }];
    const expand = (command: string[], args: string[]) =>
      resolver.expandCommand({ name: "main", command, args }, environment);
    expect(expand(["$(A)"], []).command).toEqual([longest]);
    expect(() => expand(["run", "$(A)$(A)"], [])).toThrow(tooLong("command[1]"));
    expect(() => expand([], ["$(A)$(A)".repeat(100_000)])).toThrow(tooLong("args[0]"));
    expect(() => expand(["run"], Array(100_000).fill("$(A)"))).toThrow(tooMuch("args[15]"));
  });
});
