/** The Kubernetes version whose kubelet contract Wherry follows; reported unless the API server is older. */
export const kubeletVersion = "v1.36.3";

const versionPattern = /^v?(\d+)\.(\d+)\.(\d+)/;

/**
 * The version to report as `nodeInfo.kubeletVersion`: `own`, but never newer than the API server met at start, because the
 * version skew policy allows a kubelet to be older only. An API server version that does not parse changes nothing.
 */
export function chooseKubeletVersion(own: string, serverVersion: string | undefined): string {
  const mine = versionPattern.exec(own);
  const server = serverVersion === undefined ? null : versionPattern.exec(serverVersion);
  if (mine === null || server === null) return own;
  for (let part = 1; part <= 3; part++) {
    const difference = Number(mine[part]) - Number(server[part]);
    if (difference < 0) return own;
    if (difference > 0) return `v${server[1]}.${server[2]}.${server[3]}`;
  }
  return own;
}
