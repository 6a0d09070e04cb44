import { X509Certificate } from "node:crypto";
import {
  type ClusterTrustBundle,
  type FieldError,
  invalidValue,
  tooLongValue,
  trustBundleNameProblem,
  validateSignerName,
} from "@wherry/kubernetes";
import { defineResource, type ResourceDefinition } from "../resource-definition.ts";

const maxBundleBytes = 1024 * 1024;
const emptySpec: ClusterTrustBundle["spec"] = { trustBundle: "" };
const bundlePath = "spec.trustBundle";
const pemBlock = /-----BEGIN ([A-Z0-9 ]+)-----((?:(?!-----)[\s\S])*)-----END \1-----/g;

function validate({ metadata, spec }: ClusterTrustBundle): FieldError[] {
  const name = metadata?.name ?? "";
  const problem = name === "" ? undefined : trustBundleNameProblem(name, spec.signerName);
  return [
    ...(problem === undefined ? [] : [invalidValue("metadata.name", name, problem)]),
    ...(spec.signerName ? validateSignerName(spec.signerName, "spec.signerName") : []),
    ...validateBundle(spec.trustBundle),
  ];
}

function validateBundle(text: string): FieldError[] {
  if (Buffer.byteLength(text) > maxBundleBytes) return [tooLongValue(bundlePath, maxBundleBytes)];
  const blocks = [...text.matchAll(pemBlock)];
  const problems = blocks.flatMap(([block, type = "", body = ""], index) => {
    const problem = blockProblem(block, type, body);
    return problem === undefined ? [] : [`entry ${index} ${problem}`];
  });
  if (problems.length === 0 && blocks.length === 0) problems.push("at least one trust anchor must be provided");
  if (problems.length === 0) problems.push(...duplicates(blocks.map(([, , body = ""]) => body.replace(/\s/g, ""))));
  return problems.map((problem) => invalidValue(bundlePath, "<value omitted>", problem));
}

function blockProblem(block: string, type: string, body: string): string | undefined {
  if (type !== "CERTIFICATE") return `has bad block type: ${type}`;
  if (body.includes(":")) return "has PEM block headers";
  try {
    return new X509Certificate(block).ca ? undefined : "does not have the CA bit set";
  } catch {
    return "does not parse as X.509";
  }
}

function duplicates(bodies: readonly string[]): string[] {
  const indices = new Map<string, number[]>();
  for (const [index, body] of bodies.entries()) indices.set(body, [...(indices.get(body) ?? []), index]);
  return [...indices.values()]
    .filter((found) => found.length > 1)
    .map((found) => `duplicate trust anchor (indices [${found.join(" ")}])`);
}

/** KEP-3257. Kubernetes 1.36 has this API off by default; here it is always on. */
export const clusterTrustBundles: ResourceDefinition = defineResource<ClusterTrustBundle>({
  group: "certificates.k8s.io",
  version: "v1beta1",
  resource: "clustertrustbundles",
  singular: "clustertrustbundle",
  kind: "ClusterTrustBundle",
  namespaced: false,
  schema: "certificates/v1beta1.ClusterTrustBundle",
  // What a name may be depends on the signer: `validate` looks at it.
  nameProblem: () => undefined,
  strategy: {
    setDefaults(bundle) {
      // Any object may be sent: what is missing is empty, as Go reads it, and refused as that.
      bundle.spec = { ...emptySpec, ...bundle.spec };
    },
    validate,
    validateUpdate: ({ spec }, old) =>
      (spec.signerName ?? "") === (old.spec.signerName ?? "")
        ? []
        : [invalidValue("spec.signerName", spec.signerName ?? "", "field is immutable")],
    // Asked of an empty object too, for the names.
    selectableFields: ({ spec }) => ({ "spec.signerName": spec?.signerName ?? "" }),
    allowUnconditionalUpdate: false,
  },
  printer: {
    columns: [{ name: "SignerName", description: "The signer that the trust anchors are of, if any." }],
    cells: ({ spec }) => [spec.signerName || "<none>"],
  },
});
