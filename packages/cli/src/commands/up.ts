import { join } from "node:path";
import type { Logger } from "@wherry/base";
import { createClient, loadClusterConfig } from "@wherry/client";
import { type ControlPlaneAddress, createControlPlane } from "@wherry/control-plane";
import { loadConfiguration, resolveNodeAddresses, resolveNodeName, wasmStandalonePlatform } from "@wherry/kubelet";
import { loopbackRange } from "@wherry/runtime";
import type { Command, CommandContext } from "../command.ts";
import { hinted, UsageError } from "../errors.ts";
import { type Flag, type FlagValues, portRange } from "../flags/flag.ts";
import { pullFlags } from "../images/pull-flags.ts";
import { registryClient } from "../images/registry-client.ts";
import { readyText } from "../node/ready-text.ts";
import { runWasmNode } from "../node/wasm-node.ts";
import { outputFlag, wantsJson, writeJson } from "../output/output-format.ts";
import { logFlags, loggerFromFlags } from "../output/stderr-logger.ts";
import { stateDirectory, stateDirectoryFlag } from "../state-directory.ts";
import { version } from "../version.ts";
import { makeWritableDirectory } from "../writable-directory.ts";

/** Warnings only: the terminal is for what the user does. */
const verbosity = 0;

const flags: readonly Flag[] = [
  stateDirectoryFlag,
  {
    name: "port",
    kind: "integer",
    range: portRange,
    value: "PORT",
    help: "Port of the API server on loopback; 0 takes a free one",
    defaultText: "6443",
  },
  {
    name: "registry-port",
    kind: "integer",
    range: portRange,
    value: "PORT",
    help: "Port of the registry on loopback; 0 takes a free one",
    defaultText: "5000",
  },
  {
    name: "kubelet-port",
    kind: "integer",
    range: portRange,
    value: "PORT",
    help: "Port of the node's HTTPS API; 0 takes a free one",
    defaultText: "10250",
  },
  { name: "hostname-override", kind: "string", value: "NAME", help: "Name of the node", defaultText: "wherry" },
  { name: "config", kind: "string", value: "FILE", help: "KubeletConfiguration of the node" },
  { name: "max-pods", kind: "integer", value: "COUNT", help: "Most pods on the node", defaultText: "110" },
  {
    name: "warm-hosts",
    kind: "integer",
    value: "COUNT",
    help: "Host processes kept ready for the next pods",
    defaultText: "2",
  },
  { name: "keep-pods", kind: "boolean", help: "Leaves pods running at the end, for the next start to find" },
  outputFlag,
  ...pullFlags,
  ...logFlags(verbosity),
];

export const upCommand: Command = {
  name: "up",
  usage: "[flags]",
  description:
    "Everything listens on loopback and needs no root. State is kept, so the next start goes on where this one ended.",
  flags,
  async run(context, { flags: values, positionals }) {
    if (positionals.length > 0) throw new UsageError(`Unexpected argument "${positionals[0]}"`, "up");
    const json = wantsJson(values, "up");
    const logger = loggerFromFlags(values, context.stderr, "up", verbosity);
    const directory = stateDirectory(values, context);
    await makeWritableDirectory("--state-dir", directory);
    try {
      const plane = createControlPlane({
        stateDirectory: directory,
        port: values.integer("port") ?? 6443,
        registryPort: values.integer("registry-port") ?? 5000,
        logger: logger.child({ component: "control-plane" }),
      });
      await using _stopped = plane;
      const address = await plane.start();
      await runNode({ plane, address, directory, values, context, logger, json });
    } catch (error) {
      throw hinted(error, hints);
    }
    return 0;
  },
};

const portHint =
  "Ports are those of --port (6443), --registry-port (5000) and --kubelet-port (10250); 0 takes a free one.";

/** What to do about failures whose own words cannot know this command's flags. */
const hints: ReadonlyMap<string, string> = new Map([
  ["ADDRESS_IN_USE", portHint],
  ["PortInUse", portHint],
  ["STATE_DIRECTORY_IN_USE", 'End the other "wherry up", or give this one a directory of its own with --state-dir.'],
]);

interface Parts {
  readonly plane: ReturnType<typeof createControlPlane>;
  readonly address: ControlPlaneAddress;
  readonly directory: string;
  readonly values: FlagValues;
  readonly context: CommandContext;
  readonly logger: Logger;
  readonly json: boolean;
}

async function runNode(parts: Parts): Promise<void> {
  const { plane, directory, values, context, logger } = parts;
  const nodeName = resolveNodeName("wherry", values.string("hostname-override"));
  const maxPods = values.integer("max-pods");
  const { configuration, warnings } = await loadConfiguration({
    file: values.string("config"),
    base: {
      address: "127.0.0.1",
      healthzPort: 0,
      podLogsDir: join(directory, "logs", "pods"),
      podCIDR: loopbackRange(directory),
      serializeImagePulls: false,
      authentication: { x509: { clientCAFile: plane.kubeletClientCaPath } },
    },
    overrides: { port: values.integer("kubelet-port") ?? 10250, ...(maxPods !== undefined && { maxPods }) },
  });
  for (const warning of warnings) logger.warn(warning);
  const kubeconfig = await plane.nodeKubeconfig(nodeName);
  const { qps, burst } = configuration.api;
  const client = createClient(await loadClusterConfig({ paths: [kubeconfig] }), {
    userAgent: `wherry/${version}`,
    qps,
    burst,
    logger,
  });
  try {
    await runWasmNode(
      {
        client,
        registries: await registryClient(values, context),
        nodeName,
        addresses: resolveNodeAddresses({ nodeName, nodeIp: "127.0.0.1", allowLoopback: true }),
        configuration,
        platform: wasmStandalonePlatform,
        rootDirectory: directory,
        certDirectory: join(directory, "pki"),
        warmHosts: values.integer("warm-hosts") ?? 2,
        stopPods: values.boolean("keep-pods") !== true,
        limitsExpected: false,
        logger,
        onReady: () => report(parts, nodeName),
      },
      context.signal,
    );
  } finally {
    await client.close();
  }
}

function report({ context, json, address, directory, values }: Parts, node: string): void {
  const { url, kubeconfigPath: kubeconfig, registryAddress } = address;
  // The name that image tools take for a registry without TLS wherever it stands in a reference.
  const registry = registryAddress.replace("127.0.0.1", "localhost");
  if (json) {
    writeJson(context.stdout, { url, kubeconfig, registry, node });
    return;
  }
  const keepPods = values.boolean("keep-pods") === true;
  // Of npm: `npx` runs this.
  const program = context.environment["npm_command"] === "exec" ? "npx wherry" : "wherry";
  context.stdout.write(readyText({ node, kubeconfig, registry, stateDirectory: directory, keepPods, program }));
}
