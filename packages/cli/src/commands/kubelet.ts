import { hostname } from "node:os";
import { join, resolve } from "node:path";
import type { Logger } from "@wherry/base";
import { createClient, loadClusterConfig } from "@wherry/client";
import {
  type CredentialProvidersFactory,
  loadConfiguration,
  loadCredentialProviders,
  resolveNodeAddresses,
  resolveNodeName,
  wasmClusterPlatform,
  wasmStandalonePlatform,
} from "@wherry/kubelet";
import { loopbackRange } from "@wherry/runtime";
import type { Command, CommandContext } from "../command.ts";
import { hinted, UsageError } from "../errors.ts";
import type { Flag, FlagValues } from "../flags/flag.ts";
import { pullFlags } from "../images/pull-flags.ts";
import { registryClient } from "../images/registry-client.ts";
import { configurationFlags, configurationFromFlags, parseLabels } from "../node/configuration-flags.ts";
import { readRoutes } from "../node/read-routes.ts";
import { runWasmNode } from "../node/wasm-node.ts";
import { logFlags, loggerFromFlags } from "../output/stderr-logger.ts";
import { version } from "../version.ts";
import { makeDirectory, makeWritableDirectory } from "../writable-directory.ts";

const verbosity = 2;

const flags: readonly Flag[] = [
  {
    name: "kubeconfig",
    kind: "string",
    value: "FILE",
    help: "Kubeconfig with the node's identity",
    defaultText: "$KUBECONFIG",
  },
  { name: "config", kind: "string", value: "FILE", help: "KubeletConfiguration (kubelet.config.k8s.io/v1beta1)" },
  {
    name: "config-dir",
    kind: "string",
    value: "DIRECTORY",
    help: "Drop-ins *.conf, merged over --config in order of their names",
  },
  { name: "hostname-override", kind: "string", value: "NAME", help: "Name of the node", defaultText: "the host name" },
  {
    name: "node-ip",
    kind: "string",
    value: "ADDRESS",
    help: "Address of the node; one of each family separated by a comma",
  },
  { name: "node-labels", kind: "strings", value: "NAME=VALUE,...", help: "Labels to register the node with" },
  {
    name: "root-dir",
    kind: "string",
    value: "DIRECTORY",
    help: "Directory of volumes, content and state",
    defaultText: "/var/lib/wherry",
  },
  {
    name: "cert-dir",
    kind: "string",
    value: "DIRECTORY",
    help: "Directory of the serving certificate",
    defaultText: "ROOT-DIR/pki",
  },
  {
    name: "image-credential-provider-config",
    kind: "string",
    value: "FILE",
    help: "CredentialProviderConfig (kubelet.config.k8s.io/v1) of plug-ins that give credentials for pulls",
  },
  {
    name: "image-credential-provider-bin-dir",
    kind: "string",
    value: "DIRECTORY",
    help: "Directory of the programs that --image-credential-provider-config names",
  },
  {
    name: "standalone-node",
    kind: "boolean",
    help: "Registers without the architecture taint, so that any pod is scheduled here",
  },
  {
    name: "warm-hosts",
    kind: "integer",
    value: "COUNT",
    help: "Host processes kept ready for the next pods",
    defaultText: "2",
  },
  ...configurationFlags,
  ...pullFlags,
  ...logFlags(verbosity),
];

