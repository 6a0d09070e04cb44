/** One character of the text: any of `ranges`, or none of them. */
interface CharacterClass {
  readonly isNegated: boolean;
  /** First and last code point of each, both included. */
  readonly ranges: readonly (readonly [number, number])[];
}

type Element = CharacterClass | "*";

const anyCharacter: CharacterClass = { isNegated: true, ranges: [] };

/**
 * Whether all of `text` matches a pattern of Go's `path/filepath.Match`: `*` any characters, `?` one, `[a-z]` one of these,
 * `[^a-z]` one of the others, `\c` the character itself. A malformed pattern matches nothing; `/` is nothing special.
 *
 * Patterns come from secrets that anybody may write, so the time is bounded by the product of both lengths.
 */
export function globMatches(pattern: string, text: string): boolean {
  if (!/[*?[\\]/.test(pattern)) return pattern === text;
  const characters = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  const elements = parsePattern(pattern, characters.length);
  if (elements === undefined) return false;
  let at = 0;
  let next = 0;
  // Where to go on when what follows the last star does not match: only that star need ever take more, as what stands before it
  // matched as early as it could.
  let star = -1;
  let starTakesUntil = 0;
  while (at < characters.length) {
    const element = elements[next];
    if (element === "*") {
      star = next++;
      starTakesUntil = at;
    } else if (element !== undefined && isIn(element, characters[at] ?? 0)) {
      next++;
      at++;
    } else if (star !== -1) {
      next = star + 1;
      at = ++starTakesUntil;
    } else {
      return false;
    }
  }
  return elements.slice(next).every((element) => element === "*");
}

/** Undefined for a malformed pattern and for one that needs more than `maxCharacters` characters. */
function parsePattern(pattern: string, maxCharacters: number): Element[] | undefined {
  const elements: Element[] = [];
  let characters = 0;
  for (let at = 0; at < pattern.length; ) {
    if (pattern[at] === "*") {
      if (elements.at(-1) !== "*") elements.push("*");
      at++;
      continue;
    }
    if (++characters > maxCharacters) return undefined;
    const element = elementAt(pattern, at);
    if (element === undefined) return undefined;
    elements.push(element.class);
    at = element.end;
  }
  return elements;
}

function elementAt(pattern: string, at: number): { class: CharacterClass; end: number } | undefined {
  if (pattern[at] === "?") return { class: anyCharacter, end: at + 1 };
  if (pattern[at] === "[") return classAt(pattern, at + 1);
  const literal = characterAt(pattern, at);
  return literal && { class: { isNegated: false, ranges: [[literal.code, literal.code]] }, end: literal.end };
}

/** The class whose `[` is before `at`; undefined when it is empty or not closed, or a range lacks an end. */
function classAt(pattern: string, at: number): { class: CharacterClass; end: number } | undefined {
  const isNegated = pattern[at] === "^";
  const ranges: [number, number][] = [];
  let from = isNegated ? at + 1 : at;
  while (pattern[from] !== "]" || ranges.length === 0) {
    const first = boundAt(pattern, from);
    if (first === undefined) return undefined;
    const last = pattern[first.end] === "-" ? boundAt(pattern, first.end + 1) : first;
    if (last === undefined) return undefined;
    ranges.push([first.code, last.code]);
    from = last.end;
  }
  return { class: { isNegated, ranges }, end: from + 1 };
}

/** A bound of a range; `-` and `]` must be escaped to be one. */
function boundAt(pattern: string, at: number): { code: number; end: number } | undefined {
  return pattern[at] === "-" || pattern[at] === "]" ? undefined : characterAt(pattern, at);
}

/** A character, escaped or not; undefined at the end of the pattern. */
function characterAt(pattern: string, at: number): { code: number; end: number } | undefined {
  const from = pattern[at] === "\\" ? at + 1 : at;
  const code = pattern.codePointAt(from);
  return code === undefined ? undefined : { code, end: from + (code > 0xffff ? 2 : 1) };
}

function isIn({ isNegated, ranges }: CharacterClass, code: number): boolean {
  return ranges.some(([first, last]) => first <= code && code <= last) !== isNegated;
}
