/**
 * Replaces `$(NAME)` by what `lookup` knows, as Kubernetes does in `env`, `command`, `args` and `subPathExpr`.
 *
 * `$$` stands for one `$`, so that `$$(NAME)` stays `$(NAME)`; a name that `lookup` does not know and everything that is no
 * complete reference stay as they are. Replaced text is not looked at again.
 */
export function expandVariables(text: string, lookup: (name: string) => string | undefined): string {
  let result = "";
  let from = 0;
  for (let at = text.indexOf("$"); at !== -1 && at + 1 < text.length; at = text.indexOf("$", from)) {
    result += text.slice(from, at);
    const next = text[at + 1];
    const end = next === "(" ? text.indexOf(")", at + 2) : -1;
    if (next === "$") {
      result += "$";
      from = at + 2;
    } else if (end !== -1) {
      const reference = text.slice(at, end + 1);
      result += lookup(reference.slice(2, -1)) ?? reference;
      from = end + 1;
    } else {
      result += text.slice(at, at + 2);
      from = at + 2;
    }
  }
  return result + text.slice(from);
}

/** Names in `text` that `lookup` does not know; for fields where an unresolved reference is an error. */
export function unresolvedVariables(text: string, lookup: (name: string) => string | undefined): string[] {
  const missing: string[] = [];
  expandVariables(text, (name) => {
    const value = lookup(name);
    if (value === undefined) missing.push(name);
    return value;
  });
  return missing;
}
