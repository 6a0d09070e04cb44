import {
  createReflector,
  defineResource,
  isNotFound,
  type KubernetesClient,
  type ResourceDefinition,
} from "@wherry/client";
import type { ClusterTrustBundle } from "@wherry/kubernetes";
import { KubeletError } from "../errors.ts";
import type { TrustAnchors } from "../ports/object-cache.ts";
import type { ClientObjectSourceOptions } from "./client-object-source.ts";
import {
  fieldSelectorOf,
  isSelected,
  maxTrustBundleBytes,
  oversizeAnchors,
  parseSelection,
  trustAnchorsOf,
} from "./trust-bundles.ts";
import type { ObjectSource } from "./watched-objects.ts";

const group = "certificates.k8s.io";
/** In all of them bundles look the same. */
const versions = ["v1", "v1beta1", "v1alpha1"];
/** A bundle may be as large as an object can be. */
const pageSize = 8;

/**
 * Trust anchors of selections of cluster trust bundles from an API server, by the text of the selection. A node may list and
 * watch all bundles; asked for are those of one name or one signer.
 *
 * `get` rejects with a KubeletError `NotServed` where the server has no such resource.
 */
export function clientTrustBundleSource(
  client: KubernetesClient,
  options: ClientObjectSourceOptions = {},
): ObjectSource<TrustAnchors> {
  let served: ResourceDefinition<ClusterTrustBundle> | undefined;
  return {
    async get(_namespace, text, signal) {
      const candidates = versions.map(definitionOf);
      for (const definition of served === undefined ? candidates : [served, ...candidates]) {
        try {
          const anchors = await listAnchors(client, definition, text, signal);
          served = definition;
          return anchors;
        } catch (error) {
          // Said of the collection: it is not there in this version.
          if (!isNotFound(error)) throw error;
        }
      }
      served = undefined;
      throw new KubeletError(
        "NotServed",
        `API server does not serve clustertrustbundles of ${group} in ${versions.join(", ")}, which Kubernetes has off by default`,
        { retryable: true },
      );
    },
    async follow(_namespace, text, onState, signal) {
      const selection = parseSelection(text);
      const oversize = new AbortController();
      const sizes = new Map<string, number>();
      const isOversize = () => sizes.values().reduce((sum, size) => sum + size, 0) > maxTrustBundleBytes;
      const reflector = createReflector(client, served ?? definitionOf("v1beta1"), {
        ...options,
        fieldSelector: fieldSelectorOf(selection),
        pageSize,
        transform(bundle) {
          const isWanted = isSelected(selection, bundle);
          sizes.set(bundle.metadata?.name ?? "", isWanted ? bundle.spec.trustBundle.length : 0);
          // What is not selected, or more than is ever shown, takes no memory.
          return isWanted && !isOversize() ? bundle : { ...bundle, spec: { ...bundle.spec, trustBundle: "" } };
        },
      });
      const tell = coalesced(() => {
        if (signal.aborted || oversize.signal.aborted) return;
        if (isOversize()) {
          onState(oversizeAnchors(text));
          // Whoever asks the next time gets what is there then: here content is missing.
          oversize.abort();
          return;
        }
        const selected = reflector.store.list().filter((bundle) => isSelected(selection, bundle));
        onState(trustAnchorsOf(text, selected));
      });
      reflector.onChange(({ type, key }) => {
        if (type === "deleted") sizes.delete(key);
        tell();
      });
      reflector.ready.then(tell, () => undefined);
      await reflector.run(AbortSignal.any([signal, oversize.signal]));
    },
  };
}

function definitionOf(version: string): ResourceDefinition<ClusterTrustBundle> {
  return defineResource({
    group,
    version,
    resource: "clustertrustbundles",
    kind: "ClusterTrustBundle",
    namespaced: false,
  });
}

async function listAnchors(
  client: KubernetesClient,
  definition: ResourceDefinition<ClusterTrustBundle>,
  text: string,
  signal: AbortSignal | undefined,
): Promise<TrustAnchors | undefined> {
  const selection = parseSelection(text);
  const fieldSelector = fieldSelectorOf(selection);
  const selected: ClusterTrustBundle[] = [];
  let sizeBytes = 0;
  let from: string | undefined;
  do {
    const page = await client.list(definition, { fieldSelector, limit: pageSize, continue: from, signal });
    for (const bundle of page.items.filter((bundle) => isSelected(selection, bundle))) {
      sizeBytes += bundle.spec.trustBundle.length;
      if (sizeBytes > maxTrustBundleBytes) return oversizeAnchors(text);
      selected.push(bundle);
    }
    from = page.metadata?.continue;
  } while (from);
  return trustAnchorsOf(text, selected);
}

/** Does `work` once for all calls of one turn, such as those for each object of a list. */
function coalesced(work: () => void): () => void {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      work();
    });
  };
}
