import type { Flag } from "../flags/flag.ts";

/** Flags of every command that speaks to a registry. */
export const pullFlags: readonly Flag[] = [
  {
    name: "insecure-registry",
    kind: "strings",
    value: "HOST[:PORT]",
    pattern: /^(\[[0-9a-f:.]+\]|[^\s/:@[\]]+)(:\d+)?$/i,
    help: "Registry whose certificate is not checked, or that has none",
  },
  {
    name: "docker-config",
    kind: "string",
    value: "FILE",
    help: "Credentials as docker login writes them",
    defaultText: "$DOCKER_CONFIG/config.json or ~/.docker/config.json",
  },
];
