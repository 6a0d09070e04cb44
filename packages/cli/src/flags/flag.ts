/** Range of flags that name a TCP port. */
export const portRange: readonly [number, number] = [0, 65_535];

/** One `--name` of a command. */
export interface Flag {
  readonly name: string;
  readonly kind: "string" | "boolean" | "integer" | "strings";
  /** One-letter form without the dash. */
  readonly short?: string;
  /** Name of the value in help, e.g. `FILE`. */
  readonly value?: string;
  readonly help: string;
  /** Range of an integer, both ends included. @default [0, 999_999_999] */
  readonly range?: readonly [number, number];
  /** What every value of a `strings` flag matches; the error names `value` as what was expected. */
  readonly pattern?: RegExp;
  /** Text of the default for help. */
  readonly defaultText?: string;
}

/** Values by flag name; a flag that was not given is absent. */
export interface FlagValues {
  string(name: string): string | undefined;
  strings(name: string): readonly string[];
  integer(name: string): number | undefined;
  boolean(name: string): boolean | undefined;
}

export interface ParsedArguments {
  readonly flags: FlagValues;
  readonly positionals: readonly string[];
  /** What stood after `--`. */
  readonly rest: readonly string[];
}
