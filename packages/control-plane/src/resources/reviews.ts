import { defineResource, type ResourceDefinition } from "./resource-definition.ts";

interface Review {
  readonly group: string;
  readonly resource: string;
  readonly kind: string;
  readonly namespaced?: boolean;
}

/** Questions that are answered in the reply to their creation and stored nowhere. */
export const reviews: readonly ResourceDefinition[] = [
  { group: "authentication.k8s.io", resource: "tokenreviews", kind: "TokenReview" },
  { group: "authentication.k8s.io", resource: "selfsubjectreviews", kind: "SelfSubjectReview" },
  { group: "authorization.k8s.io", resource: "subjectaccessreviews", kind: "SubjectAccessReview" },
  { group: "authorization.k8s.io", resource: "selfsubjectaccessreviews", kind: "SelfSubjectAccessReview" },
  { group: "authorization.k8s.io", resource: "selfsubjectrulesreviews", kind: "SelfSubjectRulesReview" },
  {
    group: "authorization.k8s.io",
    resource: "localsubjectaccessreviews",
    kind: "LocalSubjectAccessReview",
    namespaced: true,
  },
].map((review: Review) => {
  const family = review.group.split(".")[0];
  return defineResource({
    group: review.group,
    version: "v1",
    resource: review.resource,
    singular: review.kind.toLowerCase(),
    kind: review.kind,
    namespaced: review.namespaced ?? false,
    verbs: ["create"],
    schema: `${family}/v1.${review.kind}`,
    strategy: {},
    isVirtual: true,
  });
});
