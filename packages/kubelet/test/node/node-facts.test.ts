import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { NetworkInterfaceInfo } from "node:os";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readInstanceId } from "../../src/node/instance-id.ts";
import { chooseKubeletVersion } from "../../src/node/kubelet-version.ts";
import { memoryInfo, prettyName, readMachineFacts } from "../../src/node/machine-facts.ts";
import { resolveNodeAddresses } from "../../src/node/node-addresses.ts";
import { nodeImages } from "../../src/node/node-images.ts";
import { validateNodeLabels, validateTaints } from "../../src/node/node-labels.ts";
import { resolveNodeName } from "../../src/node/node-name.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "wherry-node-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("resolveNodeName()", () => {
  test("resolveNodeName() lower-cases the host name, or takes the override", () => {
    expect(resolveNodeName("Edge-1.Example.ORG\n")).toBe("edge-1.example.org");
    expect(resolveNodeName("host", " Other ")).toBe("other");
  });

  test("resolveNodeName() says where a bad name is from and how to give another", () => {
    expect(() => resolveNodeName("my_host")).toThrow(/"my_host" from the host name.*; set --hostname-override$/);
    expect(() => resolveNodeName("host", "a b")).toThrow(/"a b" from --hostname-override/);
    expect(() => resolveNodeName("x".repeat(254))).toThrow("253 characters");
  });
});

describe("validateNodeLabels()", () => {
  test("validateNodeLabels() accepts what NodeRestriction accepts", () => {
    validateNodeLabels({
      rack: "7",
      "example.com/zone": "",
      "topology.kubernetes.io/zone": "z",
      "node.kubernetes.io/anything": "x",
      "sub.kubelet.kubernetes.io/x": "y",
      "notk8s.io.example.com/x": "y",
    });
  });

  test("validateNodeLabels() refuses what a node may not set on itself, and bad syntax", () => {
    const refused = (key: string, value = "x") =>
      expect(() => validateNodeLabels({ [key]: value }), key).toThrow(`"${key}"`);
    refused("node-restriction.kubernetes.io/x");
    refused("kubernetes.io/role");
    refused("node-role.kubernetes.io/master");
    refused("x.k8s.io/y");
    refused("a/b/c");
    refused("-x");
    expect(() => validateNodeLabels({ ok: "a b" })).toThrow('ok="a b"');
  });

  test("validateTaints() refuses bad effects, keys and doubles", () => {
    validateTaints([
      { key: "a", effect: "NoSchedule" },
      { key: "a", effect: "NoExecute" },
    ]);
    expect(() => validateTaints([{ key: "a", effect: "NoRun" }])).toThrow("the effect must be");
    expect(() => validateTaints([{ key: "a b", effect: "NoExecute" }])).toThrow('"a b=:NoExecute"');
    const twice = { key: "a", effect: "NoExecute" };
    expect(() => validateTaints([twice, twice])).toThrow("given twice");
  });
});

describe("resolveNodeAddresses()", () => {
  const entry = (address: string, internal = false): NetworkInterfaceInfo =>
    ({ address, internal, family: address.includes(":") ? "IPv6" : "IPv4" }) as NetworkInterfaceInfo;
  const interfaces = {
    lo: [entry("127.0.0.1", true), entry("::1", true)],
    docker0: [entry("172.17.0.1")],
    eth0: [entry("fe80::1"), entry("10.1.2.3"), entry("fd00::2")],
  };
  const routes = {
    ipv4: [
      "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask",
      "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF",
      "docker0\t00000000\t010011AC\t0003\t0\t0\t600\t00000000",
      "eth0\t00000000\t0102000A\t0003\t0\t0\t100\t00000000",
    ].join("\n"),
    ipv6: `${"0".repeat(32)} 00 ${"0".repeat(32)} 00 fe800000000000000000000000000001 00000400 1 0 00000003 eth0\n`,
  };
  const base = { nodeName: "n1", interfaces, routes };
  const addresses = (options: object) =>
    resolveNodeAddresses({ ...base, ...options }).map(({ type, address }) => `${type} ${address}`);

  test("resolveNodeAddresses() takes the interface of the best default route", () => {
    expect(addresses({})).toEqual(["InternalIP 10.1.2.3", "Hostname n1"]);
    expect(addresses({ nodeIp: "::" })).toEqual(["InternalIP fd00::2", "Hostname n1"]);
  });

  test("resolveNodeAddresses() takes addresses given, of both families in their order", () => {
    expect(addresses({ nodeIp: "172.17.0.1" })).toEqual(["InternalIP 172.17.0.1", "Hostname n1"]);
    expect(addresses({ nodeIp: "fd00::2, 10.1.2.3" })).toEqual([
      "InternalIP fd00::2",
      "InternalIP 10.1.2.3",
      "Hostname n1",
    ]);
  });

  test("resolveNodeAddresses() refuses addresses that cannot be a node's", () => {
    const refused = (nodeIp: string, why: string) => expect(() => addresses({ nodeIp }), nodeIp).toThrow(why);
    refused("host", "it is no IP address");
    refused("127.0.0.1", "loopback");
    refused("::1", "loopback");
    refused("169.254.1.1", "link-local");
    refused("224.0.0.1", "multicast");
    refused("10.9.9.9", "on no interface of this machine");
    refused("10.1.2.3,172.17.0.1", "one IPv4 and one IPv6");
  });

  test("resolveNodeAddresses() uses loopback only where that is allowed", () => {
    const alone = { interfaces: { lo: interfaces.lo }, routes: { ipv4: "", ipv6: "" } };
    expect(() => addresses(alone)).toThrow("set --node-ip");
    expect(addresses({ ...alone, allowLoopback: true })).toEqual(["InternalIP 127.0.0.1", "Hostname n1"]);
    expect(addresses({ nodeIp: "127.0.0.1", allowLoopback: true })[0]).toBe("InternalIP 127.0.0.1");
  });

  test("resolveNodeAddresses() takes any interface where there is no routing table to read", () => {
    expect(resolveNodeAddresses({ nodeName: "n1", interfaces })[0]?.address).toBe("172.17.0.1");
  });
});

