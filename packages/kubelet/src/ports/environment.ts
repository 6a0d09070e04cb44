import type { Container, Pod } from "@wherry/kubernetes";

export interface EnvironmentVariable {
  readonly name: string;
  readonly value: string;
}

/** What field references may show of the node and of the pod's network. */
export interface EnvironmentFacts {
  /** Primary address first. */
  readonly podIps: readonly string[];
  /** Primary address first. */
  readonly hostIps: readonly string[];
  /** Quantities; stands in for a missing limit. */
  readonly nodeAllocatable: Readonly<Record<string, string>>;
}

/** Resolves the environment of containers. */
export interface EnvironmentResolver {
  /**
   * Service variables, then `envFrom`, then `env`; later entries of one name win and each name occurs once.
   *
   * @throws ConfigError for a missing mandatory object or key, and for more than a program can be given (128 KiB as one string,
   *   2 MiB with the arguments); shown as `CreateContainerConfigError`, and the caller retries
   */
  containerEnvironment(
    pod: Pod,
    container: Container,
    facts: EnvironmentFacts,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<EnvironmentVariable[]>;
  /**
   * Command and arguments with `$(NAME)` and `$$` expanded; unknown names stay literal. Pure.
   *
   * @throws ConfigError when they are, with the environment, more than a program can be given
   */
  expandCommand(
    container: Pick<Container, "name" | "command" | "args">,
    environment: readonly EnvironmentVariable[],
  ): { command: string[]; args: string[] };
}
