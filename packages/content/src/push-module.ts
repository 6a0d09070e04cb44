import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { type Clock, systemClock } from "@wherry/base";
import {
  type CredentialProvider,
  type Descriptor,
  type Digest,
  Digester,
  type DistributionClient,
  digestOf,
  ociManifestType,
  type PushSource,
  parseReference,
  type Reference,
  repositoryName,
} from "@wherry/distribution";
import { type ComponentInterface, readComponentInterface } from "./component-interface.ts";
import { type ByteReader, inspectWasm, type WasmKind } from "./wasm-kind.ts";
import { wasmConfigV0Type, wasmLayerType } from "./wasm-media-types.ts";

/** A module or component: its bytes, or the path of its file. */
export type ModuleSource = Uint8Array | string;

export interface PushModuleOptions {
  readonly credentials?: CredentialProvider | undefined;
  /** File name to publish it under. @default the file's own, or `module.wasm` */
  readonly title?: string;
  readonly author?: string;
  /** Annotations of the manifest. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Time of the configuration; the same content at the same time gives the same digest. @default now */
  readonly createdMs?: number;
  /** World of a component it was made for: `wasi:cli/command@0.2.0`. */
  readonly target?: string;
  readonly clock?: Clock;
  readonly signal?: AbortSignal | undefined;
}

export interface PushedModule {
  /** Reference by digest. */
  readonly ref: string;
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layer: Descriptor;
  readonly kind: WasmKind;
}

/**
 * Publishes a module or component as the CNCF's Wasm OCI artifact: one layer of type `application/wasm`, and a configuration
 * that names system, digest and, for components, imports and exports.
 *
 * Refuses what is no whole WebAssembly binary with `ContentError`; throws `DistributionError` for what the registry did.
 * @see https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/
 */
export async function pushModule(
  client: DistributionClient,
  reference: Reference | string,
  source: ModuleSource,
  options: PushModuleOptions = {},
): Promise<PushedModule> {
  const parsed = typeof reference === "string" ? parseReference(reference) : reference;
  const { signal } = options;
  const module = await readModule(source);
  const title = options.title ?? (typeof source === "string" ? basename(source) : "module.wasm");
  const layer: Descriptor = {
    mediaType: wasmLayerType,
    digest: module.digest,
    size: module.sizeBytes,
    annotations: { "org.opencontainers.image.title": title },
  };
  const configBytes = Buffer.from(JSON.stringify(describeModule(module, options)));
  const config = { mediaType: wasmConfigV0Type, digest: digestOf(configBytes), size: configBytes.length };
  const manifestBytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociManifestType,
      artifactType: wasmConfigV0Type,
      config,
      layers: [layer],
      ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
    }),
  );
  const repository = client.repository(parsed, { credentials: options.credentials });
  await repository.pushBlob(layer, module.content, { signal });
  await repository.pushBlob(config, configBytes, { signal });
  const manifest = await repository.pushManifest(manifestBytes, ociManifestType, { signal });
  return { ref: `${repositoryName(parsed)}@${manifest.digest}`, manifest, config, layer, kind: module.kind };
}

interface Module {
  readonly kind: WasmKind;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly component: ComponentInterface | undefined;
  readonly content: PushSource;
}

async function readModule(source: ModuleSource): Promise<Module> {
  if (typeof source !== "string") {
    const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
    const read: ByteReader = async (offset, length) => bytes.subarray(offset, offset + length);
    return {
      ...(await describeBinary(read, bytes.length, "the module to push")),
      digest: digestOf(bytes),
      content: bytes,
    };
  }
  const handle = await open(source, "r");
  try {
    const { size } = await handle.stat();
    const read: ByteReader = async (offset, length) => {
      const buffer = Buffer.alloc(length);
      return buffer.subarray(0, (await handle.read(buffer, 0, length, offset)).bytesRead);
    };
    const described = await describeBinary(read, size, JSON.stringify(source));
    const digester = new Digester();
    for await (const chunk of createReadStream(source) as AsyncIterable<Buffer>) digester.update(chunk);
    // An empty range cannot be said with inclusive ends, and there are no empty modules.
    const content: PushSource = (start, end) =>
      createReadStream(source, { start, end: end - 1, highWaterMark: 256 * 1024 });
    return { ...described, digest: digester.digest(), content };
  } finally {
    await handle.close();
  }
}

async function describeBinary(
  read: ByteReader,
  sizeBytes: number,
  name: string,
): Promise<Pick<Module, "kind" | "sizeBytes" | "component">> {
  const inspection = await inspectWasm(read, sizeBytes, name);
  const component = inspection.kind === "component" ? await readComponentInterface(read, inspection, name) : undefined;
  return { kind: inspection.kind, sizeBytes, component };
}

function describeModule(module: Module, options: PushModuleOptions): Record<string, unknown> {
  const { clock = systemClock, author, target } = options;
  const { component } = module;
  return {
    created: new Date(options.createdMs ?? clock.now()).toISOString(),
    ...(author === undefined ? {} : { author }),
    architecture: "wasm",
    os: module.kind === "component" ? "wasip2" : "wasip1",
    layerDigests: [module.digest],
    ...(component === undefined ? {} : { component: { ...component, ...(target === undefined ? {} : { target }) } }),
  };
}
