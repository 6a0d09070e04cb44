import { createServer as createHttpServer, request as httpRequest } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { rootCertificates } from "node:tls";
import { systemClock } from "@wherry/base";
import { describe, expect, test } from "vitest";
import { FakeRegistry } from "../../testkit/src/registries/fake-registry.ts";
import { createDistributionClient, type DistributionClientOptions } from "../src/index.ts";
import { testCertificate, testKey } from "./tls-fixture.ts";

interface Front extends AsyncDisposable {
  readonly port: number;
  readonly clientNames: string[];
}

/** TLS in front of a registry. */
async function startTls(registry: FakeRegistry, options: { readonly requestCert?: boolean } = {}): Promise<Front> {
  const clientNames: string[] = [];
  const server: Server = createServer(
    { cert: testCertificate, key: testKey, ca: testCertificate, ...options, rejectUnauthorized: false },
    (request, response) => {
      const socket = request.socket as unknown as { getPeerCertificate(): { subject?: { CN?: string } } };
      clientNames.push(socket.getPeerCertificate().subject?.CN ?? "");
      const { hostname, port } = new URL(registry.url);
      const { method, url: path, headers } = request;
      const onward = httpRequest({ hostname, port, method, path, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      request.pipe(onward);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    clientNames,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function clientOf(options: DistributionClientOptions = {}) {
  return createDistributionClient({
    clock: { ...systemClock, sleep: async () => undefined },
    retry: { attempts: 2 },
    ...options,
  });
}

const layer = Buffer.from("\0asm\x01\0\0\0", "latin1");

describe("createDistributionClient()", () => {
  test("speaks TLS to a loopback registry that does, trusted or not", async () => {
    await using registry = await FakeRegistry.start();
    await using front = await startTls(registry);
    const { manifest } = registry.addImage("a", "1", layer);
    for (const options of [{}, { ca: testCertificate }, { insecureRegistries: ["127.0.0.1"] }]) {
      await using client = clientOf(options);
      expect(await client.repository(`127.0.0.1:${front.port}/a:1`).resolve()).toEqual(manifest);
    }
  });

  test("repository() takes a registry named as a property of every object", async () => {
    await using client = clientOf();
    expect(client.repository("toString/app:1").reference.registry).toBe("toString");
  });

  test("shows the client certificate of the host", async () => {
    await using registry = await FakeRegistry.start();
    await using front = await startTls(registry, { requestCert: true });
    registry.addImage("a", "1", layer);
    const host = `127.0.0.1:${front.port}`;
    await using client = clientOf({
      tls: { [host]: { ca: testCertificate, clientCertificate: { certificate: testCertificate, key: testKey } } },
    });
    await client.repository(`${host}/a:1`).resolve();
    expect(front.clientNames).toEqual(["Wherry test registry"]);
  });

  test("refuses a certificate that is not trusted, without trying again or falling back to plain HTTP", async () => {
    await using registry = await FakeRegistry.start();
    await using front = await startTls(registry);
    await using client = clientOf({ ca: rootCertificates[0] ?? "" });
    await expect(client.repository(`127.0.0.1:${front.port}/a:1`).resolve()).rejects.toMatchObject({
      code: "TlsFailure",
      retryable: false,
      message: expect.stringContaining("is not trusted: self-signed certificate"),
    });
    expect(registry.requests).toEqual([]);
  });

  test("a redirect from TLS to a plain host that is not listed is refused", async () => {
    await using registry = await FakeRegistry.start();
    await using front = await startTls(registry);
    await using client = clientOf();
    const blob = registry.addBlob(layer);
    registry.intercept = (_request, response) => {
      response.writeHead(307, { location: "http://storage.invalid/blob" }).end();
      return true;
    };
    const reading = client.repository(`127.0.0.1:${front.port}/a:1`).fetchBlob(blob).next();
    await expect(reading).rejects.toThrow("redirects from https to plain http on storage.invalid");
  });

  test("a plain token server on another host is refused for a registry with TLS", async () => {
    await using registry = await FakeRegistry.start();
    await using front = await startTls(registry);
    await using client = clientOf({ credentials: () => [{ kind: "basic", username: "u", password: "p" }] });
    registry.intercept = (_request, response) => {
      response.writeHead(401, { "www-authenticate": 'Bearer realm="http://auth.invalid/token"' }).end();
      return true;
    };
    await expect(client.repository(`127.0.0.1:${front.port}/a:1`).resolve()).rejects.toThrow(
      "names a token server at http://auth.invalid; credentials are sent over https only",
    );
  });

  test("an upload location that names the registry without TLS is used with it", async () => {
    await using registry = await FakeRegistry.start();
    await using front = await startTls(registry);
    await using client = clientOf();
    registry.intercept = ({ method }, response) => {
      if (method !== "POST") return false;
      registry.uploads.set("u", Buffer.alloc(0));
      response.writeHead(202, { location: `http://127.0.0.1:${front.port}/v2/a/blobs/uploads/u` }).end();
      return true;
    };
    const blob = { mediaType: "application/wasm", digest: registry.addBlob(layer).digest, size: layer.length };
    registry.blobs.clear();
    await client.repository(`127.0.0.1:${front.port}/a:1`).pushBlob(blob, layer);
    expect(registry.blobs.has(blob.digest)).toBe(true);
  });

  test("goes through the proxy it is given", async () => {
    await using registry = await FakeRegistry.start();
    registry.addImage("a", "1", layer);
    const asked: string[] = [];
    const proxy = createHttpServer((request, response) => {
      asked.push(request.url ?? "");
      const url = new URL(request.url ?? "");
      const target = new URL(registry.url);
      const onward = httpRequest(
        { hostname: target.hostname, port: target.port, path: url.pathname, method: request.method },
        (answer) => {
          response.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(response);
        },
      );
      onward.end();
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    await using client = clientOf({
      plainHttp: ["registry.invalid"],
      proxyEnvironment: { HTTP_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` },
    });
    await client.repository("registry.invalid/a:1").resolve();
    expect(asked).toEqual(["http://registry.invalid/v2/a/manifests/1"]);
    proxy.closeAllConnections();
    await new Promise<void>((resolve) => proxy.close(() => resolve()));
  });
});
