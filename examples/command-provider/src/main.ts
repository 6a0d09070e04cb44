// A node whose pods are commands. Flags: --kubeconfig, --root-dir, --pod-logs-dir, --node-name, --node-ip, --config.
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { createLogger } from "@wherry/base";
import { createClient, loadClusterConfig } from "@wherry/client";
import { createKubelet, loadConfiguration, resolveNodeAddresses } from "@wherry/kubelet";
import { commandDirectory, commandPlatform, createCommandProvider } from "./command-provider.ts";

const { values: flags } = parseArgs({
  options: {
    kubeconfig: { type: "string" },
    config: { type: "string" },
    "root-dir": { type: "string" },
    "pod-logs-dir": { type: "string" },
    "node-name": { type: "string", default: "commands" },
    "node-ip": { type: "string" },
  },
});
const { kubeconfig, "root-dir": root, "node-name": nodeName, "node-ip": nodeIp } = flags;
if (kubeconfig === undefined || root === undefined) throw new Error("Flags --kubeconfig and --root-dir are needed");
const rootDirectory = resolve(root);
const podLogsDir = resolve(flags["pod-logs-dir"] ?? join(rootDirectory, "logs"));

const logger = createLogger(({ level, message, fields }) => console.error(level, message, JSON.stringify(fields)));
const { configuration } = await loadConfiguration({ file: flags.config, overrides: { podLogsDir } });
const client = createClient(await loadClusterConfig({ paths: [kubeconfig] }), { logger });
const kubelet = createKubelet({
  client,
  nodeName,
  provider: (services) =>
    createCommandProvider(services, {
      directory: commandDirectory(rootDirectory),
      maxRestartDelayMs: configuration.pods.maxRestartDelayMs,
    }),
  configuration,
  rootDirectory,
  certDirectory: join(rootDirectory, "pki"),
  addresses: resolveNodeAddresses({ nodeName, nodeIp, allowLoopback: true }),
  platform: commandPlatform,
  logger,
});

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
kubelet.ready.then(
  () => console.log(`node ${JSON.stringify(nodeName)} is registered`),
  () => undefined,
);
try {
  await kubelet.run(stop.signal);
} finally {
  await client.close();
}
