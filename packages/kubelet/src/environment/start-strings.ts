import { ConfigError } from "../errors.ts";
import type { EnvironmentVariable } from "../ports/environment.ts";

/** The longest string that Linux starts a program with (MAX_ARG_STRLEN): an argument or `NAME=value`, and the NUL that ends it. */
export const maxStringBytes: number = 128 * 1024;
/** All of them together: what Linux takes where the stack has its usual 8 MiB. */
const maxTotalBytes = 2 * 1024 * 1024;
const maxShownName = 100;

/**
 * The environment and arguments that one container starts with, never more of them than a program on Linux could be given.
 *
 * References multiply text (`$(A)$(A)`), so this is asked while strings are made, not when all are there.
 */
export class StartStrings {
  readonly #container: string;
  readonly #variables: Map<string, string> = new Map();
  #totalBytes = 0;

  constructor(container: string, environment: readonly EnvironmentVariable[] = []) {
    this.#container = container;
    for (const { name, value } of environment) this.setVariable(name, value);
  }

  get variables(): EnvironmentVariable[] {
    return [...this.#variables].map(([name, value]) => ({ name, value }));
  }

  variable(name: string): string | undefined {
    return this.#variables.get(name);
  }

  /** Sets a variable; one that is there already stays where it is in the order. @throws ConfigError */
  setVariable(name: string, value: string): void {
    const before = this.#variables.get(name);
    if (before !== undefined) this.#totalBytes -= variableBytes(name, before);
    this.addVariable(name, value);
  }

  /** Like `setVariable`, but what is replaced still counts, so that a long list for one name ends soon. @throws ConfigError */
  addVariable(name: string, value: string): void {
    const shown = name.length > maxShownName ? `${name.slice(0, maxShownName)}…` : name;
    this.#take(`environment variable "${shown}"`, variableBytes(name, value));
    this.#variables.set(name, value);
  }

  /** @param what the field it comes from, as `args[0]`. @throws ConfigError */
  addArgument(what: string, argument: string): void {
    this.#take(what, Buffer.byteLength(argument) + 1);
  }

  #take(what: string, bytes: number): void {
    if (bytes > maxStringBytes)
      throw new ConfigError(
        `${what} of container "${this.#container}" is too long: a program can be given at most ${maxStringBytes} bytes as one string`,
      );
    this.#totalBytes += bytes;
    if (this.#totalBytes > maxTotalBytes)
      throw new ConfigError(
        `environment and arguments of container "${this.#container}" are too long with ${what}: a program can be given at most ${maxTotalBytes} bytes altogether`,
      );
  }
}

function variableBytes(name: string, value: string): number {
  return Buffer.byteLength(name) + Buffer.byteLength(value) + 2;
}
