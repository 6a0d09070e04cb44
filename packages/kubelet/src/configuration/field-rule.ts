/**
 * What this kubelet does with a field: `acted` on; `missing`: known upstream and not implemented here, worth a warning when it
 * is set; `inert`: accepted because it says nothing about what this kubelet does (Linux containers, Go, deprecated fields).
 */
export type FieldSupport = "acted" | "missing" | "inert";

interface Rule {
  readonly support: FieldSupport;
  /** Value in effect where none is given, as it would be written in the file. */
  readonly default?: unknown;
  /** For a `missing` field that is not wholly without effect: what it does. */
  readonly effect?: string;
}

/** How a field of the configuration is written and what is allowed. */
export type FieldRule = Rule &
  (
    | { readonly kind: "boolean" | "strings" | "map" | "lists" | "any" | "quantity" }
    | { readonly kind: "string"; readonly oneOf?: readonly string[] }
    | { readonly kind: "integer"; readonly min?: number; readonly max?: number }
    // As in Go's types, a duration of 0 means that none is given.
    | { readonly kind: "duration"; readonly minMs?: number }
    | { readonly kind: "object"; readonly fields: FieldRules }
    | { readonly kind: "objects"; readonly fields: FieldRules }
  );

export type FieldRules = Readonly<Record<string, FieldRule>>;
