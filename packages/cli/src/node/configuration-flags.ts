import type { KubeletConfiguration } from "@wherry/kubelet";
import type { Taint } from "@wherry/kubernetes";
import { UsageError } from "../errors.ts";
import { type Flag, type FlagValues, portRange } from "../flags/flag.ts";

/** Flags that stand for fields of the configuration file, as the upstream kubelet has them. */
export const configurationFlags: readonly Flag[] = [
  {
    name: "address",
    kind: "string",
    value: "ADDRESS",
    help: "Address the node's HTTPS API listens on",
    defaultText: "0.0.0.0",
  },
  {
    name: "port",
    kind: "integer",
    range: portRange,
    value: "PORT",
    help: "Port of the node's HTTPS API; 0 takes a free one",
    defaultText: "10250",
  },
  {
    name: "healthz-port",
    kind: "integer",
    range: portRange,
    value: "PORT",
    help: "Port of the plain health endpoint on loopback, 0 for none",
    defaultText: "10248",
  },
  {
    name: "pod-manifest-path",
    kind: "string",
    value: "PATH",
    help: "Manifest of a static pod, or a directory of them",
  },
  { name: "client-ca-file", kind: "string", value: "FILE", help: "Authority of client certificates" },
  {
    name: "anonymous-auth",
    kind: "boolean",
    help: "Lets requests without credentials in as system:anonymous",
    defaultText: "false",
  },
  {
    name: "authentication-token-webhook",
    kind: "boolean",
    help: "Checks bearer tokens by TokenReview",
    defaultText: "true",
  },
  { name: "authorization-mode", kind: "string", value: "MODE", help: "Webhook or AlwaysAllow", defaultText: "Webhook" },
  { name: "tls-cert-file", kind: "string", value: "FILE", help: "Serving certificate" },
  { name: "tls-private-key-file", kind: "string", value: "FILE", help: "Key of the serving certificate" },
  { name: "register-node", kind: "boolean", help: "Registers the node with the API server", defaultText: "true" },
  {
    name: "register-with-taints",
    kind: "strings",
    value: "KEY=VALUE:EFFECT,...",
    help: "Taints to register the node with",
  },
  { name: "provider-id", kind: "string", value: "ID", help: "spec.providerID of the node" },
  { name: "max-pods", kind: "integer", value: "COUNT", help: "Most pods on this node", defaultText: "110" },
  {
    name: "node-status-update-frequency",
    kind: "string",
    value: "DURATION",
    help: "How often the node's status is computed",
    defaultText: "10s",
  },
  {
    name: "pod-logs-dir",
    kind: "string",
    value: "DIRECTORY",
    help: "Directory of container logs",
    defaultText: "/var/log/pods",
  },
];

/** The configuration that the flags spell out; fields without a flag are absent. */
export function configurationFromFlags(flags: FlagValues, command: string): KubeletConfiguration {
  const taints = flags.strings("register-with-taints");
  const clientCaFile = flags.string("client-ca-file");
  const webhook = flags.boolean("authentication-token-webhook");
  const anonymous = flags.boolean("anonymous-auth");
  const mode = flags.string("authorization-mode");
  const authentication = {
    ...(clientCaFile !== undefined && { x509: { clientCAFile: clientCaFile } }),
    ...(webhook !== undefined && { webhook: { enabled: webhook } }),
    ...(anonymous !== undefined && { anonymous: { enabled: anonymous } }),
  };
  return defined({
    address: flags.string("address"),
    port: flags.integer("port"),
    healthzPort: flags.integer("healthz-port"),
    authentication: Object.keys(authentication).length === 0 ? undefined : authentication,
    authorization: mode === undefined ? undefined : { mode },
    tlsCertFile: flags.string("tls-cert-file"),
    tlsPrivateKeyFile: flags.string("tls-private-key-file"),
    registerNode: flags.boolean("register-node"),
    registerWithTaints:
      taints.length === 0 ? undefined : taints.flatMap((list) => list.split(",")).map((text) => taint(text, command)),
    providerID: flags.string("provider-id"),
    maxPods: flags.integer("max-pods"),
    nodeStatusUpdateFrequency: flags.string("node-status-update-frequency"),
    staticPodPath: flags.string("pod-manifest-path"),
    podLogsDir: flags.string("pod-logs-dir"),
  }) as KubeletConfiguration;
}

/** `a=b,c=d` lists as one record. */
export function parseLabels(lists: readonly string[], command: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const text of lists.flatMap((list) => list.split(",")).filter((part) => part !== "")) {
    const [, name, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
    if (name === undefined || value === undefined)
      throw new UsageError(`Flag --node-labels has "${text}", expected NAME=VALUE`, command);
    labels[name] = value;
  }
  return labels;
}

function taint(text: string, command: string): Taint {
  const [, key, value, effect] = /^([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text) ?? [];
  if (key === undefined || effect === undefined) {
    throw new UsageError(
      `Flag --register-with-taints has "${text}", expected KEY=VALUE:EFFECT with NoSchedule, PreferNoSchedule or NoExecute`,
      command,
    );
  }
  return { key, effect, ...(value !== undefined && { value }) };
}

function defined(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
