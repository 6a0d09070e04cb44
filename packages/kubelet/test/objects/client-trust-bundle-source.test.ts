import { FakeClock } from "@wherry/base";
import {
  ApiError,
  type KubernetesClient,
  type ListOptions,
  type ResourceDefinition,
  type WatchEvent,
  type WatchOptions,
} from "@wherry/client";
import type { ClusterTrustBundle, KubernetesList } from "@wherry/kubernetes";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { clientTrustBundleSource } from "../../src/objects/client-trust-bundle-source.ts";
import { pemOf } from "../../src/objects/pem-certificates.ts";
import { maxTrustBundleBytes, selectionText } from "../../src/objects/trust-bundles.ts";
import type { TrustAnchors } from "../../src/ports/object-cache.ts";

const certificate = (text: string) => pemOf([Buffer.from(text).toString("base64")]);

/** The cluster trust bundles of an API server, as far as a source asks for them. */
class BundleServer {
  readonly bundles: Map<string, ClusterTrustBundle> = new Map();
  readonly asked: string[] = [];
  served: string | undefined = "v1beta1";
  #version = 1;
  readonly #watchers: Set<(event: WatchEvent<ClusterTrustBundle>) => void> = new Set();

  set(name: string, trustBundle: string, signerName?: string, labels?: Record<string, string>): void {
    const isNew = !this.bundles.has(name);
    const metadata = { name, uid: `uid-${name}`, resourceVersion: String(this.#version++), labels };
    const bundle: ClusterTrustBundle = { metadata, spec: { signerName, trustBundle } };
    this.bundles.set(name, bundle);
    for (const tell of this.#watchers) tell({ type: isNew ? "ADDED" : "MODIFIED", object: bundle });
  }

  delete(name: string): void {
    const object = this.bundles.get(name);
    this.bundles.delete(name);
    if (object !== undefined) for (const tell of this.#watchers) tell({ type: "DELETED", object });
  }

  get client(): KubernetesClient {
    return {
      list: (definition: ResourceDefinition, options: ListOptions) => this.#list(definition, options),
      watch: (definition: ResourceDefinition, options: WatchOptions) => this.#watch(definition, options),
    } as unknown as KubernetesClient;
  }

  async #list({ version }: ResourceDefinition, options: ListOptions): Promise<KubernetesList<ClusterTrustBundle>> {
    this.asked.push(`${version} ${options.fieldSelector}`);
    this.#mustServe(version);
    const all = [...this.bundles.values()].filter((bundle) => matches(bundle, options.fieldSelector));
    const from = Number(options.continue ?? 0);
    const to = from + (options.limit ?? all.length);
    const rest = to < all.length ? { continue: String(to) } : {};
    return { metadata: { resourceVersion: String(this.#version), ...rest }, items: all.slice(from, to) } as never;
  }

  async *#watch(
    { version }: ResourceDefinition,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<ClusterTrustBundle>> {
    this.#mustServe(version);
    const events: WatchEvent<ClusterTrustBundle>[] = [...this.bundles.values()].map((object) => ({
      type: "ADDED",
      object,
    }));
    const annotations = { "k8s.io/initial-events-end": "true" };
    events.push({
      type: "BOOKMARK",
      object: { metadata: { resourceVersion: String(this.#version), annotations } } as never,
    });
    let wake = () => {};
    const tell = (event: WatchEvent<ClusterTrustBundle>) => {
      events.push(event);
      wake();
    };
    this.#watchers.add(tell);
    const { signal } = options;
    try {
      while (signal?.aborted !== true) {
        for (const event of events.splice(0))
          if (event.type === "BOOKMARK" || matches(event.object, options.fieldSelector)) yield event;
        await new Promise<void>((resolve) => {
          wake = resolve;
          signal?.addEventListener("abort", () => resolve(), { once: true });
          if (events.length > 0) resolve();
        });
      }
    } finally {
      this.#watchers.delete(tell);
    }
  }

  #mustServe(version: string): void {
    if (version !== this.served) throw new ApiError("list clustertrustbundles", { code: 404, reason: "NotFound" });
  }
}

function matches({ metadata, spec }: ClusterTrustBundle, fieldSelector = ""): boolean {
  return fieldSelector === `metadata.name=${metadata?.name}` || fieldSelector === `spec.signerName=${spec.signerName}`;
}

function followed(server: BundleServer, text: string) {
  const states: (TrustAnchors | undefined)[] = [];
  const controller = new AbortController();
  const source = clientTrustBundleSource(server.client, { clock: new FakeClock(), random: () => 0 });
  const ended = source
    .get("", text)
    .then(() => source.follow("", text, (state) => states.push(state), controller.signal));
  onTestFinished(async () => {
    controller.abort();
    await ended;
  });
  const last = (pem: string | undefined) => vi.waitFor(() => expect(states.at(-1)?.pem === pem).toBe(true));
  return { source, states, ended, last };
}

const byName = (name: string) => selectionText({ name });
const bySigner = (labelSelector: object) => selectionText({ signerName: "example.com/a", labelSelector });

describe("clientTrustBundleSource()", () => {
  test("get() asks for one name, in the version that the server has, which it remembers", async () => {
    const server = new BundleServer();
    server.set("ca", certificate("1"));
    server.set("other", certificate("2"));
    const source = clientTrustBundleSource(server.client);
    expect(await source.get("", byName("ca"))).toMatchObject({ pem: certificate("1") });
    expect(await source.get("", byName("none"))).toBeUndefined();
    expect(server.asked).toEqual(["v1 metadata.name=ca", "v1beta1 metadata.name=ca", "v1beta1 metadata.name=none"]);
  });

  test("get() says where no version is served, and finds the one that is later", async () => {
    const server = new BundleServer();
    server.served = undefined;
    const source = clientTrustBundleSource(server.client);
    await expect(source.get("", byName("ca"))).rejects.toThrow(
      "API server does not serve clustertrustbundles of certificates.k8s.io in v1, v1beta1, v1alpha1",
    );
    server.set("ca", certificate("1"));
    for (const version of ["v1alpha1", "v1"]) {
      server.served = version;
      expect(await source.get("", byName("ca"))).toMatchObject({ pem: certificate("1") });
    }
  });

  test("get() joins what a signer's bundles of the labels have, each certificate once, whatever the order", async () => {
    const server = new BundleServer();
    const live = { live: "yes" };
    for (let index = 20; index > 0; index--)
      server.set(`example.com:a:${String(index).padStart(2, "0")}`, certificate(`${index}`), "example.com/a", live);
    server.set("example.com:a:99", `${certificate("99")}text\n${certificate("1")}`, "example.com/a", live);
    server.set("example.com:a:00", certificate("old"), "example.com/a", { live: "no" });
    server.set("example.com:b:01", certificate("b"), "example.com/b", live);
    const source = clientTrustBundleSource(server.client);
    const numbers = [...Array.from({ length: 20 }, (_, index) => index + 1), 99];
    expect(await source.get("", bySigner({ matchLabels: live }))).toMatchObject({
      pem: numbers.map((number) => certificate(`${number}`)).join(""),
    });
    expect((await source.get("", bySigner({})))?.pem).toContain(certificate("old"));
    expect(await source.get("", bySigner({ matchLabels: { live: "maybe" } }))).toBeUndefined();
  });

  test("follow() tells what the selected bundles have after each change, and that there is none", async () => {
    const server = new BundleServer();
    const { states, last } = followed(server, bySigner({ matchLabels: { live: "yes" } }));
    await vi.waitFor(() => expect(states).toEqual([undefined]));
    server.set("example.com:a:1", certificate("1"), "example.com/a", { live: "yes" });
    await last(certificate("1"));
    server.set("example.com:a:0", certificate("0"), "example.com/a", { live: "yes" });
    await last(certificate("0") + certificate("1"));
    server.set("example.com:a:0", certificate("0"), "example.com/a", { live: "no" });
    await last(certificate("1"));
    server.delete("example.com:a:1");
    await last(undefined);
  });

  test("follow() ends with a problem when bundles grow over what one file may have, and the next get() looks anew", async () => {
    const server = new BundleServer();
    const half = certificate("x".repeat(maxTrustBundleBytes / 2));
    server.set("example.com:a:1", half, "example.com/a");
    const text = bySigner({});
    const { source, states, ended, last } = followed(server, text);
    await last(half);
    server.set("example.com:a:2", certificate("y".repeat(maxTrustBundleBytes / 2)), "example.com/a");
    await ended;
    expect(states.at(-1)).toMatchObject({ pem: "", problem: expect.stringContaining("spec.signerName=example.com/a") });
    expect((await source.get("", text))?.problem).toBeDefined();
    server.delete("example.com:a:2");
    expect((await source.get("", text))?.pem === half).toBe(true);
  });
});
