import type { Logger } from "@wherry/base";

/** What upstream's kubelet ignores in a manifest. */
export interface IgnoredParts {
  /** Fields that a pod does not have. */
  readonly unknownFields: readonly string[];
  /** Where keys stand again in their mapping; what they had before is ignored. */
  readonly duplicateKeys: readonly string[];
}

const maxShown = 10;

/** Warns of what is ignored; `where` says in which manifest. */
export function logIgnored(
  { unknownFields, duplicateKeys }: IgnoredParts,
  where: Readonly<Record<string, string>>,
  logger: Logger,
): void {
  if (unknownFields.length > 0)
    logger.warn("A manifest has fields that pods do not have; they are ignored", {
      ...where,
      fields: unknownFields.slice(0, maxShown).join(", "),
    });
  if (duplicateKeys.length > 0)
    logger.warn("A manifest has keys that stand twice; the last one counts", {
      ...where,
      problems: duplicateKeys.slice(0, maxShown).join("; "),
    });
}
