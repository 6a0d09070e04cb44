import { type KubernetesClient, resources } from "@wherry/client";
import type { TokenSource } from "./service-account-tokens.ts";
import type { TokenRequest } from "./token-request.ts";

/** Tokens from the `token` subresource of service accounts. */
export function clientTokenSource(client: KubernetesClient): TokenSource {
  return (namespace, serviceAccount, request, { signal }) =>
    client.createSubresource<TokenRequest, TokenRequest>(resources.serviceAccounts, serviceAccount, "token", request, {
      namespace,
      signal,
    });
}
