import { dnsLabelProblem, type Namespace } from "@wherry/kubernetes";
import { forbidden } from "../errors.ts";
import { ageOf } from "../tables/age.ts";
import { defineResource, type ResourceDefinition, type ResourceStrategy } from "./resource-definition.ts";

/** Namespaces that exist in every cluster. */
export const systemNamespaces: readonly string[] = ["default", "kube-node-lease", "kube-public", "kube-system"];

const immortal: readonly string[] = ["default", "kube-public", "kube-system"];
const nameLabel = "kubernetes.io/metadata.name";
const kubernetesFinalizer = "kubernetes";

const strategy: ResourceStrategy<Namespace> = {
  setDefaults(namespace) {
    const { metadata } = namespace;
    if (metadata?.name) metadata.labels = { ...metadata.labels, [nameLabel]: metadata.name };
  },
  prepareForCreate(namespace) {
    const finalizers = namespace.spec?.finalizers ?? [];
    namespace.spec = {
      finalizers: finalizers.includes(kubernetesFinalizer) ? finalizers : [...finalizers, kubernetesFinalizer],
    };
    namespace.status = { phase: "Active" };
  },
  prepareForUpdate(namespace, old) {
    namespace.spec = old.spec;
    namespace.status = old.status;
  },
  admitDelete({ metadata }) {
    if (immortal.includes(metadata?.name ?? "")) {
      throw forbidden({ group: "", resource: "namespaces" }, metadata?.name ?? "", "this namespace may not be deleted");
    }
  },
  markDeleting(namespace) {
    namespace.status = { ...namespace.status, phase: "Terminating" };
  },
  holdsDeletion: (namespace) => (namespace.spec?.finalizers?.length ?? 0) > 0,
  selectableFields: (namespace) => ({ "status.phase": namespace.status?.phase ?? "" }),
};

/** `namespaces/finalize` changes the finalizers of the spec only. */
const finalizeStrategy: ResourceStrategy<Namespace> = {
  prepareForUpdate(namespace, old) {
    namespace.status = old.status;
  },
};

export const namespaces: ResourceDefinition = defineResource<Namespace>({
  group: "",
  version: "v1",
  resource: "namespaces",
  singular: "namespace",
  kind: "Namespace",
  shortNames: ["ns"],
  namespaced: false,
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  schema: "core/v1.Namespace",
  nameProblem: dnsLabelProblem,
  strategy,
  printer: {
    columns: [
      { name: "Status", description: "Active, or Terminating while its content is deleted." },
      { name: "Age", description: "Time since the namespace was created." },
    ],
    cells: (namespace, nowMs) => [namespace.status?.phase ?? "", ageOf(namespace.metadata?.creationTimestamp, nowMs)],
  },
  subresources: [
    {
      name: "finalize",
      kind: "Namespace",
      verbs: ["update"],
      handling: { kind: "update", strategy: finalizeStrategy as ResourceStrategy<never> },
    },
    { name: "status", kind: "Namespace", verbs: ["get", "patch", "update"], handling: { kind: "status" } },
  ],
});