export const kubeletCommand: Command = {
  name: "kubelet",
  usage: "--kubeconfig FILE [flags]",
  description:
    "The configuration file is the upstream kubelet's, and so are the flags that both have; without a file its defaults hold. Pods outlive this process and are found again at its next start.",
  flags,
  async run(context, { flags: values, positionals }) {
    if (positionals.length > 0) throw new UsageError(`Unexpected argument "${positionals[0]}"`, "kubelet");
    const logger = loggerFromFlags(values, context.stderr, "kubelet", verbosity);
    const kubeconfigs = kubeconfigPaths(values, context.environment);
    const rootDirectory = resolve(context.workingDirectory, values.string("root-dir") ?? "/var/lib/wherry");
    const { configuration, warnings } = await loadConfiguration({
      file: values.string("config"),
      directory: values.string("config-dir"),
      // The Node's range can be had with root only.
      base: process.getuid?.() === 0 ? {} : { podCIDR: loopbackRange(rootDirectory) },
      overrides: configurationFromFlags(values, "kubelet"),
    });
    for (const warning of warnings) logger.warn(warning);
    const nodeName = resolveNodeName(hostname(), values.string("hostname-override"));
    const labels = parseLabels(values.strings("node-labels"), "kubelet");
    const config = await loadClusterConfig({ paths: kubeconfigs, env: context.environment, logger });
    await makeWritableDirectory("--root-dir", rootDirectory);
    const certDirectory = resolve(context.workingDirectory, values.string("cert-dir") ?? join(rootDirectory, "pki"));
    await makeDirectory("--cert-dir", certDirectory);
    await makeDirectory("podLogsDir", configuration.logs.podLogsDirectory, 0o755);
    const addresses = resolveNodeAddresses({
      nodeName,
      nodeIp: values.string("node-ip"),
      routes: await readRoutes(),
      // An API server on this machine's loopback reaches a node there.
      allowLoopback: isLoopback(config.server),
    });
    const { qps, burst } = configuration.api;
    const client = createClient(config, {
      userAgent: `wherry/${version}`,
      qps,
      burst,
      logger: logger.child({ component: "client" }),
    });
    try {
      await runWasmNode(
        {
          client,
          registries: await registryClient(values, context),
          nodeName,
          addresses,
          configuration,
          platform: values.boolean("standalone-node") === true ? wasmStandalonePlatform : wasmClusterPlatform,
          nodeLabels: labels,
          credentialProviders: await credentialProviders(values, context, logger),
          rootDirectory,
          certDirectory,
          containerLogsDirectory: containerLogsDirectory(configuration.logs.podLogsDirectory),
          warmHosts: values.integer("warm-hosts") ?? 2,
          logger,
          onReady: (port) => logger.info("Node is registered", { node: nodeName, port }),
        },
        context.signal,
      );
    } catch (error) {
      throw hinted(error, hints);
    } finally {
      await client.close();
    }
    return 0;
  },
};

/** What to do about failures whose own words cannot know this command's flags. */
const hints: ReadonlyMap<string, string> = new Map([
  ["PortInUse", "Ports are those of --port (10250) and --healthz-port (10248, 0 for none)."],
]);

/** The plug-ins of the two flags, which only mean something together. */
async function credentialProviders(
  values: FlagValues,
  { environment, workingDirectory }: CommandContext,
  logger: Logger,
): Promise<CredentialProvidersFactory | undefined> {
  const file = values.string("image-credential-provider-config");
  const directory = values.string("image-credential-provider-bin-dir");
  if (file === undefined && directory === undefined) return undefined;
  if (file === undefined || directory === undefined) {
    const [given, missing] = file === undefined ? ["bin-dir", "config"] : ["config", "bin-dir"];
    throw new UsageError(
      `Flag --image-credential-provider-${missing} is missing: it goes with --image-credential-provider-${given}`,
      "kubelet",
    );
  }
  return loadCredentialProviders({
    file: resolve(workingDirectory, file),
    binDirectory: resolve(workingDirectory, directory),
    environment,
    logger: logger.child({ component: "credential-providers" }),
  });
}

/** Log shippers look for links beside the usual log directory only. */
function containerLogsDirectory(podLogsDirectory: string): string | undefined {
  return podLogsDirectory === "/var/log/pods" ? "/var/log/containers" : undefined;
}

function isLoopback(server: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(server).hostname);
}

function kubeconfigPaths(values: FlagValues, environment: Readonly<Record<string, string | undefined>>): string[] {
  const given = values.string("kubeconfig");
  const paths = (given ?? environment["KUBECONFIG"] ?? "")
    .split(given === undefined ? ":" : "\0")
    .filter((path) => path !== "");
  if (paths.length === 0)
    throw new UsageError("Flag --kubeconfig is missing: give the kubeconfig of the node's identity", "kubelet");
  return paths;
}
