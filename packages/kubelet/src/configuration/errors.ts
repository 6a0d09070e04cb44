import { KubeletError } from "../errors.ts";

/** One thing that is wrong with a configuration. */
export interface ConfigurationProblem {
  /** Path of the field, e.g. `authentication.webhook.cacheTTL` or `registerWithTaints[0].effect`; empty for the whole. */
  readonly path: string;
  /** What is there and what would be right. */
  readonly message: string;
}

/** Takes note of a problem at a path. */
export type ReportProblem = (path: string, message: string) => void;

const maxShown = 10;

/** A configuration that cannot be used; the message names the source and every offending field. */
export class ConfigurationError extends KubeletError {
  readonly problems: readonly ConfigurationProblem[];

  constructor(
    source: string,
    problems: readonly ConfigurationProblem[],
    cause?: unknown,
    subject = "kubelet configuration",
  ) {
    const shown = problems
      .slice(0, maxShown)
      .map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
    if (problems.length > maxShown) shown.push(`and ${problems.length - maxShown} more`);
    super("ConfigurationInvalid", `Cannot use the ${subject} of ${source}: ${shown.join("; ")}`, { cause });
    this.problems = problems;
  }
}
