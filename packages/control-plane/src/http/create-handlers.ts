import {
  type Binding,
  type DeleteOptions,
  type FieldError,
  invalidValue,
  type Pod,
  type SelfSubjectReview,
  type Status,
  type SubjectAccessReview,
  type SubjectAccessReviewSpec,
  type TokenReview,
} from "@wherry/kubernetes";
import type { Authenticator } from "../auth/authenticator.ts";
import type { Authorizer, Decision } from "../auth/authorizer.ts";
import { restrictTokenRequest } from "../auth/node-restriction.ts";
import type { ServiceAccountTokens } from "../auth/service-account-tokens.ts";
import type { TokenRequest } from "../auth/token-request.ts";
import { nodeNameOf, type User } from "../auth/user.ts";
import { badRequest, invalid } from "../errors.ts";
import type { ApiObject } from "../resources/api-object.ts";
import { bindPod } from "../verbs/bind-pod.ts";
import { evictPod } from "../verbs/evict-pod.ts";
import type { ObjectTarget, VerbServices } from "../verbs/verb-services.ts";
import type { CreateHandler } from "./resource-handler.ts";

export interface CreateHandlerOptions {
  readonly services: VerbServices;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly accountTokens: ServiceAccountTokens;
}

interface Eviction {
  readonly deleteOptions?: DeleteOptions;
}

const success: Status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };

/** What is created without being stored: reviews, bindings and tokens. */
export function createHandlers(options: CreateHandlerOptions): ReadonlyMap<string, CreateHandler> {
  const { services, authenticator, authorizer, accountTokens } = options;
  const review: CreateHandler = (input, { target }) => reviewAccess(authorizer, input, target);
  return new Map<string, CreateHandler>([
    [
      "pods/binding",
      (input, { target, options: writeOptions }) => {
        bindPod(services, target, input as unknown as Binding, writeOptions);
        return success;
      },
    ],
    ["tokenreviews.authentication.k8s.io", (input) => reviewToken(authenticator, input)],
    ["selfsubjectreviews.authentication.k8s.io", (input, { user }) => reviewSelf(input, user)],
    ["subjectaccessreviews.authorization.k8s.io", review],
    ["localsubjectaccessreviews.authorization.k8s.io", review],
    [
      "selfsubjectaccessreviews.authorization.k8s.io",
      (input, { target, user }) => reviewAccess(authorizer, input, target, user),
    ],
    [
      "selfsubjectrulesreviews.authorization.k8s.io",
      (input, { user }) => ({ ...input, status: authorizer.rulesOf(user) }),
    ],
    [
      "pods/eviction",
      (input, { target, options: writeOptions }) => {
        const { deleteOptions } = input as unknown as Eviction;
        evictPod(services, target, deleteOptions, writeOptions);
        return success;
      },
    ],
    [
      "serviceaccounts/token",
      (input, { target, user }) => {
        const request = input as unknown as TokenRequest;
        const { definition, namespace, name } = target;
        const nodeName = nodeNameOf(user);
        if (nodeName !== undefined) {
          const pod = services.store.get("pods", `${namespace}/${request.spec.boundObjectRef?.name}`)?.object;
          restrictTokenRequest(nodeName, definition, name, request, pod as Pod | undefined);
        }
        return accountTokens.issue(namespace, name, request) as unknown as ApiObject;
      },
    ],
  ]);
}

function reviewToken(authenticator: Authenticator, input: ApiObject): ApiObject {
  const { spec } = input as unknown as TokenReview;
  if (!spec?.token) throw badRequest("token is required for TokenReview in authentication");
  const found = authenticator.authenticateToken(spec.token, spec.audiences);
  const status =
    found === undefined
      ? { authenticated: false, error: "the token is not known here, has expired, or is meant for others" }
      : { authenticated: true, user: userInfo(found.user), audiences: found.audiences };
  return { ...input, status };
}

function userInfo(user: User): Record<string, unknown> {
  return {
    username: user.name,
    ...(user.uid === undefined ? {} : { uid: user.uid }),
    groups: user.groups,
    ...(user.extra === undefined ? {} : { extra: user.extra }),
  };
}

function reviewSelf(input: ApiObject, user: User): ApiObject {
  const review: SelfSubjectReview = { status: { userInfo: userInfo(user) as never } };
  return { ...input, ...review } as ApiObject;
}

/** @param self whom the review is about, if that is the one who asks */
function reviewAccess(authorizer: Authorizer, input: ApiObject, target: ObjectTarget, self?: User): ApiObject {
  const { spec } = input as unknown as SubjectAccessReview;
  checkReview(spec, target, self === undefined);
  const user = self ?? { name: spec.user ?? "", groups: spec.groups ?? [] };
  const { allowed, reason } = decide(authorizer, user, spec);
  return { ...input, status: allowed ? { allowed } : { allowed, reason } };
}

function decide(
  authorizer: Authorizer,
  user: User,
  { resourceAttributes: wanted = {}, nonResourceAttributes: path }: SubjectAccessReviewSpec,
): Decision {
  if (path !== undefined) return authorizer.authorizePath(user, path.verb ?? "", path.path ?? "");
  return authorizer.authorize(user, {
    group: wanted.group ?? "",
    resource: wanted.resource ?? "",
    subresource: wanted.subresource ?? "",
    namespace: wanted.namespace ?? "",
    name: wanted.name ?? "",
    verb: wanted.verb ?? "",
  });
}

/** Throws a 422 ApiError for a review that asks about nothing, about two things, or about nobody. */
function checkReview(spec: SubjectAccessReviewSpec, { definition }: ObjectTarget, needsSubject: boolean): void {
  const { resourceAttributes, nonResourceAttributes, user = "", groups = [] } = spec;
  const errors: FieldError[] = [];
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    const detail = "cannot be specified in combination with resourceAttributes";
    errors.push(invalidValue("spec.nonResourceAttributes", nonResourceAttributes, detail));
  }
  if (resourceAttributes === undefined && nonResourceAttributes === undefined) {
    const detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    errors.push(invalidValue("spec.resourceAttributes", null, detail));
  }
  if (needsSubject && user === "" && groups.length === 0)
    errors.push(invalidValue("spec.user", user, "at least one of user or group must be specified"));
  if (errors.length > 0) throw invalid(definition, "", errors);
}
