/** Looks up RuntimeClass objects. */
export interface RuntimeClasses {
  /**
   * The handler of a RuntimeClass; undefined when there is no such class. May block; rejects when the API server cannot be asked.
   */
  handler(name: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<string | undefined>;
}
