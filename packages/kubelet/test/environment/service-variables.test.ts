import type { Service } from "@wherry/kubernetes";
import { expect, test } from "vitest";
import { serviceVariables } from "../../src/environment/service-variables.ts";

const service = (namespace: string, name: string, clusterIP: string, ports: Service["spec"]): Service => ({
  metadata: { namespace, name },
  spec: { clusterIP, ...ports },
});

const api = service("default", "kubernetes", "10.0.0.1", { ports: [{ name: "https", port: 443 }] });

test("serviceVariables() sets host, ports and the forms of links", () => {
  const web = service("ns", "web-app", "10.0.0.2", {
    ports: [
      { name: "http", port: 80 },
      { name: "d-n-s", port: 53, protocol: "UDP" },
    ],
  });
  expect(Object.fromEntries(serviceVariables([web], "ns", true).map(({ name, value }) => [name, value]))).toEqual({
    WEB_APP_SERVICE_HOST: "10.0.0.2",
    WEB_APP_SERVICE_PORT: "80",
    WEB_APP_SERVICE_PORT_HTTP: "80",
    WEB_APP_SERVICE_PORT_D_N_S: "53",
    WEB_APP_PORT: "tcp://10.0.0.2:80",
    WEB_APP_PORT_80_TCP: "tcp://10.0.0.2:80",
    WEB_APP_PORT_80_TCP_PROTO: "tcp",
    WEB_APP_PORT_80_TCP_PORT: "80",
    WEB_APP_PORT_80_TCP_ADDR: "10.0.0.2",
    WEB_APP_PORT_53_UDP: "udp://10.0.0.2:53",
    WEB_APP_PORT_53_UDP_PROTO: "udp",
    WEB_APP_PORT_53_UDP_PORT: "53",
    WEB_APP_PORT_53_UDP_ADDR: "10.0.0.2",
  });
});

test("serviceVariables() brackets IPv6 addresses in URLs only", () => {
  const variables = serviceVariables([service("ns", "six", "fd00::1", { ports: [{ port: 80 }] })], "ns", true);
  expect(variables).toContainEqual({ name: "SIX_SERVICE_HOST", value: "fd00::1" });
  expect(variables).toContainEqual({ name: "SIX_PORT", value: "tcp://[fd00::1]:80" });
});

test.each([
  ["links", true, ["KUBERNETES_SERVICE_HOST", "WEB_SERVICE_HOST"]],
  ["no links", false, ["KUBERNETES_SERVICE_HOST"]],
])("serviceVariables() with %s takes the API server's service and the namespace's", (_, links, hosts) => {
  const services = [
    api,
    service("ns", "web", "10.0.0.2", { ports: [{ port: 80 }] }),
    service("other", "far", "10.0.0.3", { ports: [{ port: 80 }] }),
    service("ns", "headless", "None", { ports: [{ port: 80 }] }),
    service("ns", "pending", "", { ports: [{ port: 80 }] }),
  ];
  const names = serviceVariables(services, "ns", links).map(({ name }) => name);
  expect(names.filter((name) => name.endsWith("_SERVICE_HOST"))).toEqual(hosts);
});

test("serviceVariables() prefers the namespace's own service of the API server's name", () => {
  const own = service("ns", "kubernetes", "10.9.9.9", { ports: [{ port: 1 }] });
  for (const services of [
    [api, own],
    [own, api],
  ])
    expect(serviceVariables(services, "ns", true)[0]).toEqual({ name: "KUBERNETES_SERVICE_HOST", value: "10.9.9.9" });
});
