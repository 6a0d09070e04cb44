/**
 * Replaces `$(NAME)` by what `lookup` knows, as Kubernetes does in `env`, `command`, `args` and `subPathExpr`.
 *
 * `$$` stands for one `$`, so that `$$(NAME)` stays `$(NAME)`; a name that `lookup` does not know and everything that is no
 * complete reference stay as they are. Replaced text is not looked at again.
 *
 * @param maxLength nothing is added to a result that is longer; the caller is to refuse it
 */
export function expandVariables(
  text: string,
  lookup: (name: string) => string | undefined,
  maxLength: number = Number.POSITIVE_INFINITY,
): string {
  const lastEnd = text.lastIndexOf(")");
  let result = "";
  let from = 0;
  for (let at = text.indexOf("$"); at !== -1 && at + 1 < text.length; at = text.indexOf("$", from)) {
    if (result.length > maxLength) return result;
    result += text.slice(from, at);
    const next = text[at + 1];
    if (next === "(" && at + 2 <= lastEnd) {
      const end = text.indexOf(")", at + 2);
      const reference = text.slice(at, end + 1);
      result += lookup(reference.slice(2, -1)) ?? reference;
      from = end + 1;
    } else {
      result += next === "$" ? "$" : text.slice(at, at + 2);
      from = at + 2;
    }
  }
  return result + text.slice(from);
}
