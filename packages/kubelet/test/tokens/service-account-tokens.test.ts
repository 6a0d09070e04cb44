import { createLogger, FakeClock, type LogEntry } from "@wherry/base";
import { ApiError } from "@wherry/client";
import type { Pod } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { CachingServiceAccountTokens } from "../../src/tokens/service-account-tokens.ts";
import type { TokenRequest } from "../../src/tokens/token-request.ts";

const podOf = (uid: string): Pod => ({
  metadata: { name: "pod", namespace: "ns", uid },
  spec: { containers: [], serviceAccountName: "builder" },
});
const pod = podOf("uid-1");

function fixture(random = 0) {
  const clock = new FakeClock();
  const requests: { namespace: string; serviceAccount: string; request: TokenRequest }[] = [];
  const failures: unknown[] = [];
  const entries: LogEntry[] = [];
  let grantedSeconds: number | undefined;
  const tokens = new CachingServiceAccountTokens({
    clock,
    random: () => random,
    logger: createLogger((entry) => entries.push(entry), "debug"),
    source: async (namespace, serviceAccount, request) => {
      requests.push({ namespace, serviceAccount, request });
      await Promise.resolve();
      if (failures.length > 0) throw failures.shift();
      const seconds = grantedSeconds ?? request.spec.expirationSeconds ?? 3600;
      const expirationTimestamp = new Date(clock.now() + seconds * 1000).toISOString();
      return {
        spec: { ...request.spec, expirationSeconds: seconds },
        status: { token: `secret-token-${requests.length}`, expirationTimestamp },
      };
    },
  });
  return { clock, requests, failures, entries, tokens, grant: (seconds: number) => (grantedSeconds = seconds) };
}

describe("CachingServiceAccountTokens", () => {
  test("token() asks for a token bound to the pod", async () => {
    const { tokens, requests } = fixture();
    expect(await tokens.token(pod, { audience: "vault", expirationSeconds: 600 })).toBe("secret-token-1");
    expect(requests).toEqual([
      {
        namespace: "ns",
        serviceAccount: "builder",
        request: {
          apiVersion: "authentication.k8s.io/v1",
          kind: "TokenRequest",
          spec: {
            audiences: ["vault"],
            expirationSeconds: 600,
            boundObjectRef: { apiVersion: "v1", kind: "Pod", name: "pod", uid: "uid-1" },
          },
        },
      },
    ]);
  });

  test("token() asks for one of a certain service account, and never answers that of another of its name", async () => {
    const { tokens, requests } = fixture();
    const ofAccount = (serviceAccountUid: string) => tokens.token(pod, { audience: "vault", serviceAccountUid });
    expect(await ofAccount("account-1")).toBe("secret-token-1");
    expect(await ofAccount("account-1")).toBe("secret-token-1");
    expect(await ofAccount("account-2")).toBe("secret-token-2");
    expect(requests.map(({ request }) => request.metadata)).toEqual([{ uid: "account-1" }, { uid: "account-2" }]);
  });

  test("token() shares one request and one token among callers of the same kind", async () => {
    const { tokens, requests } = fixture();
    const answers = await Promise.all([tokens.token(pod), tokens.token(pod), tokens.token(pod, { audience: "" })]);
    expect(new Set(answers)).toEqual(new Set(["secret-token-1"]));
    await tokens.token(pod);
    expect(requests).toHaveLength(1);
    expect(requests[0]?.request.spec).toMatchObject({ audiences: [], expirationSeconds: 3600 });
    await tokens.token(pod, { audience: "other" });
    await tokens.token(pod, { expirationSeconds: 7200 });
    await tokens.token(podOf("uid-2"));
    await tokens.token(pod, { serviceAccountUid: "account-1" });
    expect(requests).toHaveLength(5);
  });

  test.each([
    ["80 % of its lifetime", 3600, 0, 2880],
    ["80 % of its lifetime, earlier by the jitter", 3600, 0.5, 2875],
    ["24 hours", 7 * 24 * 3600, 0, 24 * 3600],
  ])("token() asks anew after %s", async (_, expirationSeconds, random, dueSeconds) => {
    const { tokens, requests, clock } = fixture(random);
    await tokens.token(pod, { expirationSeconds });
    await clock.advance((dueSeconds - 1) * 1000);
    expect(await tokens.token(pod, { expirationSeconds })).toBe("secret-token-1");
    await clock.advance(1000);
    expect(await tokens.token(pod, { expirationSeconds })).toBe("secret-token-2");
    expect(requests).toHaveLength(2);
  });

  test("token() goes by the lifetime that the server granted", async () => {
    const { tokens, clock, grant } = fixture();
    grant(600);
    await tokens.token(pod);
    await clock.advance(479_000);
    expect(await tokens.token(pod)).toBe("secret-token-1");
    await clock.advance(1_000);
    expect(await tokens.token(pod)).toBe("secret-token-2");
  });

  test("token() serves the old token while a refresh fails, until it expires", async () => {
    const { tokens, failures, clock, entries } = fixture();
    await tokens.token(pod);
    await clock.advance(3_000_000);
    failures.push(new Error("connection refused"));
    expect(await tokens.token(pod)).toBe("secret-token-1");
    expect(entries).toHaveLength(1);
    await clock.advance(600_000);
    failures.push(new Error("connection refused"));
    await expect(tokens.token(pod)).rejects.toThrow("connection refused");
    expect(await tokens.token(pod)).toBe("secret-token-4");
    expect(JSON.stringify(entries)).not.toContain("secret-token");
  });

  test("token() tries again while parts of the API server have not heard of the pod or its binding", async () => {
    const { tokens, failures, clock, requests } = fixture();
    failures.push(new ApiError("create token", { code: 403, reason: "Forbidden" }));
    failures.push(new ApiError("create token", { code: 404, details: { kind: "pod", name: "pod" } }));
    const answer = tokens.token(pod);
    await clock.advance(1000);
    expect(await answer).toBe("secret-token-3");
    expect(requests).toHaveLength(3);
  });

  test("token() rejects at once for a service account that does not exist", async () => {
    const { tokens, failures, requests } = fixture();
    failures.push(new ApiError("create token", { code: 404, details: { kind: "serviceaccounts", name: "builder" } }));
    await expect(tokens.token(pod)).rejects.toMatchObject({ status: 404 });
    expect(requests).toHaveLength(1);
  });

  test("token() rejects an answer without a token", async () => {
    const tokens = new CachingServiceAccountTokens({
      clock: new FakeClock(),
      logger: createLogger(() => undefined),
      source: async (_, __, request) => request,
    });
    await expect(tokens.token(pod)).rejects.toThrow('answered no token for service account "ns/builder"');
  });

  test("forgetPod() drops the pod's tokens, also those under way", async () => {
    const { tokens, requests } = fixture();
    await tokens.token(pod);
    await tokens.token(podOf("uid-2"));
    tokens.forgetPod("uid-1");
    const underWay = tokens.token(pod);
    tokens.forgetPod("uid-1");
    expect(await underWay).toBe("secret-token-3");
    await tokens.token(podOf("uid-2"));
    expect(requests).toHaveLength(3);
    await tokens.token(pod);
    expect(requests).toHaveLength(4);
  });

  test("token() gives up waiting when the caller does", async () => {
    const { tokens } = fixture();
    await expect(tokens.token(pod, { signal: AbortSignal.abort() })).rejects.toThrow();
  });
});
