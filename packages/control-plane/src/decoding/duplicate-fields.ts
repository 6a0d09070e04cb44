import { badRequest } from "../errors.ts";

const quote = 0x22;
const backslash = 0x5c;
const maxFound = 100;
const maxDepth = 256;

/**
 * Paths of object keys that JSON text has more than once, such as `spec.containers[0].image`; for text that is valid JSON.
 *
 * Throws a 400 ApiError for text that nests so deep that what follows could not walk its value.
 */
export function findDuplicateFields(text: string): string[] {
  const scanner = new Scanner(text);
  scanner.value("", 0);
  return scanner.found;
}

class Scanner {
  readonly found: string[] = [];
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(path: string, depth: number): void {
    this.#skipSpace();
    const character = this.#text[this.#position];
    if (depth > maxDepth)
      throw badRequest(`couldn't get version/kind; json parse error: it nests deeper than ${maxDepth} levels`);
    if (character === "{") this.#object(path, depth);
    else if (character === "[") this.#array(path, depth);
    else if (character === '"') this.#string();
    else this.#literal();
  }

  #object(path: string, depth: number): void {
    const seen = new Set<string>();
    const reported = new Set<string>();
    this.#position++;
    for (;;) {
      this.#skipSpace();
      if (this.#text[this.#position] !== '"') break;
      const key = this.#string();
      const keyPath = path === "" ? key : `${path}.${key}`;
      if (seen.has(key) && !reported.has(key) && this.found.length < maxFound) {
        this.found.push(keyPath);
        reported.add(key);
      }
      seen.add(key);
      this.#skipSpace();
      this.#position++;
      this.value(keyPath, depth + 1);
      this.#skipSpace();
      if (this.#text[this.#position] !== ",") break;
      this.#position++;
    }
    this.#position++;
  }

  #array(path: string, depth: number): void {
    this.#position++;
    this.#skipSpace();
    if (this.#text[this.#position] !== "]") {
      for (let index = 0; ; index++) {
        this.value(`${path}[${index}]`, depth + 1);
        this.#skipSpace();
        if (this.#text[this.#position] !== ",") break;
        this.#position++;
      }
    }
    this.#position++;
  }

  #string(): string {
    const start = this.#position++;
    let isPlain = true;
    for (; this.#position < this.#text.length; this.#position++) {
      const code = this.#text.charCodeAt(this.#position);
      if (code === quote) break;
      if (code === backslash) {
        isPlain = false;
        this.#position++;
      }
    }
    this.#position++;
    const raw = this.#text.slice(start, this.#position);
    return isPlain ? raw.slice(1, -1) : (JSON.parse(raw) as string);
  }

  #literal(): void {
    while (this.#position < this.#text.length && !",]} \n\r\t".includes(this.#text[this.#position] as string)) {
      this.#position++;
    }
  }

  #skipSpace(): void {
    while (this.#text.charCodeAt(this.#position) <= 0x20) this.#position++;
  }
}
