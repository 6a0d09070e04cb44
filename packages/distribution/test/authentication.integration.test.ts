import type { ServerResponse } from "node:http";
import { systemClock } from "@wherry/base";
import { describe, expect, test } from "vitest";
import {
  FakeRegistry,
  type Interceptor,
  type SeenRequest,
  sendError,
  sendJson,
} from "../../testkit/src/registries/fake-registry.ts";
import { type Credential, createDistributionClient, type DistributionClientOptions } from "../src/index.ts";

const layer = Buffer.from("\0asm\x01\0\0\0", "latin1");
const right: Credential = { kind: "basic", username: "user", password: "right" };
const wrong: Credential = { kind: "basic", username: "user", password: "wrong" };
const basicHeader = `Basic ${Buffer.from("user:right").toString("base64")}`;

function clientOf(credentials: readonly Credential[], options: DistributionClientOptions = {}) {
  return createDistributionClient({
    credentials: () => credentials,
    clock: { ...systemClock, sleep: async () => undefined },
    ...options,
  });
}

/** Demands bearer tokens from a token server at `/token` of `host`. */
function demandToken(
  host: () => string,
  options: { readonly accepts: (request: SeenRequest) => boolean; readonly expiresIn?: number },
): Interceptor {
  let issued = 0;
  return (request, response) => {
    if (request.url.pathname === "/token") {
      if (!options.accepts(request)) sendError(response, 401, "UNAUTHORIZED", "no");
      else sendJson(response, { access_token: `token-${++issued}`, expires_in: options.expiresIn ?? 300 });
      return true;
    }
    if (request.authorization === `Bearer token-${issued}` && issued > 0) return false;
    challenge(response, `Bearer realm="http://${host()}/token",service="registry",scope="repository:ignored:pull"`);
    return true;
  };
}

function challenge(response: ServerResponse, header: string): void {
  response.setHeader("www-authenticate", header);
  sendError(response, 401, "UNAUTHORIZED", "authentication required");
}

function tokenRequests(registry: FakeRegistry): SeenRequest[] {
  return registry.requests.filter(({ url }) => url.pathname === "/token");
}

