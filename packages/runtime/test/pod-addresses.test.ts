import { describe, expect, test } from "vitest";
import { ipv4Number, isLoopback, loopbackRange, parseIpv4Range } from "../src/wasm/network/ipv4-range.ts";
import { PodAddresses } from "../src/wasm/network/pod-addresses.ts";
import { PodNetwork } from "../src/wasm/network/pod-network.ts";

describe("parseIpv4Range()", () => {
  test("takes the range that an address lies in", () => {
    expect(parseIpv4Range("10.1.2.77/24")).toEqual({ cidr: "10.1.2.0/24", first: ipv4Number("10.1.2.0"), size: 256 });
    expect(parseIpv4Range("255.255.255.255/32").cidr).toBe("255.255.255.255/32");
    expect(parseIpv4Range("1.2.3.4/0").cidr).toBe("0.0.0.0/0");
  });

  test("refuses everything else", () => {
    for (const text of ["", "10.1.2.0", "10.1.2.0/33", "10.1.2/24", "10.1.2.256/24", "fd00::/64", "a/8"]) {
      expect(() => parseIpv4Range(text)).toThrow(`Pod range is "${text}", expected an IPv4 range such as 10.1.2.0/24`);
    }
  });
});

describe("loopbackRange()", () => {
  test("is the same for a seed, spread for others, and outside of 127.0.0.0/16", () => {
    expect(loopbackRange("/var/lib/wherry")).toBe(loopbackRange("/var/lib/wherry"));
    const ranges = Array.from({ length: 1000 }, (_, index) => loopbackRange(`seed ${index}`));
    expect(new Set(ranges).size).toBeGreaterThan(800);
    for (const cidr of ranges) {
      const range = parseIpv4Range(cidr);
      expect(range).toMatchObject({ cidr, size: 4096 });
      expect(isLoopback(range)).toBe(true);
      expect(range.first).toBeGreaterThanOrEqual(ipv4Number("127.1.0.0"));
    }
  });
});

describe("PodAddresses", () => {
  test("gives each address once, those of network, router and broadcast never, and refuses when all are in use", () => {
    const addresses = new PodAddresses("10.0.0.8/29");
    const given = Array.from({ length: 5 }, () => addresses.allocate());
    expect(given).toEqual(["10.0.0.10", "10.0.0.11", "10.0.0.12", "10.0.0.13", "10.0.0.14"]);
    expect(() => addresses.allocate()).toThrow(
      expect.objectContaining({
        code: "ResourceExhausted",
        retryable: true,
        message:
          "Cannot give the pod an address: all 5 of the pod range 10.0.0.8/29 are in use; pods without TCP ports need none",
      }),
    );
    addresses.release("10.0.0.12");
    addresses.release("192.168.0.1");
    expect(addresses.allocate()).toBe("10.0.0.12");
  });

  test("does not give an address again while others were free for longer", () => {
    const addresses = new PodAddresses("10.0.0.0/29");
    addresses.release(addresses.allocate());
    expect(addresses.allocate()).toBe("10.0.0.3");
  });

  test("goes on after those that were given before a restart, which other ranges do not disturb", () => {
    const addresses = new PodAddresses("10.0.0.0/29", ["10.0.0.5", "127.3.0.2", "10.0.0.3"]);
    expect([addresses.allocate(), addresses.allocate(), addresses.allocate()]).toEqual([
      "10.0.0.4",
      "10.0.0.6",
      "10.0.0.2",
    ]);
    expect(() => addresses.allocate()).toThrow("all 5 of the pod range");
  });

  test("refuses a range without an address for a pod", () => {
    expect(new PodAddresses("10.0.0.0/30").allocate()).toBe("10.0.0.2");
    expect(() => new PodAddresses("10.0.0.0/31")).toThrow(/"10\.0\.0\.0\/31", which has no address for a pod/);
  });
});

describe("PodNetwork", () => {
  const port = (protocol: "TCP" | "UDP" = "TCP") => ({ protocol, containerPort: 80, hostPort: 0, hostIp: "" });
  const listening = { hostNetwork: false, portMappings: [port("UDP"), port()] };

  test("has addresses for pods with TCP ports of their own only", async () => {
    const network = new PodNetwork({ nodeAddress: "192.0.2.1", podCidr: "127.9.0.0/24" });
    expect(network.assign(listening)).toEqual([]);
    await network.start([]);
    expect(network.assign(listening)).toEqual(["127.9.0.2"]);
    expect(network.assign({ hostNetwork: true, portMappings: [port()] })).toEqual([]);
    expect(network.assign({ hostNetwork: false, portMappings: [port("UDP")] })).toEqual([]);
    expect(network.assign({ hostNetwork: false, portMappings: [] })).toEqual([]);
  });

  test("setPodCidr() makes the first IPv4 range the machine's, once, and keeps the old one where that fails", async () => {
    const added: string[] = [];
    let failure: Error | undefined;
    const addRange = async (cidr: string) => {
      if (failure !== undefined) throw failure;
      added.push(cidr);
    };
    const network = new PodNetwork({ nodeAddress: "192.0.2.1", podCidr: "127.9.0.0/24", addRange });
    await network.start([]);
    expect(added).toEqual([]);
    await network.setPodCidr("fd00::/64,10.4.0.0/24", []);
    await network.setPodCidr("10.4.0.0/24", []);
    expect(added).toEqual(["10.4.0.0/24"]);
    expect(network.assign(listening)).toEqual(["10.4.0.2"]);
    failure = new Error("needs root");
    await expect(network.setPodCidr("10.5.0.0/24", [])).rejects.toThrow("needs root");
    await expect(network.setPodCidr("fd00::/64", [])).rejects.toMatchObject({ code: "InvalidArgument" });
    expect(network.podCidr).toBe("10.4.0.0/24");
    expect(network.assign(listening)).toEqual(["10.4.0.3"]);
  });
});
