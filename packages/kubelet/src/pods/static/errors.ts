import { KubeletError } from "../../errors.ts";

/** One thing that is wrong with a manifest. */
export interface ManifestProblem {
  /** Path of the field, e.g. `spec.containers[0].image`; empty for the whole. */
  readonly path: string;
  /** What is there and what would be right. */
  readonly message: string;
}

const maxShown = 10;

/** A manifest that is no static pod; the message names every offending field and leaves the file to the caller. */
export class ManifestError extends KubeletError {
  readonly problems: readonly ManifestProblem[];

  constructor(problems: readonly ManifestProblem[], cause?: unknown) {
    const shown = problems
      .slice(0, maxShown)
      .map(({ path, message }) => (path === "" ? message : `${path} ${message}`));
    if (problems.length > maxShown) shown.push(`and ${problems.length - maxShown} more`);
    super("ManifestInvalid", shown.join("; "), { cause });
    this.problems = problems;
  }
}
