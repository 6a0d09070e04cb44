import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadConfiguration } from "../../src/configuration/load-configuration.ts";
import { shownConfiguration } from "../../src/configuration/shown-configuration.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "wherry-config-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const head = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";

async function write(body: string, name = "kubelet.yaml"): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, head + body);
  return path;
}

describe("loadConfiguration()", () => {
  test("loadConfiguration() has upstream's defaults", async () => {
    const { configuration, warnings } = await loadConfiguration({});
    expect(warnings).toEqual([]);
    expect(configuration).toMatchObject({
      server: { enabled: true, address: "0.0.0.0", port: 10_250, debuggingHandlers: true, tlsMinVersion: "TLSv1.2" },
      healthz: { address: "127.0.0.1", port: 10_248 },
      authentication: { webhook: { enabled: true, cacheTtlMs: 120_000 }, anonymous: false },
      authorization: { mode: "Webhook", allowTtlMs: 300_000, denyTtlMs: 30_000 },
      node: {
        register: true,
        statusUpdateEveryMs: 10_000,
        statusReportEveryMs: 300_000,
        leaseDurationSeconds: 40,
        maxPods: 110,
        statusMaxImages: 50,
      },
      events: { perSecond: 50, burst: 100 },
      logs: { maxSizeBytes: 10 * 2 ** 20, maxFiles: 5, checkEveryMs: 10_000, podLogsDirectory: "/var/log/pods" },
      images: { maxParallelPulls: 1, verification: { policy: "NeverVerifyPreloadedImages", allowlist: [] } },
      pods: { maxRestartDelayMs: 300_000, fileCheckEveryMs: 20_000 },
    });
    expect(configuration.eviction.hard["memory.available"]).toEqual({ kind: "bytes", bytes: 100 * 2 ** 20 });
    expect(configuration.eviction.hard["nodefs.available"]).toEqual({ kind: "fraction", fraction: 0.1 });
    expect(configuration.source).toMatchObject({
      kind: "KubeletConfiguration",
      nodeStatusReportFrequency: "5m0s",
      authentication: { anonymous: { enabled: false } },
    });
  });

  test("loadConfiguration() takes a URL of static pods with its headers, and 20 s as how often to ask", async () => {
    const file = await write('staticPodURL: https://host/pods\nstaticPodURLHeader: {X-Token: ["a", "b"]}\n');
    const { configuration } = await loadConfiguration({ file });
    expect(configuration.pods).toMatchObject({
      staticUrl: { url: "https://host/pods", headers: { "X-Token": ["a", "b"] } },
      httpCheckEveryMs: 20_000,
    });
  });

  test.each([
    ["staticPodURL: /etc/pods", 'staticPodURL: is "/etc/pods", it must be an http or https URL'],
    ["staticPodURLHeader: {X-Token: a}", 'staticPodURLHeader.X-Token: is "a", it must be a list of strings'],
    ["staticPodURLHeader: [a]", 'staticPodURLHeader: is ["a"], it must be a mapping of lists of strings'],
    ['staticPodURLHeader: {"X Token": ["a"]}', "staticPodURLHeader.X Token: is nothing that an HTTP header can carry"],
  ])("loadConfiguration() refuses %s", async (text, problem) => {
    await expect(loadConfiguration({ file: await write(`${text}\n`) })).rejects.toThrow(problem);
  });

  test("loadConfiguration() takes images that need no credentials", async () => {
    const body =
      "imagePullCredentialsVerificationPolicy: NeverVerifyAllowlistedImages\npreloadedImagesVerificationAllowlist: [app, registry.test/*]\n";
    const { configuration, warnings } = await loadConfiguration({ file: await write(body) });
    expect(warnings).toEqual([]);
    expect(configuration.images.verification).toEqual({
      policy: "NeverVerifyAllowlistedImages",
      allowlist: ["app", "registry.test/*"],
    });
  });

  test.each([
    [
      "imagePullCredentialsVerificationPolicy: Sometimes",
      'imagePullCredentialsVerificationPolicy: is "Sometimes", it must be "NeverVerify" or "NeverVerifyPreloadedImages" or',
    ],
    [
      "preloadedImagesVerificationAllowlist: [app]",
      'preloadedImagesVerificationAllowlist: must be absent unless imagePullCredentialsVerificationPolicy is "NeverVerifyAllowlistedImages"; it is "NeverVerifyPreloadedImages"',
    ],
    [
      'imagePullCredentialsVerificationPolicy: NeverVerifyAllowlistedImages\npreloadedImagesVerificationAllowlist: ["app:v1"]',
      'preloadedImagesVerificationAllowlist[0]: is "app:v1", it must be an image without tag and digest, or a prefix that ends in "/*"',
    ],
  ])("loadConfiguration() refuses %s", async (text, problem) => {
    await expect(loadConfiguration({ file: await write(`${text}\n`) })).rejects.toThrow(problem);
  });

  test("loadConfiguration() reads YAML as upstream does: octal numbers, yes and no, merge keys", async () => {
    const file = await write(
      "maxPods: 0100\nserializeImagePulls: no\nevictionHard: {<<: {memory.available: 7Mi}, nodefs.available: 5%}\n",
    );
    const { configuration } = await loadConfiguration({ file });
    expect(configuration.source).toMatchObject({
      maxPods: 64,
      serializeImagePulls: false,
      evictionHard: { "memory.available": "7Mi", "nodefs.available": "5%" },
    });
  });

  test("shownConfiguration() hides what headers and URLs may hold", () => {
    const staticPodURL = "https://me:secret@host/pods";
    expect(shownConfiguration({ staticPodURL, staticPodURLHeader: { "X-Token": ["secret"] }, maxPods: 3 })).toEqual({
      staticPodURL: "https://<masked>@host/pods",
      staticPodURLHeader: { "X-Token": ["<masked>"] },
      maxPods: 3,
    });
  });

  test("loadConfiguration() puts flags over drop-ins over the file, objects merged and lists replaced", async () => {
    const file = await write(
      "maxPods: 1\nclusterDNS: [10.0.0.1, 10.0.0.2]\nauthentication: {anonymous: {enabled: true}}\nport: 1\n",
    );
    const dropIns = join(directory, "conf.d");
    await mkdir(dropIns);
    await writeFile(join(dropIns, "20.conf"), `${head}maxPods: 3\n`);
    await writeFile(
      join(dropIns, "10.conf"),
      `${head}maxPods: 2\nclusterDNS: [10.0.0.9]\nauthentication: {webhook: {enabled: false}}\n`,
    );
    await writeFile(join(dropIns, "ignored.yaml"), "not: read");
    const { configuration } = await loadConfiguration({ file, directory: dropIns, overrides: { port: 7 } });
    expect(configuration).toMatchObject({
      node: { maxPods: 3 },
      pods: { clusterDns: ["10.0.0.9"] },
      authentication: { anonymous: true, webhook: { enabled: false } },
      server: { port: 7 },
    });
  });

  test("loadConfiguration() reads JSON", async () => {
    const path = join(directory, "kubelet.json");
    await writeFile(path, '{"apiVersion":"kubelet.config.k8s.io/v1beta1","kind":"KubeletConfiguration","maxPods":9}');
    expect((await loadConfiguration({ file: path })).configuration.node.maxPods).toBe(9);
  });

  test("loadConfiguration() names every offending field, its value and what would be right", async () => {
    const file = await write(
      [
        "prot: 10250",
        "port: 99999",
        "authentication: {webhok: {}}",
        "syncFrequency: 10",
        "containerLogMaxSize: lots",
        "tlsMinVersion: VersionTLS10",
        "registerWithTaints: [{key: a, efect: NoSchedule}]",
      ].join("\n"),
    );
    const error = await loadConfiguration({ file }).catch((failure: unknown) => failure);
    expect(error).toMatchObject({
      code: "ConfigurationInvalid",
      message: expect.stringContaining(`the file "${file}"`),
      problems: [
        { path: "prot", message: 'is not a known field; did you mean "port"?' },
        { path: "port", message: "is 99999, it must be a whole number from 0 to 65535" },
        { path: "authentication.webhok", message: 'is not a known field; did you mean "webhook"?' },
        { path: "syncFrequency", message: 'is 10, it must be a duration such as "10s" or "1h30m"' },
        { path: "containerLogMaxSize", message: 'is "lots", it must be a quantity above 0 such as "10Mi"' },
        { path: "tlsMinVersion", message: 'is "VersionTLS10", it must be "VersionTLS12" or "VersionTLS13"' },
        { path: "registerWithTaints[0].efect", message: 'is not a known field; did you mean "effect"?' },
      ],
    });
  });

  test("loadConfiguration() checks fields against each other", async () => {
    const body =
      "tlsCertFile: /a\nimageGCLowThresholdPercent: 90\nevictionHard: {memory.avail: 1Gi, nodefs.available: 110%}\n";
    await expect(loadConfiguration({ file: await write(body) })).rejects.toMatchObject({
      problems: [
        { path: "tlsPrivateKeyFile" },
        { path: "imageGCLowThresholdPercent" },
        { path: "evictionHard.memory.avail" },
        { path: "evictionHard.nodefs.available" },
      ],
    });
  });

  test("loadConfiguration() warns of fields that are not implemented, and only when they are set", async () => {
    const file = await write(
      "readOnlyPort: 10255\nserverTLSBootstrap: false\ncgroupDriver: systemd\nlogging: {format: json}\n",
    );
    const { configuration, warnings } = await loadConfiguration({ file });
    expect(warnings).toEqual([`readOnlyPort of the file "${file}" is not implemented and has no effect`]);
    expect(configuration.source["cgroupDriver"]).toBe("systemd");
  });

  test("loadConfiguration() accepts what kubeadm writes, zero durations meaning the defaults", async () => {
    const file = await write(
      [
        "authentication: {anonymous: {enabled: false}, webhook: {cacheTTL: 0s, enabled: true}, x509: {clientCAFile: /ca.crt}}",
        "authorization: {mode: Webhook, webhook: {cacheAuthorizedTTL: 0s, cacheUnauthorizedTTL: 0s}}",
        "cgroupDriver: systemd",
        'containerRuntimeEndpoint: ""',
        "crashLoopBackOff: {}",
        "evictionPressureTransitionPeriod: 0s",
        "fileCheckFrequency: 0s",
        "healthzBindAddress: 127.0.0.1",
        "healthzPort: 10248",
        "logging: {flushFrequency: 0, options: {json: {infoBufferSize: '0'}}, verbosity: 0}",
        "memorySwap: {}",
        "nodeStatusReportFrequency: 0s",
        "nodeStatusUpdateFrequency: 0s",
        "rotateCertificates: true",
        "shutdownGracePeriod: 0s",
        "streamingConnectionIdleTimeout: 0s",
        "syncFrequency: 0s",
      ].join("\n"),
    );
    const { configuration, warnings } = await loadConfiguration({ file });
    expect(warnings).toEqual([`rotateCertificates of the file "${file}" is not implemented and has no effect`]);
    expect(configuration).toMatchObject({
      authentication: { webhook: { cacheTtlMs: 120_000 } },
      authorization: { allowTtlMs: 300_000, denyTtlMs: 30_000 },
      node: { statusUpdateEveryMs: 10_000, statusReportEveryMs: 300_000 },
      pods: { syncEveryMs: 60_000 },
    });
  });

  test("loadConfiguration() drops the other default thresholds when one is given, unless told to merge", async () => {
    const only = await loadConfiguration({ file: await write("evictionHard: {memory.available: 1Gi}\n") });
    expect(Object.keys(only.configuration.eviction.hard)).toEqual(["memory.available"]);
    const body = "evictionHard: {memory.available: 1Gi}\nmergeDefaultEvictionSettings: true\n";
    const merged = await loadConfiguration({ file: await write(body) });
    expect(Object.keys(merged.configuration.eviction.hard)).toHaveLength(5);
    expect(merged.configuration.eviction.hard["memory.available"]).toEqual({ kind: "bytes", bytes: 2 ** 30 });
  });

  test("loadConfiguration() reports as often as it updates when only that is given", async () => {
    const { configuration } = await loadConfiguration({ file: await write("nodeStatusUpdateFrequency: 4s\n") });
    expect(configuration.node.statusReportEveryMs).toBe(4_000);
  });

  test("loadConfiguration() adds what is reserved", async () => {
    const body = "systemReserved: {cpu: 500m, memory: 1Gi}\nkubeReserved: {cpu: 1, ephemeral-storage: 1Gi, pid: 100}\n";
    const { configuration } = await loadConfiguration({ file: await write(body) });
    expect(configuration.node.reserved).toEqual({ cpuMillis: 1500, memoryBytes: 2 ** 30, storageBytes: 2 ** 30 });
  });

  test("loadConfiguration() keeps local storage a resource unless told otherwise", async () => {
    const resolved = async (body: string) => (await loadConfiguration({ file: await write(body) })).configuration;
    expect((await resolved("maxPods: 5\n")).eviction.localStorage).toBe(true);
    expect((await resolved("localStorageCapacityIsolation: false\n")).eviction.localStorage).toBe(false);
  });

  test("loadConfiguration() refuses files that are missing, no YAML, too many documents or of another kind", async () => {
    const refused = (file: string) => loadConfiguration({ file }).catch((error: Error) => error.message);
    expect(await refused(join(directory, "none.yaml"))).toContain("it does not exist");
    expect(await refused(await write("a: [1\n"))).toMatch(/kubelet\.yaml": \S.* at line \d+, column \d+$/);
    expect(await refused(await write("---\n{}\n"))).toContain("2 documents");
    expect(await refused(await write("maxPods: 1\nmaxPods: 2\n"))).toContain("keys must be unique at line 4");
    const other = join(directory, "other.yaml");
    await writeFile(other, "apiVersion: v1\nkind: Pod\n");
    expect(await refused(other)).toContain('apiVersion: is "v1", it must be "kubelet.config.k8s.io/v1beta1"');
  });
});
