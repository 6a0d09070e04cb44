import { SelectorError } from "./label-selector.ts";

export interface FieldRequirement {
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

/** Requirements on fields, all of which must hold; an empty list selects everything. */
export type FieldSelector = readonly FieldRequirement[];

/** Whether an object with these selectable fields is selected; an absent field counts as the empty string. */
export function matchesFields(selector: FieldSelector, fields: Readonly<Record<string, string>>): boolean {
  return selector.every(({ field, operator, value }) => ((fields[field] ?? "") === value) === (operator === "="));
}

/** Reads the text of `fieldSelector` parameters, such as `spec.nodeName=a,status.phase!=Failed`. Throws SelectorError. */
export function parseFieldSelector(text: string): FieldSelector {
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text)) {
    if (term === "") continue;
    const match = /^(.*?[^\\])??(!=|==|=)(.*)$/s.exec(term);
    if (match === null) throw new SelectorError(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field = "", operator, value = ""] = match;
    requirements.push({ field, operator: operator === "!=" ? "!=" : "=", value: unescapeValue(value) });
  }
  return requirements;
}

/** Splits at commas that no backslash protects. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === "\\") index++;
    else if (text[index] === ",") {
      terms.push(text.slice(start, index));
      start = index + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function unescapeValue(value: string): string {
  let result = "";
  for (let index = 0; index < value.length; index++) {
    const character = value[index];
    if (character === "\\") {
      const next = value[++index];
      if (next !== "\\" && next !== "," && next !== "=") {
        throw new SelectorError(`invalid field selector: invalid escape sequence: \\${next ?? ""}`);
      }
      result += next;
    } else if (character === "=") {
      throw new SelectorError(`invalid field selector: unescaped character in value: ${character}`);
    } else result += character;
  }
  return result;
}
