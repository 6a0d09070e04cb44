import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { findProgram } from "../registries/peer-registries.ts";

/** The programs of a node of the upstream project. */
export interface GoKubeletPeers {
  readonly kubelet: string;
  /** Its shim lies beside it or on the PATH. */
  readonly containerd: string;
  readonly ctr: string;
  readonly runc: string;
  /** Linked statically: all that its container images have. */
  readonly busybox: string;
  /** Directory with the plugins bridge, host-local and loopback. */
  readonly cniPlugins: string;
}

/**
 * The peers by `WHERRY_GO_KUBELET`, `WHERRY_CONTAINERD`, `WHERRY_CTR`, `WHERRY_RUNC` and `WHERRY_BUSYBOX` or on the PATH, the plugins by
 * `WHERRY_CNI_BIN` or where distributions put them; or the reason why there is no such node here.
 */
export function findGoKubeletPeers(): GoKubeletPeers | { readonly skip: string } {
  if (process.platform !== "linux") return { skip: `a Go kubelet needs Linux, this is ${process.platform}` };
  if (process.getuid?.() !== 0) return { skip: `a Go kubelet needs root, this is user ${process.getuid?.()}` };
  for (const name of ["ip", "mount", "nsenter", "tar", "unshare"]) {
    if (findProgram(undefined, name) === undefined) return { skip: `no ${name} (PATH)` };
  }
  const kubelet = findProgram("WHERRY_GO_KUBELET", "kubelet");
  if (kubelet === undefined) return { skip: "no kubelet (WHERRY_GO_KUBELET or PATH)" };
  const containerd = findProgram("WHERRY_CONTAINERD", "containerd");
  if (containerd === undefined) return { skip: "no containerd (WHERRY_CONTAINERD or PATH)" };
  const shim = "containerd-shim-runc-v2";
  if (!existsSync(join(dirname(containerd), shim)) && findProgram(undefined, shim) === undefined)
    return { skip: `no ${shim} (beside ${containerd} or PATH)` };
  const ctr = findProgram("WHERRY_CTR", "ctr") ?? beside(containerd, "ctr");
  if (ctr === undefined) return { skip: `no ctr (WHERRY_CTR, PATH or beside ${containerd})` };
  const runc = findProgram("WHERRY_RUNC", "runc");
  if (runc === undefined) return { skip: "no runc (WHERRY_RUNC or PATH)" };
  const busybox = findProgram("WHERRY_BUSYBOX", "busybox");
  if (busybox === undefined) return { skip: "no static busybox (WHERRY_BUSYBOX or PATH)" };
  const directories = [process.env["WHERRY_CNI_BIN"], "/opt/cni/bin", "/usr/lib/cni"];
  const cniPlugins = directories.find((directory) => directory !== undefined && hasPlugins(directory));
  if (cniPlugins === undefined)
    return { skip: "no directory with the CNI plugins bridge, host-local and loopback (WHERRY_CNI_BIN)" };
  return { kubelet, containerd, ctr, runc, busybox, cniPlugins };
}

function beside(program: string, name: string): string | undefined {
  const path = join(dirname(program), name);
  return existsSync(path) ? path : undefined;
}

function hasPlugins(directory: string): boolean {
  return ["bridge", "host-local", "loopback"].every((name) => existsSync(join(directory, name)));
}
