import type { ServiceAccount } from "@wherry/kubernetes";
import { ageOf } from "../tables/age.ts";
import { defineResource, type ResourceDefinition } from "./resource-definition.ts";

export const serviceAccounts: ResourceDefinition = defineResource<ServiceAccount>({
  group: "",
  version: "v1",
  resource: "serviceaccounts",
  singular: "serviceaccount",
  kind: "ServiceAccount",
  shortNames: ["sa"],
  namespaced: true,
  schema: "core/v1.ServiceAccount",
  strategy: {},
  printer: {
    columns: [{ name: "Age", description: "Time since the account was created." }],
    cells: (account, nowMs) => [ageOf(account.metadata?.creationTimestamp, nowMs)],
  },
  subresources: [
    {
      name: "token",
      kind: "TokenRequest",
      group: "authentication.k8s.io",
      version: "v1",
      verbs: ["create"],
      handling: { kind: "create", schema: "authentication/v1.TokenRequest" },
    },
  ],
});
