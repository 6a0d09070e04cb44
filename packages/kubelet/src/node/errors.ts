import type { WherryErrorOptions } from "@wherry/base";
import { KubeletError } from "../errors.ts";

/**
 * Why the node cannot be what was asked for.
 *
 * `NameInvalid`, `LabelInvalid`, `TaintInvalid` and `AddressInvalid` are mistakes in the configuration; `NameInUse` means another live kubelet holds
 * the node's name; `FactUnavailable` means the machine does not tell something the node must report.
 */
export type NodeErrorCode =
  | "NameInvalid"
  | "LabelInvalid"
  | "TaintInvalid"
  | "AddressInvalid"
  | "NameInUse"
  | "FactUnavailable";

/** Failure to set up the node; the message says what to change. */
export class NodeError extends KubeletError {
  declare readonly code: NodeErrorCode;

  constructor(code: NodeErrorCode, message: string, options: WherryErrorOptions = {}) {
    super(code, message, options);
  }
}
