import { type ControllerRevision, checkNonNegative, requiredValue } from "@wherry/kubernetes";
import { ageOf } from "../../tables/age.ts";
import { defineResource, type ResourceDefinition } from "../resource-definition.ts";
import { validateImmutable } from "./pod-template.ts";
import { ageColumn } from "./workload-columns.ts";

/** Past templates of daemon sets and stateful sets. */
export const controllerRevisions: ResourceDefinition = defineResource<ControllerRevision>({
  group: "apps",
  version: "v1",
  resource: "controllerrevisions",
  singular: "controllerrevision",
  kind: "ControllerRevision",
  namespaced: true,
  schema: "apps/v1.ControllerRevision",
  strategy: {
    validate: ({ data, revision }) => [
      ...(data === undefined ? [requiredValue("data", "data is mandatory")] : []),
      ...checkNonNegative("revision", revision),
    ],
    validateUpdate: ({ data }, old) => validateImmutable(data, old.data, "data"),
  },
  printer: {
    columns: [
      { name: "Controller", description: "Object whose template this is." },
      { name: "Revision", description: "Number of the revision, growing." },
      ageColumn,
    ],
    cells: ({ metadata, revision }, nowMs) => {
      const controller = metadata?.ownerReferences?.find((owner) => owner.controller);
      const group = controller?.apiVersion.split("/")[0];
      return [
        controller === undefined ? "<none>" : `${controller.kind.toLowerCase()}.${group}/${controller.name}`,
        revision,
        ageOf(metadata?.creationTimestamp, nowMs),
      ];
    },
  },
});