describe("readMachineFacts()", () => {
  test("readMachineFacts() reads this machine", async () => {
    const facts = await readMachineFacts({ rootDirectory: directory, fallbackId: "f" });
    expect(facts.cpuCount).toBeGreaterThan(0);
    expect(facts.memoryBytes).toBeGreaterThan(2 ** 20);
    expect(facts.storageBytes).toBeGreaterThan(0);
    expect(facts.kernelVersion).not.toBe("");
    expect(facts.machineId).not.toBe("");
  });

  test("readMachineFacts() has substitutes for what a machine does not tell", async () => {
    await mkdir(join(directory, "etc"));
    await writeFile(join(directory, "etc/os-release"), 'NAME=X\nPRETTY_NAME="Some \\"OS\\" 1"\n');
    const facts = await readMachineFacts({ rootDirectory: directory, fallbackId: "ab-cd", systemRoot: directory });
    expect(facts).toMatchObject({
      machineId: "abcd",
      systemUuid: "abcd",
      bootId: "",
      osImage: 'Some "OS" 1',
      swapBytes: 0,
    });
  });

  test("memoryInfo() and prettyName() read their formats", () => {
    expect(memoryInfo("MemTotal:       16 kB\nSwapTotal:      4 kB\n")).toEqual({
      totalBytes: 16_384,
      swapBytes: 4_096,
    });
    expect(memoryInfo("")).toEqual({});
    expect(prettyName("PRETTY_NAME=Plain\n")).toBe("Plain");
    expect(prettyName("NAME=x\n")).toBeUndefined();
  });
});

describe("readInstanceId()", () => {
  test("readInstanceId() is the same for a directory, also when two start at once, and another for another", async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, () => readInstanceId(join(directory, "a"))));
    expect(new Set(ids).size).toBe(1);
    expect(await readInstanceId(join(directory, "a"))).toBe(ids[0]);
    expect(await readInstanceId(join(directory, "b"))).not.toBe(ids[0]);
  });

  test("readInstanceId() replaces what is no identity", async () => {
    await writeFile(join(directory, "instance-id"), "");
    const id = await readInstanceId(directory);
    expect((await readFile(join(directory, "instance-id"), "utf8")).trim()).toBe(id);
    expect(await readInstanceId(directory)).toBe(id);
  });
});

describe("chooseKubeletVersion()", () => {
  test("chooseKubeletVersion() is the older of the two", () => {
    expect(chooseKubeletVersion("v1.36.3", "v1.37.0")).toBe("v1.36.3");
    expect(chooseKubeletVersion("v1.36.3", "v1.36.1+abc")).toBe("v1.36.1");
    expect(chooseKubeletVersion("v1.36.3", "v1.9.11")).toBe("v1.9.11");
    expect(chooseKubeletVersion("v1.36.3", undefined)).toBe("v1.36.3");
    expect(chooseKubeletVersion("v1.36.3", "unknown")).toBe("v1.36.3");
  });
});

describe("nodeImages()", () => {
  test("nodeImages() lists the largest first, with 5 names each at most, and none without a name", () => {
    const image = (id: string, sizeBytes: number, tags: number) => ({
      id,
      sizeBytes,
      pinned: false,
      repoDigests: [],
      repoTags: Array.from({ length: tags }, (_, index) => `${id}:${index}`),
    });
    const images = nodeImages([image("a", 1, 1), image("b", 3, 9), image("c", 2, 0), image("d", 2, 1)], 2);
    expect(images.map(({ names, sizeBytes }) => [names?.[0], names?.length, sizeBytes])).toEqual([
      ["b:0", 5, 3],
      ["d:0", 1, 2],
    ]);
  });
});
