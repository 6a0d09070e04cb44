import { once } from "node:events";
import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock } from "@wherry/base";
import type { Pod, SubjectAccessReview, TokenReview } from "@wherry/kubernetes";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ContainerLog } from "../../src/ports/log-source.ts";
import { certificateAuthenticator, firstOf, tokenAuthenticator } from "../../src/server/authenticator.ts";
import { webhookAuthorizer } from "../../src/server/authorizer.ts";
import { pingCheck } from "../../src/server/health-checks.ts";
import { kubeletRoutes } from "../../src/server/kubelet-routes.ts";
import { KubeletServer } from "../../src/server/kubelet-server.ts";
import { createRequestPipeline } from "../../src/server/request-pipeline.ts";
import { selfSignedCertificate } from "../../src/server/serving-certificate.ts";
import { createTokenReviewer } from "../../src/server/token-review.ts";
import { createTestAuthority, type IssuedCertificate, type TestAuthority } from "./test-authority.ts";

const pod: Pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "web", namespace: "default", uid: "u1" } };
const line = (text: string) => `${new Date().toISOString().replace("Z", "000000Z")} stdout F ${text}\n`;

let directory: string;
let authority: TestAuthority;
let admin: IssuedCertificate;
let server: KubeletServer;
let certificate: string;
let stopped: Promise<void>;
const stop = new AbortController();
const reviews: string[] = [];
let container: { running: boolean; end: () => void; log: ContainerLog };

/** Plays the API server: the token "good" is alice, who may only read logs through nodes/proxy. */
const reviewClient = {
  async create(_definition: unknown, body: object): Promise<never> {
    if ("token" in (body as TokenReview).spec) {
      reviews.push("token");
      const { token } = (body as TokenReview).spec;
      const status = token === "good" ? { authenticated: true, user: { username: "alice", groups: ["dev"] } } : {};
      return { status } as never;
    }
    const { spec } = body as SubjectAccessReview;
    reviews.push(`${spec.user} ${spec.resourceAttributes?.verb} ${spec.resourceAttributes?.subresource}`);
    const allowed = spec.groups?.includes("system:masters") || spec.resourceAttributes?.subresource === "proxy";
    return { status: { allowed } } as never;
  },
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "wherry-server-"));
  authority = await createTestAuthority();
  admin = await authority.issueClient("admin", ["system:masters", "ops"]);
  const nowMs = Date.now();
  const serving = await selfSignedCertificate({ directory, nodeName: "n1", addresses: ["127.0.0.1"], nowMs });
  certificate = serving.certificate;
  container = runningContainer(join(directory, "logs", "0.log"));
  await mkdir(join(directory, "logs"));
  await writeFile(container.log.path, line("first") + line("second"));
  const client = reviewClient as never;
  server = new KubeletServer({
    address: "127.0.0.1",
    port: 0,
    tls: { ...serving, clientCertificateAuthority: authority.certificate },
    handle: createRequestPipeline({
      routes: kubeletRoutes({
        pods: { list: () => [pod] },
        logs: {
          async containerLog(_namespace, name, containerName, { previous }) {
            if (name !== "web") return { status: 404, message: `pod "${name}" does not exist` };
            if (previous)
              return {
                status: 400,
                message: `previous terminated container "${containerName}" in pod "web" not found`,
              };
            return container.log;
          },
        },
        healthChecks: [pingCheck],
        configuration: () => ({ port: 10250 }),
        debugging: true,
        clock: systemClock,
        logger: silentLogger,
      }),
      authenticate: firstOf([
        certificateAuthenticator(() => Date.now()),
        tokenAuthenticator(createTokenReviewer({ client, cacheTtlMs: 120_000, clock: systemClock })),
      ]),
      authorize: webhookAuthorizer({
        client,
        nodeName: "n1",
        allowTtlMs: 300_000,
        denyTtlMs: 30_000,
        clock: systemClock,
      }),
      logger: silentLogger,
    }),
    logger: silentLogger,
  });
  await server.listen();
  stopped = server.run(stop.signal);
});

afterAll(async () => {
  stop.abort();
  await stopped;
  await rm(directory, { recursive: true, force: true });
});

function runningContainer(path: string): typeof container {
  const ended = Promise.withResolvers<void>();
  const state = {
    running: true,
    end: () => {
      state.running = false;
      ended.resolve();
    },
    log: { containerId: "c1", path, isRunning: () => state.running, ended: () => ended.promise },
  };
  return state;
}

interface Call {
  readonly method?: string;
  readonly identity?: IssuedCertificate | undefined;
  readonly token?: string;
}

async function open(path: string, { method = "GET", identity, token }: Call): Promise<IncomingMessage> {
  const call = request({
    host: "127.0.0.1",
    port: server.port,
    path,
    method,
    ca: certificate,
    agent: false,
    ...(identity && { cert: identity.certificate, key: identity.privateKey }),
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  }).end();
  const [response] = (await once(call, "response")) as [IncomingMessage];
  return response;
}

