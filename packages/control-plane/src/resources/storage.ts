import {
  type CSIDriver,
  type CSINode,
  duplicateValue,
  type FieldError,
  invalidValue,
  jsonEquals,
  requiredValue,
} from "@wherry/kubernetes";
import { ageOf } from "../tables/age.ts";
import { type Column, defineResource, type ResourceDefinition } from "./resource-definition.ts";

const age: Column = { name: "Age", description: "Time since the object was created." };

function validateNode({ spec }: CSINode): FieldError[] {
  const names = new Set<string>();
  return (spec.drivers ?? []).flatMap((driver, index) => {
    const at = `spec.drivers[${index}]`;
    const errors: FieldError[] = [];
    if (!driver.name) errors.push(requiredValue(`${at}.name`));
    else if (names.has(driver.name)) errors.push(duplicateValue(`${at}.name`, driver.name));
    if (!driver.nodeID) errors.push(requiredValue(`${at}.nodeID`));
    names.add(driver.name);
    return errors;
  });
}

/** What CSI drivers a node has; kubelets make one before they call themselves ready. */
export const csiNodes: ResourceDefinition = defineResource<CSINode>({
  group: "storage.k8s.io",
  version: "v1",
  resource: "csinodes",
  singular: "csinode",
  kind: "CSINode",
  namespaced: false,
  schema: "storage/v1.CSINode",
  strategy: { validate: validateNode, allowUnconditionalUpdate: false },
  printer: {
    columns: [{ name: "Drivers", type: "integer", description: "Number of drivers on the node." }, age],
    cells: ({ spec, metadata }, nowMs) => [spec.drivers?.length ?? 0, ageOf(metadata?.creationTimestamp, nowMs)],
  },
});

export const csiDrivers: ResourceDefinition = defineResource<CSIDriver>({
  group: "storage.k8s.io",
  version: "v1",
  resource: "csidrivers",
  singular: "csidriver",
  kind: "CSIDriver",
  namespaced: false,
  schema: "storage/v1.CSIDriver",
  strategy: {
    setDefaults({ spec }) {
      spec.attachRequired ??= true;
      spec.podInfoOnMount ??= false;
      spec.storageCapacity ??= false;
      spec.fsGroupPolicy ??= "ReadWriteOnceWithFSType";
      spec.volumeLifecycleModes ??= ["Persistent"];
      spec.requiresRepublish ??= false;
      spec.seLinuxMount ??= false;
    },
    validateUpdate: ({ spec }, old) =>
      (["attachRequired", "fsGroupPolicy", "volumeLifecycleModes"] as const).flatMap((field) =>
        jsonEquals(spec[field], old.spec[field])
          ? []
          : [invalidValue(`spec.${field}`, spec[field], "field is immutable")],
      ),
    allowUnconditionalUpdate: false,
    tracksGeneration: true,
  },
  printer: {
    columns: [
      { name: "AttachRequired", type: "boolean", description: "Whether volumes are attached before they are mounted." },
      { name: "PodInfoOnMount", type: "boolean", description: "Whether the driver is told of the pod." },
      { name: "StorageCapacity", type: "boolean", description: "Whether capacity is considered in scheduling." },
      { name: "TokenRequests", description: "Audiences of the tokens the driver gets." },
      { name: "RequiresRepublish", type: "boolean", description: "Whether volumes are published again and again." },
      { name: "Modes", description: "Life cycles of volumes the driver knows." },
      age,
    ],
    cells: ({ spec, metadata }, nowMs) => [
      spec.attachRequired ?? true,
      spec.podInfoOnMount ?? false,
      spec.storageCapacity ?? false,
      spec.tokenRequests?.map((request) => request.audience).join(",") || "<unset>",
      spec.requiresRepublish ?? false,
      spec.volumeLifecycleModes?.join(",") ?? "",
      ageOf(metadata?.creationTimestamp, nowMs),
    ],
  },
});