describe("Repository authentication", () => {
  test("answers a basic challenge and then sends the credential at once", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf([right]);
    const { manifest } = registry.addImage("a", "1", layer);
    registry.intercept = ({ authorization }, response) => {
      if (authorization === basicHeader) return false;
      challenge(response, 'Basic realm="r"');
      return true;
    };
    const repository = client.repository(`${registry.host}/a:1`);
    expect(await repository.resolve()).toEqual(manifest);
    await repository.fetchManifest();
    expect(registry.requests.map(({ authorization }) => authorization)).toEqual([undefined, basicHeader, basicHeader]);
  });

  test("gets an anonymous token for the scope it needs and keeps it", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf([]);
    const { manifest } = registry.addImage("team/app", "1", layer);
    registry.intercept = demandToken(() => registry.host, {
      accepts: ({ authorization }) => authorization === undefined,
    });
    expect(await client.repository(`${registry.host}/team/app:1`).resolve()).toEqual(manifest);
    await client.repository(`${registry.host}/team/app:1`).resolve();
    expect(tokenRequests(registry).map(({ url }) => url.search)).toEqual([
      "?service=registry&scope=repository%3Ateam%2Fapp%3Apull",
    ]);
  });

  test("requests at the same time ask for one token", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf([right]);
    registry.addImage("a", "1", layer);
    registry.intercept = demandToken(() => registry.host, { accepts: () => true });
    const repository = client.repository(`${registry.host}/a:1`);
    await Promise.all(Array.from({ length: 8 }, () => repository.resolve()));
    expect(tokenRequests(registry)).toHaveLength(1);
  });

  test("a token that ended early is replaced once", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf([right]);
    registry.addImage("a", "1", layer);
    let issued = 0;
    let valid = "";
    registry.intercept = (request, response) => {
      if (request.url.pathname === "/token") {
        valid = `token-${++issued}`;
        sendJson(response, { token: valid });
        return true;
      }
      if (valid !== "" && request.authorization === `Bearer ${valid}`) return false;
      challenge(response, `Bearer realm="${registry.url}/token"`);
      return true;
    };
    const repository = client.repository(`${registry.host}/a:1`);
    await repository.resolve();
    valid = "revoked";
    await repository.resolve();
    expect(issued).toBe(2);
  });

  test("candidates are tried in order, and the one that was taken is used from then on", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf([wrong, right]);
    registry.addImage("a", "1", layer);
    registry.intercept = demandToken(() => registry.host, {
      accepts: ({ authorization }) => authorization === basicHeader,
    });
    const repository = client.repository(`${registry.host}/a:1`);
    await repository.resolve();
    await repository.fetchManifest();
    expect(tokenRequests(registry)).toHaveLength(2);
  });

  test("a token that may not do it gives way to the next candidate", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf([wrong, right]);
    const { manifest } = registry.addImage("a", "1", layer);
    registry.intercept = (request, response) => {
      if (request.url.pathname === "/token")
        sendJson(response, { token: request.authorization === basicHeader ? "good" : "poor" });
      else if (request.authorization === undefined) challenge(response, `Bearer realm="${registry.url}/token"`);
      else if (request.authorization === "Bearer poor") sendError(response, 403, "DENIED", "not yours");
      else return false;
      return true;
    };
    expect(await client.repository(`${registry.host}/a:1`).resolve()).toEqual(manifest);
  });

  test("exchanges an identity token by POST and keeps its replacement", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf([{ kind: "identity-token", identityToken: "refresh-1" }]);
    registry.addImage("a", "1", layer);
    const forms: URLSearchParams[] = [];
    registry.intercept = (request, response) => {
      if (request.url.pathname !== "/token" && request.authorization === "Bearer access") return false;
      if (request.url.pathname !== "/token") challenge(response, `Bearer realm="${registry.url}/token",service="s"`);
      else {
        forms.push(new URLSearchParams(request.body.toString()));
        sendJson(response, { access_token: "access", refresh_token: "refresh-2", expires_in: 1 });
      }
      return true;
    };
    await client.repository(`${registry.host}/a:1`).resolve();
    await client.repository(`${registry.host}/a:1`).resolve();
    expect(forms.map((form) => [form.get("grant_type"), form.get("refresh_token")])).toEqual([
      ["refresh_token", "refresh-1"],
      ["refresh_token", "refresh-2"],
    ]);
    expect(forms[0]?.get("service")).toBe("s");
    expect(forms[0]?.get("scope")).toBe("repository:a:pull");
  });

  test("a registry token is sent as it is", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf([{ kind: "registry-token", registryToken: "given" }]);
    registry.addImage("a", "1", layer);
    registry.intercept = ({ authorization }, response) => {
      if (authorization === "Bearer given") return false;
      challenge(response, `Bearer realm="${registry.url}/token"`);
      return true;
    };
    await client.repository(`${registry.host}/a:1`).resolve();
    expect(tokenRequests(registry)).toEqual([]);
  });

  test("credentials that nobody takes are reported as the registry answered", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf([wrong]);
    registry.intercept = (_request, response) => {
      challenge(response, "Basic realm=r");
      return true;
    };
    await expect(client.repository(`${registry.host}/a:1`).resolve()).rejects.toMatchObject({
      code: "Unauthorized",
      message: expect.stringContaining(
        `Cannot pull image "${registry.host}/a:1": registry "${registry.host}" answered 401 Unauthorized`,
      ),
    });
    registry.intercept = demandToken(() => registry.host, { accepts: () => false });
    await expect(client.repository(`${registry.host}/b:1`).resolve()).rejects.toMatchObject({ code: "Unauthorized" });
  });

  test("credentials of one call are not used for another", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf([]);
    registry.addImage("a", "1", layer);
    registry.intercept = demandToken(() => registry.host, {
      accepts: ({ authorization }) => authorization === basicHeader,
    });
    const reference = `${registry.host}/a:1`;
    await client.repository(reference, { credentials: () => [right] }).resolve();
    await expect(client.repository(reference).resolve()).rejects.toMatchObject({ code: "Unauthorized" });
  });

  test("a token server of an unsafe URL is refused", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf([right]);
    registry.intercept = (_request, response) => {
      challenge(response, 'Bearer realm="ftp://auth.example/token"');
      return true;
    };
    await expect(client.repository(`${registry.host}/a:1`).resolve()).rejects.toMatchObject({
      code: "InvalidResponse",
    });
    registry.intercept = (_request, response) => {
      challenge(response, 'Bearer realm="https://user@auth.example/token"');
      return true;
    };
    await expect(client.repository(`${registry.host}/a:1`).resolve()).rejects.toMatchObject({
      code: "InvalidResponse",
    });
  });

  test.each([
    ["no JSON but secret-token", "no JSON"],
    ["{}", "without a token"],
    ['{"token":"a\\nb: secret-token"}', "characters"],
  ])("a token answer %j is refused without telling what is in it", async (body, problem) => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf([right]);
    registry.intercept = ({ url }, response) => {
      if (url.pathname === "/token") response.end(body);
      else challenge(response, `Bearer realm="${registry.url}/token"`);
      return true;
    };
    const error = (await client
      .repository(`${registry.host}/a:1`)
      .resolve()
      .catch((failure: Error) => failure)) as Error;
    expect(error.message).toContain(problem);
    expect(error.message).not.toContain("secret-token");
  });
});