async function send(
  path: string,
  call: Call,
): Promise<{ status: number; text: string; headers: IncomingMessage["headers"] }> {
  const response = await open(path, call);
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, text, headers: response.headers };
}

describe("KubeletServer", () => {
  test("KubeletServer answers 401 without credentials and for a token the API server does not know", async () => {
    expect(await send("/pods", {})).toMatchObject({ status: 401, text: "Unauthorized" });
    expect(await send("/pods", { token: "bad" })).toMatchObject({ status: 401, text: "Unauthorized" });
  });

  test("KubeletServer takes a certificate of another authority for nobody's", async () => {
    const foreign = await (await createTestAuthority()).issueClient("admin", ["system:masters"]);
    expect(await send("/pods", { identity: foreign })).toMatchObject({ status: 401 });
  });

  test("KubeletServer lists pods for a client certificate, its organizations being groups", async () => {
    const answer = await send("/pods", { identity: admin });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toEqual({ kind: "PodList", apiVersion: "v1", metadata: {}, items: [pod] });
  });

  test("KubeletServer asks once for a token and once for each kind of access", async () => {
    reviews.length = 0;
    for (let round = 0; round < 3; round++) expect((await send("/configz", { token: "good" })).status).toBe(200);
    expect(reviews).toEqual(["token", "alice get configz", "alice get proxy"]);
  });

  test("KubeletServer answers 403 naming user, verb and subresource", async () => {
    expect(await send("/metrics", { token: "good" })).toMatchObject({
      status: 403,
      text: "Forbidden (user=alice, verb=get, resource=nodes, subresource(s)=[metrics])",
    });
  });

  test("KubeletServer answers 405 with Allow, 404, and 501 for exec", async () => {
    const wrongMethod = await send("/pods", { identity: admin, method: "POST" });
    expect(wrongMethod.status).toBe(405);
    expect(wrongMethod.headers.allow).toBe("GET");
    expect((await send("/nothing", { identity: admin })).status).toBe(404);
    expect(await send("/exec/default/web/main?command=ls", { identity: admin })).toMatchObject({
      status: 501,
      text: 'Cannot exec to container "main" of pod "default/web": this node does not support exec',
    });
  });

  test("KubeletServer refuses a path that authorisation and routing could read differently", async () => {
    for (const path of ["/pods/../exec/a/b/c", "//pods", "/stats/%2e%2e/pods"])
      expect((await send(path, { identity: admin })).status).toBe(400);
  });

  test("KubeletServer serves logs, refuses unknown pods and bad parameters", async () => {
    expect(await send("/containerLogs/default/web/main?tailLines=1", { identity: admin })).toMatchObject({
      status: 200,
      text: "second\n",
    });
    const refusals: [string, number, string][] = [
      ["/containerLogs/default/other/main", 404, 'pod "other" does not exist'],
      [
        "/containerLogs/default/web/main?previous=true",
        400,
        'previous terminated container "main" in pod "web" not found',
      ],
      ["/containerLogs/default/web/main?tailLines=x", 400, "Unable to decode query"],
      ["/containerLogs/default/web/main?tailLines=-1", 422, "Invalid request"],
      ["/containerLogs/default/web/main?limitBytes=0", 422, "Invalid request"],
      ["/containerLogs/default/web/main?sinceSeconds=5&sinceTime=2026-01-01T00:00:00Z", 422, "Invalid request"],
    ];
    for (const [path, status, text] of refusals) {
      const answer = await send(path, { identity: admin });
      expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(text)]);
    }
  });

  test("KubeletServer follows a log over a rotation until the container ends", async () => {
    const response = await open("/containerLogs/default/web/main?follow=true&tailLines=1", { identity: admin });
    expect(response.statusCode).toBe(200);
    let text = "";
    const arrived = (wanted: string) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (!text.includes(wanted)) return;
          response.off("data", look);
          resolve();
        };
        response.on("data", look);
        look();
      });
    response.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    await arrived("second\n");
    const { path } = container.log;
    await appendFile(path, line("third"));
    await arrived("third\n");
    await rename(path, `${path}.20260101-000000`);
    await appendFile(`${path}.20260101-000000`, line("fourth"));
    await writeFile(path, line("fifth"));
    await arrived("fifth\n");
    await appendFile(path, line("last"));
    container.end();
    await once(response, "end");
    expect(text).toBe("second\nthird\nfourth\nfifth\nlast\n");
  });

  test("KubeletServer tells which field to change when the port is taken", async () => {
    const second = new KubeletServer({
      address: "127.0.0.1",
      port: server.port ?? 0,
      tls: {
        certificate,
        privateKey: (await selfSignedCertificate({ directory, nodeName: "n1", addresses: [], nowMs: Date.now() }))
          .privateKey,
      },
      handle: async () => undefined,
      logger: silentLogger,
    });
    await expect(second.listen()).rejects.toMatchObject({
      code: "PortInUse",
      message: expect.stringContaining("in port of the KubeletConfiguration"),
    });
  });
});
