import { join } from "node:path";

import type { Clock, Logger } from "@wherry/base";

import type { ClusterConfig } from "./cluster-config.ts";
import { FileCredentials } from "./file-credentials.ts";
import { readSmallFile } from "./read-small-file.ts";

export interface InClusterConfigOptions {
  /** URL of the API server, such as what KUBERNETES_SERVICE_HOST and _PORT say. @default "https://kubernetes.default.svc" */
  readonly server?: string;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/**
 * How a pod reaches its own cluster: token, authority and namespace from a service account directory.
 *
 * The token is read again as it rotates. Throws `ClientConfigError` naming the file that is missing.
 */
export async function inClusterConfig(
  directory = "/var/run/secrets/kubernetes.io/serviceaccount",
  options: InClusterConfigOptions = {},
): Promise<ClusterConfig> {
  const credentials = await FileCredentials.load({ tokenFile: join(directory, "token") }, options);
  const certificateAuthority = await readSmallFile(join(directory, "ca.crt"), "certificate authority");
  const namespace = await readSmallFile(join(directory, "namespace"), "namespace file", { optional: true });
  return {
    server: options.server ?? "https://kubernetes.default.svc",
    certificateAuthority,
    credentials,
    namespace: namespace?.trim() || undefined,
  };
}
