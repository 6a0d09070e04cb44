/** How a list or map merges: KEP-555 server-side apply markers and the older strategic merge patch markers. */
export interface FieldSchema {
  /**
   * `string`, `int32`, `int64`, `number`, `boolean`, `bytes` (base64 in JSON), `time`, `microtime`, `quantity`, `intOrString`, `any`, the
   * key of another type, or one of these prefixed by `[]` (list) or `{}` (map with string keys).
   */
  readonly kind: string;
  readonly mergeKey?: string;
  /** `merge`, `replace`, `retainKeys`, or two of them joined by a comma. */
  readonly strategy?: string;
  readonly listType?: string;
  readonly keys?: readonly string[];
  readonly mapType?: string;
}

/** The fields of one API type; a plain string is short for a `FieldSchema` with only that kind. */
export interface TypeSchema {
  readonly required?: readonly string[];
  readonly fields: Readonly<Record<string, string | FieldSchema>>;
}
