import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A read-only OCI registry on loopback that serves modules from memory, so that benchmarks need no other program. */
export interface ModuleRegistry extends AsyncDisposable {
  /** Offers `module` and answers the reference to pull it by. */
  add(name: string, module: Uint8Array): string;
}

interface Content {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

const manifestType = "application/vnd.oci.image.manifest.v1+json";

export async function startModuleRegistry(): Promise<ModuleRegistry> {
  const contents = new Map<string, Content>();
  const server = createServer((request, response) => answer(contents, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    add(name, module) {
      const store = (mediaType: string, bytes: Uint8Array) => {
        const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
        contents.set(`/v2/${name}/blobs/${digest}`, { mediaType, bytes });
        contents.set(`/v2/${name}/manifests/${digest}`, { mediaType, bytes });
        return { mediaType, digest, size: bytes.length };
      };
      const layer = store("application/wasm", module);
      const config = store(
        "application/vnd.wasm.config.v0+json",
        json({ architecture: "wasm", os: "wasip1", layerDigests: [layer.digest] }),
      );
      const manifest = json({ schemaVersion: 2, mediaType: manifestType, config, layers: [layer] });
      store(manifestType, manifest);
      contents.set(`/v2/${name}/manifests/v1`, { mediaType: manifestType, bytes: manifest });
      return `127.0.0.1:${port}/${name}:v1`;
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(
  contents: ReadonlyMap<string, Content>,
  { method, url }: IncomingMessage,
  response: ServerResponse,
): void {
  if (url === "/v2/") {
    response.end("{}");
    return;
  }
  const content = contents.get(url ?? "");
  if (content === undefined) {
    response.writeHead(404).end();
    return;
  }
  const { mediaType, bytes } = content;
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  response.writeHead(200, {
    "content-type": mediaType,
    "content-length": bytes.length,
    "docker-content-digest": digest,
  });
  response.end(method === "HEAD" ? undefined : bytes);
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
