import { describe, expect, test } from "vitest";
import { containerPort } from "../../src/actions/container-port.ts";
import { httpRequest } from "../../src/actions/http-request.ts";
import { ActionError } from "../../src/errors.ts";

const container = { name: "main", ports: [{ name: "http", containerPort: 8080 }, { containerPort: 9090 }] };

describe("containerPort()", () => {
  test.each([
    [80, 80],
    ["http", 8080],
    ["443", 443],
  ])("containerPort() of %j is %i", (port, expected) => {
    expect(containerPort(port, container)).toBe(expected);
  });

  test.each([[0], [65_536], ["0"], [""], ["https"], ["8080x"]])("containerPort() refuses %j", (port) => {
    expect(() => containerPort(port, container)).toThrow(ActionError);
  });
});

describe("httpRequest()", () => {
  const defaults = [
    ["User-Agent", "kube-probe/1.36"],
    ["Accept", "*/*"],
  ];

  test.each([
    ["the pod's address", { port: 80 }, "http://10.0.0.1/"],
    ["a named port and a path with a query", { port: "http", path: "/a?b=c" }, "http://10.0.0.1:8080/a?b=c"],
    ["a path without a slash", { port: 80, path: "healthz" }, "http://10.0.0.1/healthz"],
    ["a host of its own", { port: 80, host: "example.org" }, "http://example.org/"],
    ["IPv6", { port: 81, host: "fd00::1" }, "http://[fd00::1]:81/"],
    ["HTTPS", { port: 8443, scheme: "HTTPS" }, "https://10.0.0.1:8443/"],
  ])("httpRequest() with %s", (_name, action, href) => {
    const request = httpRequest(action, container, "10.0.0.1", "probe");
    expect(request.url.href).toBe(href);
    expect(request.headers).toEqual(defaults);
  });

  test("httpRequest() keeps the headers of the spec, and leaves out what they empty", () => {
    const httpHeaders = [
      { name: "X-Twice", value: "1" },
      { name: "X-Twice", value: "2" },
      { name: "accept", value: "" },
      { name: "user-agent", value: "mine" },
      { name: "X-Empty", value: "" },
    ];
    expect(httpRequest({ port: 80, httpHeaders }, container, "10.0.0.1", "probe").headers).toEqual([
      ["X-Twice", "1"],
      ["X-Twice", "2"],
      ["user-agent", "mine"],
      ["X-Empty", ""],
    ]);
  });

  test.each([
    ["a header with a line break", { port: 80, httpHeaders: [{ name: "X", value: "a\r\nHost: b" }] }],
    ["a header name with a space", { port: 80, httpHeaders: [{ name: "X Y", value: "a" }] }],
    ["a host with a path", { port: 80, host: "a/b" }],
    ["a host with credentials", { port: 80, host: "a@b" }],
    ["another scheme", { port: 80, scheme: "FTP" }],
    ["a port nobody named", { port: "none" }],
  ])("httpRequest() refuses %s", (_name, action) => {
    expect(() => httpRequest(action, container, "10.0.0.1", "probe")).toThrow(ActionError);
  });
});
