import {
  createReflector,
  defineResource,
  isApiError,
  isNotFound,
  type KubernetesClient,
  resources,
} from "@wherry/client";
import type { PodCertificateRequest } from "@wherry/kubernetes";
import { KubeletError } from "../errors.ts";
import type { ClientObjectSourceOptions } from "../objects/client-object-source.ts";
import type { CertificateRequests } from "./pod-certificates.ts";

const definition = defineResource<PodCertificateRequest>({
  group: "certificates.k8s.io",
  version: "v1beta1",
  resource: "podcertificaterequests",
  kind: "PodCertificateRequest",
  namespaced: true,
});

/** PodCertificateRequests of an API server; a node may only watch those that name it. */
export function clientCertificateRequests(
  client: KubernetesClient,
  nodeName: string,
  options: ClientObjectSourceOptions = {},
): CertificateRequests {
  return {
    async serviceAccountUid(namespace, name, signal) {
      const account = await client.get(resources.serviceAccounts, name, { namespace, signal });
      return account.metadata?.uid ?? "";
    },
    async create(request, signal) {
      try {
        return await client.create(definition, request, { signal });
      } catch (error) {
        if (!isApiError(error) || !isNotFound(error) || error.details.details?.kind !== undefined) throw error;
        throw new KubeletError(
          "NotServed",
          "API server does not serve podcertificaterequests of certificates.k8s.io in v1beta1, which Kubernetes has off by default",
          { cause: error, retryable: true },
        );
      }
    },
    async follow(namespace, name, onState, signal) {
      const reflector = createReflector(client, definition, {
        ...options,
        namespace,
        fieldSelector: `metadata.name=${name},spec.nodeName=${nodeName}`,
      });
      reflector.onChange(({ type, object }) => onState(type === "deleted" ? undefined : object));
      await reflector.run(signal);
    },
  };
}
