import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWorkloadPlane, type WorkloadPlane } from "./workload-plane.ts";

let plane: WorkloadPlane;

beforeAll(async () => {
  plane = await startWorkloadPlane();
});

afterAll(async () => {
  await plane[Symbol.asyncDispose]();
});

const path = "/api/v1/namespaces/default/services";
const ports = [{ port: 80 }];
const address = /^10\.0\.0\.\d+$/;

const create = (name: string, spec: Record<string, unknown>) => plane.admin.post(path, { metadata: { name }, spec });
const change = async (name: string, spec: Record<string, unknown>) => {
  const { code, body } = await plane.admin.patch(`${path}/${name}`, { spec });
  expect(code).toBe(200);
  return body.spec;
};

describe("a Service", () => {
  test("gets a cluster IP of its own, and what goes with it", async () => {
    const { code, body } = await create("plain", { ports, selector: { app: "x" } });
    expect(code).toBe(201);
    expect(body).toMatchObject({
      spec: {
        ports: [{ protocol: "TCP", port: 80, targetPort: 80 }],
        clusterIP: expect.stringMatching(address),
        clusterIPs: [body.spec.clusterIP],
        type: "ClusterIP",
        sessionAffinity: "None",
        ipFamilies: ["IPv4"],
        ipFamilyPolicy: "SingleStack",
        internalTrafficPolicy: "Cluster",
      },
      status: { loadBalancer: {} },
    });
    const other = await create("other", { ports });
    expect(other.body.spec.clusterIP).not.toBe(body.spec.clusterIP);
  });

  test("gets the cluster IP that it asks for, and gives it back when it goes", async () => {
    const wanted = { ports, clusterIP: "10.0.0.77" };
    expect((await create("fixed", wanted)).body.spec).toMatchObject({ clusterIPs: ["10.0.0.77"] });
    expect((await create("taken", wanted)).body.message).toContain("provided IP is already allocated");
    await plane.admin.delete(`${path}/fixed`);
    expect((await create("next", wanted)).code).toBe(201);
  });

  test("without an address on purpose stays so", async () => {
    const { body } = await create("headless", { ports, clusterIP: "None", selector: { app: "x" } });
    expect(body.spec).toMatchObject({ clusterIP: "None", clusterIPs: ["None"], ipFamilyPolicy: "SingleStack" });
    const open = await create("open", { clusterIP: "None" });
    expect(open.body.spec).toMatchObject({ ipFamilies: ["IPv4", "IPv6"], ipFamilyPolicy: "RequireDualStack" });
  });

  test("that is a name for another has neither address nor families", async () => {
    const { body } = await create("name", { type: "ExternalName", externalName: "example.com" });
    expect(body.spec).toEqual({ type: "ExternalName", externalName: "example.com", sessionAffinity: "None" });
  });

  test("keeps its addresses over updates that do not name them", async () => {
    const { body } = await create("kept", { ports, type: "NodePort" });
    const { clusterIP, ports: given } = body.spec;
    expect(given).toMatchObject([{ nodePort: expect.any(Number) }]);
    expect(body.spec.externalTrafficPolicy).toBe("Cluster");
    const changed = await change("kept", { clusterIP: null, clusterIPs: null, ports: [{ port: 80, targetPort: 81 }] });
    expect(changed).toMatchObject({ clusterIP, clusterIPs: [clusterIP], ports: [{ nodePort: given[0].nodePort }] });
  });

  test("follows its type: what the new one has no use for goes, what it needs comes", async () => {
    const { body } = await create("turning", { ports });
    const { clusterIP } = body.spec;
    const opened = await change("turning", { type: "NodePort" });
    expect(opened).toMatchObject({ clusterIP, externalTrafficPolicy: "Cluster" });
    expect(opened.ports[0].nodePort).toBeGreaterThanOrEqual(30_000);
    const closed = await change("turning", { type: "ClusterIP" });
    expect(closed.ports).toEqual([{ protocol: "TCP", port: 80, targetPort: 80 }]);
    expect(closed.externalTrafficPolicy).toBeUndefined();
    const named = await change("turning", { type: "ExternalName", externalName: "example.com" });
    for (const field of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"]) {
      expect(named).not.toHaveProperty(field);
    }
    expect((await change("turning", { type: "ClusterIP", externalName: null })).clusterIP).toMatch(address);
  });

  test("does not change its cluster IP", async () => {
    await create("firm", { ports });
    for (const clusterIP of ["10.0.0.99", "None"]) {
      const { code, body } = await plane.admin.patch(`${path}/firm`, { spec: { clusterIP, clusterIPs: [clusterIP] } });
      expect(code).toBe(422);
      expect(body.message).toBe(
        `Service "firm" is invalid: spec.clusterIPs[0]: Invalid value: ["${clusterIP}"]: may not change once set`,
      );
    }
  });

  const outside = "the provided network does not match the current range";
  test.each([
    [
      { clusterIP: "x" },
      'spec.clusterIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
    [
      { clusterIP: "fd00::1" },
      'spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster',
    ],
    [
      { clusterIP: "192.168.1.1" },
      `spec.clusterIPs: Invalid value: ["192.168.1.1"]: failed to allocate IP 192.168.1.1: ${outside}`,
    ],
    [
      { clusterIP: "10.0.0.0" },
      `spec.clusterIPs: Invalid value: ["10.0.0.0"]: failed to allocate IP 10.0.0.0: ${outside}`,
    ],
    [
      { clusterIP: "10.0.0.255" },
      `spec.clusterIPs: Invalid value: ["10.0.0.255"]: failed to allocate IP 10.0.0.255: ${outside}`,
    ],
    [
      { clusterIP: "10.0.0.1" },
      'spec.clusterIPs: Invalid value: ["10.0.0.1"]: failed to allocate IP 10.0.0.1: provided IP is already allocated',
    ],
    [
      { clusterIPs: ["10.0.0.78"] },
      'spec.clusterIPs: Invalid value: ["10.0.0.78"]: must be empty when `clusterIP` is not specified',
    ],
    [
      { clusterIP: "10.0.0.79", clusterIPs: ["10.0.0.80"] },
      'spec.clusterIPs: Invalid value: ["10.0.0.80"]: first value must match `clusterIP`',
    ],
    [
      { clusterIP: "None", type: "NodePort" },
      "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services",
    ],
    [
      { type: "ExternalName", externalName: "example.com", clusterIP: "10.0.0.88" },
      "spec.clusterIPs: Forbidden: may not be set for ExternalName services",
    ],
    [
      { ipFamilyPolicy: "RequireDualStack" },
      'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
    ],
    [{ ipFamilies: ["IPv6"] }, 'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'],
    [
      { type: "NodePort", ports: [{ port: 80, nodePort: 80 }] },
      "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767",
    ],
    [
      { ports: [{ port: 80, nodePort: 30_090 }] },
      "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    ],
    [{ ports: [] }, "spec.ports: Required value"],
    [
      {
        ports: [
          { port: 80, name: "a" },
          { port: 81, name: "a" },
        ],
      },
      'spec.ports[1].name: Duplicate value: "a"',
    ],
    [
      {
        ports: [
          { port: 80, name: "a" },
          { port: 80, name: "b" },
        ],
      },
      'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
    ],
  ])("is refused with %j", async (spec, problem) => {
    const { code, body } = await create("bad", { ports, ...spec });
    expect(body.message).toBe(`Service "bad" is invalid: ${problem}`);
    expect(code).toBe(422);
  });

  test("is refused a port of nodes that another has", async () => {
    const spec = { type: "NodePort", ports: [{ port: 80, nodePort: 30_080 }] };
    expect((await create("first", spec)).code).toBe(201);
    expect((await create("second", spec)).body.message).toBe(
      'Service "second" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated',
    );
  });
});
