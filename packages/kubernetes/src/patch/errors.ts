import { WherryError } from "@wherry/base";

/** A patch that cannot be applied: malformed, or at odds with the document. */
export class PatchError extends WherryError {
  /** @param code `MALFORMED_PATCH` when no document could take it, `INAPPLICABLE_PATCH` when this one cannot. */
  constructor(code: "MALFORMED_PATCH" | "INAPPLICABLE_PATCH", message: string) {
    super(code, message);
  }
}
