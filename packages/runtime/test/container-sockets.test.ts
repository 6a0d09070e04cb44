import { describe, expect, test } from "vitest";
import type { ContainerPort } from "../src/container.ts";
import { containerSockets, refusePortClash } from "../src/wasm/network/container-sockets.ts";

const port = (containerPort: number, more: Partial<ContainerPort> = {}): ContainerPort => ({
  name: "",
  containerPort,
  protocol: "TCP",
  hostPort: 0,
  hostIp: "",
  ...more,
});
const sockets = (...ports: ContainerPort[]) => containerSockets(ports, "10.1.0.2", "192.0.2.1");

describe("containerSockets()", () => {
  test("makes one for each TCP port, in order, named as the port or by its number", () => {
    expect(sockets(port(9090), port(53, { protocol: "UDP" }), port(80, { name: "http" }))).toEqual([
      { name: "port9090", listen: [{ address: "10.1.0.2", port: 9090 }] },
      { name: "http", listen: [{ address: "10.1.0.2", port: 80 }] },
    ]);
  });

  test("adds the host port on the node's address, or on the one it names", () => {
    const own = { address: "10.1.0.2", port: 80 };
    for (const hostIp of ["", "0.0.0.0", "::"]) {
      expect(sockets(port(80, { hostPort: 8080, hostIp }))[0]?.listen).toEqual([
        own,
        { address: "192.0.2.1", port: 8080 },
      ]);
    }
    expect(sockets(port(80, { hostPort: 80, hostIp: "127.0.0.1" }))[0]?.listen).toEqual([
      own,
      { address: "127.0.0.1", port: 80 },
    ]);
  });

  test("listens once where pod and host port are the same, and where a port is declared again", () => {
    const shared = containerSockets([port(80, { hostPort: 80 })], "192.0.2.1", "192.0.2.1");
    expect(shared).toEqual([{ name: "port80", listen: [{ address: "192.0.2.1", port: 80 }] }]);
    expect(sockets(port(80, { name: "a" }), port(80, { name: "b", hostPort: 81 }))).toEqual([
      {
        name: "a",
        listen: [
          { address: "10.1.0.2", port: 80 },
          { address: "192.0.2.1", port: 81 },
        ],
      },
    ]);
  });
});

describe("refusePortClash()", () => {
  const other = { container: "web", pod: "default/first" };

  test("names the field, the port and who listens there", () => {
    const config = { name: "main", ports: [port(79), port(80)] };
    const wanted = sockets(...config.ports);
    expect(() => refusePortClash(config, wanted, [{ ...other, sockets: sockets(port(80)) }])).toThrow(
      expect.objectContaining({
        code: "FailedPrecondition",
        message:
          'Cannot create container "main": ports[1].containerPort is 80, and container "web" of pod "default/first" ' +
          "listens on 10.1.0.2:80 already",
      }),
    );
    const host = { name: "main", ports: [port(1, { hostPort: 8080 })] };
    const theirs = containerSockets([port(8080)], "192.0.2.1", "192.0.2.1");
    expect(() => refusePortClash(host, sockets(...host.ports), [{ ...other, sockets: theirs }])).toThrow(
      /ports\[0\]\.hostPort is 8080, and .* listens on 192\.0\.2\.1:8080 already/,
    );
  });

  test("lets the same port of another address be", () => {
    const theirs = containerSockets([port(80)], "10.1.0.3", "192.0.2.1");
    const config = { name: "main", ports: [port(80)] };
    expect(() => refusePortClash(config, sockets(port(80)), [{ ...other, sockets: theirs }])).not.toThrow();
  });
});
