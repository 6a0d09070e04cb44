import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { GoKubeletPeers } from "./go-kubelet-peers.ts";
import type { NodeBridge } from "./node-bridge.ts";

/** What the configuration of a Go kubelet's node is made from. */
export interface GoKubeletFilesOptions {
  /** Holds all of the node's files. */
  readonly directory: string;
  readonly peers: GoKubeletPeers;
  readonly bridge: NodeBridge;
  readonly cgroup: string;
  readonly pauseImage: string;
  readonly clientCaPath: string;
  readonly port: number;
  readonly healthzPort: number;
  /** Merged over the KubeletConfiguration. */
  readonly configuration: Readonly<Record<string, unknown>>;
}

export interface GoKubeletFiles {
  readonly containerdConfig: string;
  readonly containerdSocket: string;
  readonly kubeletConfig: string;
  readonly kubeletRoot: string;
}

/** Writes what kubelet, containerd and the CNI plugins read. */
export async function writeGoKubeletFiles(options: GoKubeletFilesOptions): Promise<GoKubeletFiles> {
  const { directory } = options;
  const files: GoKubeletFiles = {
    containerdConfig: join(directory, "containerd.toml"),
    containerdSocket: join(directory, "containerd.sock"),
    kubeletConfig: join(directory, "kubelet.json"),
    kubeletRoot: join(directory, "kubelet"),
  };
  await mkdir(join(directory, "cni"), { recursive: true });
  await writeFile(join(directory, "cni/10-bridge.conflist"), JSON.stringify(networkList(options)));
  await writeFile(files.containerdConfig, containerdConfig(options, files));
  await writeFile(join(directory, "resolv.conf"), "");
  await writeFile(files.kubeletConfig, JSON.stringify(kubeletConfiguration(options, files)));
  return files;
}

/** Pods reach the node and each other. The bridge has its address already, so the plugin has nothing to change on the machine. */
function networkList({ directory, bridge }: GoKubeletFilesOptions): object {
  return {
    cniVersion: "0.4.0",
    name: bridge.name,
    plugins: [
      {
        type: "bridge",
        bridge: bridge.name,
        ipMasq: false,
        hairpinMode: true,
        ipam: {
          type: "host-local",
          ranges: [[{ subnet: bridge.subnet, gateway: bridge.address }]],
          routes: [{ dst: "0.0.0.0/0" }],
          dataDir: join(directory, "addresses"),
        },
      },
    ],
  };
}

/** Version 2 of the format is what containerd 1.6 and 2 both read. */
function containerdConfig({ directory, peers, pauseImage }: GoKubeletFilesOptions, files: GoKubeletFiles): string {
  // A TOML string is written as JSON's.
  const text = JSON.stringify;
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = ${text(join(directory, "containerd"))}
state = ${text(join(directory, "containerd-state"))}
# It would make a directory in /opt.
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = ${text(files.containerdSocket)}
[${cri}]
  # Without CAP_SYS_RESOURCE no score can be lowered.
  restrict_oom_score_adj = true
  sandbox_image = ${text(pauseImage)}
  stream_server_address = "127.0.0.1"
  [${cri}.cni]
    bin_dir = ${text(peers.cniPlugins)}
    conf_dir = ${text(join(directory, "cni"))}
  [${cri}.containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [${cri}.containerd.runtimes.runc.options]
      BinaryName = ${text(peers.runc)}
      SystemdCgroup = false
`;
}

/** Upstream's defaults but for what the machine or a test needs. */
function kubeletConfiguration(options: GoKubeletFilesOptions, files: GoKubeletFiles): object {
  const { directory } = options;
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: options.bridge.address,
    port: options.port,
    healthzBindAddress: "127.0.0.1",
    healthzPort: options.healthzPort,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: options.clientCaPath },
    },
    authorization: { mode: "Webhook" },
    cgroupDriver: "cgroupfs",
    cgroupRoot: options.cgroup,
    failCgroupV1: false,
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    oomScoreAdj: 0,
    containerRuntimeEndpoint: `unix://${files.containerdSocket}`,
    resolvConf: join(directory, "resolv.conf"),
    podLogsDir: join(directory, "logs"),
    volumePluginDir: join(directory, "volume-plugins"),
    // The disk belongs to whoever runs the tests; how full it is says nothing about the node.
    evictionHard: {
      "memory.available": "100Mi",
      "nodefs.available": "1%",
      "imagefs.available": "1%",
      "nodefs.inodesFree": "1%",
    },
    imageGCHighThresholdPercent: 99,
    imageGCLowThresholdPercent: 98,
    ...options.configuration,
  };
}
