import type { FieldError } from "@wherry/kubernetes";
import { KubeletError } from "../../errors.ts";

/** One thing that is wrong: the path of the field, what is there and what would be right. */
export type ManifestProblem = Pick<FieldError, "field" | "message">;

const maxShown = 10;

/** A manifest that is no static pod; the message names every offending field and leaves the file to the caller. */
export class ManifestError extends KubeletError {
  /** Of the document as a whole where `field` is empty. */
  readonly problems: readonly ManifestProblem[];

  constructor(problems: readonly ManifestProblem[], cause?: unknown) {
    const shown = problems
      .slice(0, maxShown)
      .map(({ field, message }) => (field === "" ? message : `${field}: ${message}`));
    if (problems.length > maxShown) shown.push(`and ${problems.length - maxShown} more`);
    super("ManifestInvalid", shown.join("; "), { cause });
    this.problems = problems;
  }
}
