import { errorMessage, WherryError } from "@wherry/base";
import type { JsonValue } from "@wherry/kubernetes";
import { parseAllDocuments } from "yaml";
import { kubernetesScalars, mergeKey } from "./kubernetes-schema.ts";

const maxAliases = 100;

/** Text that is no YAML; the message is one line and says where in it. */
export class YamlError extends WherryError {
  constructor(cause: unknown) {
    // Not kept as the cause: whoever prints causes would print the excerpt, which may be of a secret.
    super("YamlInvalid", firstLine(errorMessage(cause)));
  }
}

/** One document of a text. */
export interface YamlDocument {
  /** Null for an empty one. */
  readonly value: JsonValue;
  /** For each key that stands in a mapping again, where it does; the last one counts. */
  readonly duplicateKeys: readonly string[];
}

/**
 * Parses YAML, and JSON with it, as `kubectl`, the kubelet and all other programs of Kubernetes read it: YAML 1.1 in what plain scalars
 * mean (`yes` and `off` are booleans, `0400` is octal) and with merge keys; but `0o17` is octal too, and neither times nor numbers to
 * base 60 are more than texts. A key that stands twice is no error to most of those programs, so that callers decide.
 *
 * Throws `YamlError` for what is no YAML, for numbers that JSON does not have, and for aliases that expand to too much.
 */
export function parseYaml(text: string): YamlDocument[] {
  const parsed = parseAllDocuments(text, {
    version: "1.1",
    schema: "failsafe",
    customTags: [...kubernetesScalars, mergeKey],
    resolveKnownTags: false,
    uniqueKeys: true,
    strict: true,
  });
  return (Array.isArray(parsed) ? parsed : []).map((document) => {
    const error = document.errors.find(({ code }) => code !== "DUPLICATE_KEY");
    if (error !== undefined) throw new YamlError(error);
    const duplicateKeys = document.errors.map(({ message }) => firstLine(message));
    try {
      return { value: document.toJS({ maxAliasCount: maxAliases }) as JsonValue, duplicateKeys };
    } catch (cause) {
      throw new YamlError(cause);
    }
  });
}

/** Without the excerpt that follows. */
function firstLine(message: string): string {
  return (message.split("\n", 1)[0] ?? "").replace(/:$/, "");
}
