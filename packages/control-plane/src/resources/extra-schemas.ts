import { schemaTable, type TypeSchema } from "@wherry/kubernetes";

/** Types that are only ever the body of a subresource, which the published OpenAPI roots do not lead to. */
const bodySchemas: Readonly<Record<string, TypeSchema>> = {
  "authentication/v1.TokenRequest": {
    required: ["spec"],
    fields: {
      apiVersion: "string",
      kind: "string",
      metadata: "meta/v1.ObjectMeta",
      spec: "authentication/v1.TokenRequestSpec",
      status: "authentication/v1.TokenRequestStatus",
    },
  },
  "authentication/v1.TokenRequestSpec": {
    required: ["audiences"],
    fields: {
      audiences: { kind: "[]string", listType: "atomic" },
      boundObjectRef: "authentication/v1.BoundObjectReference",
      expirationSeconds: "int64",
    },
  },
  "authentication/v1.TokenRequestStatus": {
    required: ["token", "expirationTimestamp"],
    fields: { expirationTimestamp: "time", token: "string" },
  },
  "authentication/v1.BoundObjectReference": {
    fields: { apiVersion: "string", kind: "string", name: "string", uid: "string" },
  },
  "autoscaling/v1.Scale": {
    fields: {
      apiVersion: "string",
      kind: "string",
      metadata: "meta/v1.ObjectMeta",
      spec: "autoscaling/v1.ScaleSpec",
      status: "autoscaling/v1.ScaleStatus",
    },
  },
  "autoscaling/v1.ScaleSpec": { fields: { replicas: "int32" } },
  "autoscaling/v1.ScaleStatus": { required: ["replicas"], fields: { replicas: "int32", selector: "string" } },
  "policy/v1.Eviction": {
    fields: {
      apiVersion: "string",
      kind: "string",
      deleteOptions: "meta/v1.DeleteOptions",
      metadata: "meta/v1.ObjectMeta",
    },
  },
};

/** Every type the API server reads or writes. */
export const allSchemas: Readonly<Record<string, TypeSchema>> = { ...bodySchemas, ...schemaTable };
