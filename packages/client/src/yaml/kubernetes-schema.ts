import { Scalar, type ScalarTag } from "yaml";

const core = "tag:yaml.org,2002:";

/** A plain scalar that matches is what `resolve` makes of it; the same with the tag before it. */
function plain(tag: string, test: RegExp, resolve: ScalarTag["resolve"]): ScalarTag {
  return { tag: `${core}${tag}`, default: true, test, resolve };
}

/** What plain scalars mean to Kubernetes' programs; all others are texts, times and `1:30` too. */
export const kubernetesScalars: readonly ScalarTag[] = [
  plain("null", /^(?:~|null|Null|NULL)?$/, () => null),
  plain("bool", /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/, () => true),
  plain("bool", /^(?:n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/, () => false),
  plain(
    "int",
    /^[-+]?(?:0[xX]_*[\da-fA-F][\da-fA-F_]*|0[bB]_*[01][01_]*|0[oO]?_*[0-7][0-7_]*|0_*|[1-9][\d_]*)$/,
    toInteger,
  ),
  plain("float", /^[-+]?(?:\.\d[\d_]*|\d[\d_]*(?:\.[\d_]*)?)(?:[eE][-+]?\d[\d_]*)?$/, (text) =>
    Number(text.replaceAll("_", "")),
  ),
  plain("float", /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/, (text, onError) =>
    onError(`${text} is no number that JSON has`),
  ),
  { tag: `${core}binary`, resolve: (text) => Buffer.from(text, "base64").toString("utf8") },
];

function toInteger(text: string): number {
  const digits = text.replace(/^[-+]/, "").replaceAll("_", "");
  const value = Number(digits.replace(/^0(?=[0-7])/, "0o"));
  return text.startsWith("-") ? -value : value;
}

interface Resolution {
  toJSON(argument: unknown, context: unknown): unknown;
}

/**
 * The key `<<`, whose mappings become part of the one it stands in. It counts as any key: what comes later wins, be it written there or
 * merged. Its value is resolved as every other, since the bound on aliases is kept there.
 */
export const mergeKey: ScalarTag = {
  tag: `${core}merge`,
  default: "key",
  test: /^<<$/,
  resolve: () => Object.assign(new Scalar(Symbol("<<")), { addToJSMap: merge }),
};

function merge(context: unknown, target: object, value: unknown): void {
  const resolved = isResolution(value) ? value.toJSON(null, context) : value;
  // Of a list's mappings the first wins.
  const sources: readonly unknown[] = Array.isArray(resolved) ? resolved.toReversed() : [resolved];
  for (const source of sources) {
    if (typeof source !== "object" || source === null || Array.isArray(source))
      throw new TypeError("the value of << must be a mapping or a list of mappings");
    for (const [key, item] of Object.entries(source))
      Object.defineProperty(target, key, { value: item, writable: true, enumerable: true, configurable: true });
  }
}

function isResolution(value: unknown): value is Resolution {
  return typeof value === "object" && value !== null && "toJSON" in value;
}