describe("Repository redirects", () => {
  test("credentials stay at the registry's host", async () => {
    await using storage = await FakeRegistry.start();
    await using registry = await FakeRegistry.start();
    await using client = clientOf([right]);
    const blob = storage.addBlob(layer);
    registry.intercept = ({ authorization, url }, response) => {
      if (authorization !== basicHeader) challenge(response, "Basic realm=r");
      else if (url.pathname.includes("/blobs/"))
        response.writeHead(307, { location: `${storage.url}${url.pathname}?signed` }).end();
      else return false;
      return true;
    };
    const chunks: Uint8Array[] = [];
    for await (const chunk of client.repository(`${registry.host}/a:1`).fetchBlob(blob)) chunks.push(chunk);
    expect(Buffer.concat(chunks)).toEqual(layer);
    expect(storage.requests.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  test("credentials do not come back when another host redirects to the registry again", async () => {
    await using storage = await FakeRegistry.start();
    await using registry = await FakeRegistry.start();
    await using client = clientOf([right]);
    const blob = registry.addBlob(layer);
    registry.intercept = ({ authorization, url }, response) => {
      if (url.searchParams.has("back")) return false;
      if (authorization === undefined) challenge(response, "Basic realm=r");
      else response.writeHead(302, { location: `${storage.url}${url.pathname}` }).end();
      return true;
    };
    storage.intercept = ({ url }, response) => {
      response.writeHead(302, { location: `${registry.url}${url.pathname}?back` }).end();
      return true;
    };
    for await (const _ of client.repository(`${registry.host}/a:1`).fetchBlob(blob));
    expect(registry.requests.at(-1)?.authorization).toBeUndefined();
  });

  test("a refusal by the redirect's target does not use up the credentials", async () => {
    await using storage = await FakeRegistry.start();
    await using registry = await FakeRegistry.start();
    await using client = clientOf([right, wrong]);
    const blob = storage.addBlob(layer);
    storage.intercept = (_request, response) => {
      sendError(response, 403, "EXPIRED", "link expired");
      return true;
    };
    registry.intercept = ({ authorization, url }, response) => {
      if (authorization === undefined) challenge(response, "Basic realm=r");
      else response.writeHead(302, { location: `${storage.url}${url.pathname}` }).end();
      return true;
    };
    const reading = client.repository(`${registry.host}/a:1`).fetchBlob(blob).next();
    await expect(reading).rejects.toMatchObject({ code: "Forbidden" });
    expect(registry.requests.map(({ authorization }) => authorization)).toEqual([undefined, basicHeader]);
  });

  test.each([
    ["file:///etc/passwd", "redirects to a file: URL"],
    ["http://[", "invalid URL"],
  ])("a redirect to %s is refused", async (location, problem) => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf([]);
    registry.intercept = (_request, response) => {
      response.writeHead(307, { location }).end();
      return true;
    };
    await expect(client.repository(`${registry.host}/a:1`).resolve()).rejects.toThrow(problem);
  });

  test("endless redirects end", async () => {
    await using registry = await FakeRegistry.start();
    await using client = clientOf([]);
    registry.intercept = ({ url }, response) => {
      response.writeHead(307, { location: url.pathname }).end();
      return true;
    };
    await expect(client.repository(`${registry.host}/a:1`).resolve()).rejects.toThrow("redirects more than 10 times");
  });
});
