import { FakeClock } from "@wherry/base";
import type { SubjectAccessReview } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { anonymousAuthenticator, firstOf } from "../../src/server/authenticator.ts";
import { accessAttributes, webhookAuthorizer } from "../../src/server/authorizer.ts";
import { parseLogQuery } from "../../src/server/container-logs.ts";
import { ExpiringCache } from "../../src/server/expiring-cache.ts";
import { matchRoute, type Route } from "../../src/server/route.ts";

const signal = new AbortController().signal;

describe("accessAttributes()", () => {
  test("accessAttributes() maps paths and methods as upstream", () => {
    const cases: [string, string, string, string[]][] = [
      ["GET", "/stats/summary", "get", ["stats"]],
      ["GET", "/metrics", "get", ["metrics"]],
      ["GET", "/metrics/cadvisor", "get", ["metrics"]],
      ["GET", "/metricsx", "get", ["proxy"]],
      ["GET", "/logs/", "get", ["log"]],
      ["POST", "/checkpoint/ns/pod/c", "create", ["checkpoint"]],
      ["GET", "/pods", "get", ["pods", "proxy"]],
      ["GET", "/runningpods/", "get", ["pods", "proxy"]],
      ["HEAD", "/healthz/ping", "get", ["healthz", "proxy"]],
      ["GET", "/configz", "get", ["configz", "proxy"]],
      ["GET", "/containerLogs/ns/pod/c", "get", ["proxy"]],
      ["POST", "/exec/ns/pod/c", "create", ["proxy"]],
      ["DELETE", "/", "delete", ["proxy"]],
    ];
    for (const [method, path, verb, subresources] of cases)
      expect(accessAttributes(method, path), `${method} ${path}`).toEqual({ verb, subresources });
  });
});

describe("webhookAuthorizer()", () => {
  test("webhookAuthorizer() remembers an allowance for 5 minutes and a denial for 30 seconds", async () => {
    const clock = new FakeClock();
    let asked = 0;
    const client = {
      async create(_definition: unknown, { spec }: SubjectAccessReview) {
        asked++;
        return { spec, status: { allowed: spec.user === "good" } };
      },
    };
    const authorize = webhookAuthorizer({
      client: client as never,
      nodeName: "n",
      allowTtlMs: 300_000,
      denyTtlMs: 30_000,
      clock,
    });
    const ask = (name: string) => authorize({ name, groups: [] }, { verb: "get", subresources: ["proxy"] }, signal);
    expect([await ask("good"), await ask("bad"), await ask("good"), await ask("bad")]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(asked).toBe(2);
    await clock.advance(31_000);
    await ask("bad");
    await ask("good");
    expect(asked).toBe(3);
    await clock.advance(300_000);
    await ask("good");
    expect(asked).toBe(4);
  });

  test("webhookAuthorizer() rejects when nobody can be asked, and asks again next time", async () => {
    let left = 1;
    const client = {
      async create() {
        if (left-- > 0) throw new Error("down");
        return { status: { allowed: true } };
      },
    };
    const clock = new FakeClock();
    const authorize = webhookAuthorizer({ client: client as never, nodeName: "n", allowTtlMs: 1, denyTtlMs: 1, clock });
    const ask = () => authorize({ name: "a", groups: [] }, { verb: "get", subresources: ["proxy"] }, signal);
    await expect(ask()).rejects.toThrow("down");
    expect(await ask()).toBe(true);
  });
});

describe("firstOf()", () => {
  test("firstOf() takes the first answer, and fails only when nobody after a failure knows the sender", async () => {
    const failing = async () => {
      throw new Error("review failed");
    };
    const unknown = async () => undefined;
    const request = {} as never;
    expect(await firstOf([unknown, failing, anonymousAuthenticator])(request, signal)).toMatchObject({
      name: "system:anonymous",
    });
    await expect(firstOf([failing, unknown])(request, signal)).rejects.toThrow("review failed");
    expect(await firstOf([unknown])(request, signal)).toBeUndefined();
  });
});

describe("ExpiringCache", () => {
  test("ExpiringCache shares one fetch, forgets failures and the oldest", async () => {
    const cache = new ExpiringCache<string>({ clock: new FakeClock(), maxEntries: 2 });
    let fetches = 0;
    const get = (key: string) =>
      cache.get(
        key,
        async () => `${key}${++fetches}`,
        () => 1_000,
      );
    expect(await Promise.all([get("a"), get("a")])).toEqual(["a1", "a1"]);
    await get("b");
    await get("c");
    expect(await get("a")).toBe("a4");
    await expect(
      cache.get(
        "x",
        () => Promise.reject(new Error("no")),
        () => 1_000,
      ),
    ).rejects.toThrow("no");
    expect(await get("x")).toBe("x5");
  });
});

describe("matchRoute()", () => {
  const handler = async () => undefined;
  const routes: Route[] = [
    { path: "/pods", methods: ["GET"], handler },
    { path: "/exec/{namespace}/{pod}/{container}", methods: ["GET", "POST"], handler },
    { path: "/logs/{path...}", methods: ["GET"], handler },
  ];

  test("matchRoute() finds routes with decoded parameters", () => {
    expect(matchRoute(routes, "POST", "/exec/ns/a%2Db/main")).toMatchObject({
      kind: "found",
      parameters: { namespace: "ns", pod: "a-b", container: "main" },
    });
    expect(matchRoute(routes, "GET", "/logs/a/b")).toMatchObject({ parameters: { path: "a/b" } });
    expect(matchRoute(routes, "HEAD", "/pods").kind).toBe("found");
  });

  test("matchRoute() tells a wrong method from an unknown path", () => {
    expect(matchRoute(routes, "DELETE", "/exec/a/b/c")).toEqual({ kind: "method", allow: ["GET", "POST"] });
    for (const path of ["/", "/pods/", "/exec/a/b", "/exec/a//c", "/exec/a/%zz/c", "/podsx"])
      expect(matchRoute(routes, "GET", path).kind, path).toBe("none");
  });
});

describe("parseLogQuery()", () => {
  const parse = (query: string) => parseLogQuery(new URLSearchParams(query), 1_000_000);

  test("parseLogQuery() reads the parameters of PodLogOptions", () => {
    expect(parse("follow=true&timestamps=1&previous=false&tailLines=5&limitBytes=10&sinceSeconds=100")).toEqual({
      previous: false,
      options: {
        follow: true,
        timestamps: true,
        tailLines: 5,
        limitBytes: 10,
        since: { seconds: 900, nanoseconds: 0 },
        stream: undefined,
      },
    });
    expect(parse("tail=3").options.tailLines).toBe(3);
    expect(parse("tail=all&tailLines=5").options.tailLines).toBeUndefined();
    expect(parse("stream=Stderr").options.stream).toBe("stderr");
    expect(parse("sinceTime=1970-01-01T00:00:01.5%2B00:00").options.since).toEqual({
      seconds: 1,
      nanoseconds: 500_000_000,
    });
  });

  test("parseLogQuery() refuses with 400 what it cannot read and with 422 what is not allowed", () => {
    const status = (query: string) => {
      try {
        parse(query);
        return 200;
      } catch (error) {
        return (error as { status: number }).status;
      }
    };
    for (const query of ["tailLines=1.5", "limitBytes=a", "sinceTime=yesterday"])
      expect(status(query), query).toBe(400);
    for (const query of ["tailLines=-1", "limitBytes=0", "sinceSeconds=0", "stream=x", "stream=Stdout&tailLines=1"])
      expect(status(query), query).toBe(422);
  });
});
