import { type FieldError, invalidValue, type Lease } from "@wherry/kubernetes";
import { ageOf } from "../tables/age.ts";
import { defineResource, type ResourceDefinition } from "./resource-definition.ts";

function validate({ spec }: Lease): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { leaseDurationSeconds: duration, leaseTransitions: transitions } = spec ?? {};
  if (duration !== undefined && duration <= 0) {
    errors.push(invalidValue("spec.leaseDurationSeconds", duration, "must be greater than 0"));
  }
  if (transitions !== undefined && transitions < 0) {
    errors.push(invalidValue("spec.leaseTransitions", transitions, "must be greater than or equal to 0"));
  }
  return errors;
}

export const leases: ResourceDefinition = defineResource<Lease>({
  group: "coordination.k8s.io",
  version: "v1",
  resource: "leases",
  singular: "lease",
  kind: "Lease",
  namespaced: true,
  schema: "coordination/v1.Lease",
  strategy: { validate, allowCreateOnUpdate: true, allowUnconditionalUpdate: false },
  printer: {
    columns: [
      { name: "Holder", description: "Who holds the lease." },
      { name: "Age", description: "Time since the lease was created." },
    ],
    cells: (lease, nowMs) => [lease.spec?.holderIdentity ?? "", ageOf(lease.metadata?.creationTimestamp, nowMs)],
  },
});
