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
   * @throws ConfigError for a missing mandatory object or key, shown as `CreateContainerConfigError`; the caller retries
   */
  containerEnvironment(
    pod: Pod,
    container: Container,
    facts: EnvironmentFacts,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<EnvironmentVariable[]>;
  /** Expands `$(NAME)` and `$$` in command and arguments; unknown names stay literal. Pure. */
  expandCommand(words: readonly string[], environment: readonly EnvironmentVariable[]): string[];
}
