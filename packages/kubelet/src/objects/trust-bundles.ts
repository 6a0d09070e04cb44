import { createHash } from "node:crypto";
import {
  type ClusterTrustBundle,
  type ClusterTrustBundleProjection,
  labelSelectorOf,
  matchesLabels,
} from "@wherry/kubernetes";
import type { TrustAnchors, TrustBundleSelection } from "../ports/object-cache.ts";
import { certificatesIn, pemOf } from "./pem-certificates.ts";

/** Bytes that the bundles of one selection may have together; those of all public authorities have 0.3 MB. */
export const maxTrustBundleBytes: number = 4 * 2 ** 20;

/** The selection of a projection; undefined for one that selects nothing, as without `labelSelector` beside a signer. */
export function trustBundleSelection(projection: ClusterTrustBundleProjection): TrustBundleSelection | undefined {
  const { name, signerName, labelSelector } = projection;
  if (name) return { name };
  return signerName && labelSelector !== undefined ? { signerName, labelSelector } : undefined;
}

/** A text that equal selections share, from which {@link parseSelection} makes the selection again. */
export function selectionText(selection: TrustBundleSelection): string {
  if ("name" in selection) return JSON.stringify({ name: selection.name });
  const { matchLabels = {}, matchExpressions = [] } = selection.labelSelector;
  const labels = Object.entries(matchLabels).sort(([left], [right]) => (left < right ? -1 : 1));
  const labelSelector = { matchLabels: Object.fromEntries(labels), matchExpressions };
  return JSON.stringify({ signerName: selection.signerName, labelSelector });
}

export function parseSelection(text: string): TrustBundleSelection {
  return JSON.parse(text) as TrustBundleSelection;
}

/** The field selector with which the API server is asked; labels are looked at here, as a selector may be longer than a URL. */
export function fieldSelectorOf(selection: TrustBundleSelection): string {
  return "name" in selection ? `metadata.name=${selection.name}` : `spec.signerName=${selection.signerName}`;
}

/** @throws SelectorError for a label selector that is none */
export function isSelected(selection: TrustBundleSelection, bundle: ClusterTrustBundle): boolean {
  if ("name" in selection) return bundle.metadata?.name === selection.name;
  if (bundle.spec.signerName !== selection.signerName) return false;
  return matchesLabels(labelSelectorOf(selection.labelSelector) ?? [], bundle.metadata?.labels);
}

/**
 * The trust anchors of `bundles`, in the order of the bundles' names and then as they stand in them; undefined for no bundles.
 *
 * @param text of the selection
 */
export function trustAnchorsOf(text: string, bundles: readonly ClusterTrustBundle[]): TrustAnchors | undefined {
  if (bundles.length === 0) return undefined;
  const sizeBytes = bundles.reduce((sum, { spec }) => sum + spec.trustBundle.length, 0);
  if (sizeBytes > maxTrustBundleBytes) return oversizeAnchors(text);
  const sorted = bundles.toSorted((left, right) => (nameOf(left) < nameOf(right) ? -1 : 1));
  const certificates = new Set(sorted.flatMap(({ spec }) => certificatesIn(spec.trustBundle)));
  const pem = pemOf(certificates);
  return { metadata: { name: text, resourceVersion: createHash("sha256").update(pem).digest("base64") }, pem };
}

/** What stands for bundles that are too large to be kept. */
export function oversizeAnchors(text: string): TrustAnchors {
  const problem = `ClusterTrustBundles with ${fieldSelectorOf(parseSelection(text))} have more than ${maxTrustBundleBytes} bytes, which is more than this node projects into one file`;
  return { metadata: { name: text, resourceVersion: "oversize" }, pem: "", problem };
}

function nameOf({ metadata }: ClusterTrustBundle): string {
  return metadata?.name ?? "";
}
