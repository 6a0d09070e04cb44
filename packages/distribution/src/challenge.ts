/** One authentication challenge of a `WWW-Authenticate` header. */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Keys in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const maxHeaderLength = 16 * 1024;
const tokenPattern = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const token68Pattern = /[A-Za-z0-9\-._~+/]+=*/y;

/**
 * Parses the challenges of one or several `WWW-Authenticate` header values (RFC 9110, 11.6.1): several challenges in one
 * value, quoted strings with escapes and commas, token68 data.
 *
 * What cannot be read ends the list; the challenges before it count. Never throws.
 */
export function parseChallenges(header: string | readonly string[] | undefined): Challenge[] {
  if (header === undefined) return [];
  const values = typeof header === "string" ? [header] : header;
  return values.flatMap((value) => (value.length > maxHeaderLength ? [] : new ChallengeReader(value).read()));
}

class ChallengeReader {
  readonly #text: string;
  #at = 0;
  /** Met a quoted string without an end. */
  #isBroken = false;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Challenge[] {
    const challenges: Challenge[] = [];
    for (;;) {
      this.#skip(/[\s,]*/y);
      const scheme = this.#take(tokenPattern);
      if (scheme === undefined) return challenges;
      const parameters = new Map<string, string>();
      challenges.push({ scheme: scheme.toLowerCase(), parameters });
      if (!this.#skip(/[ \t]+/y)) continue;
      this.#readParameters(parameters);
    }
  }

  #readParameters(parameters: Map<string, string>): void {
    for (;;) {
      const start = this.#at;
      this.#skip(/[\s,]*/y);
      const name = this.#take(tokenPattern);
      this.#skip(/[ \t]*/y);
      if (name !== undefined && this.#text[this.#at] === "=" && this.#readValue(name, parameters)) continue;
      // Not `name=value`: token68 data of this challenge, or the scheme of the next one.
      if (this.#isBroken) this.#at = this.#text.length;
      else this.#at = start;
      if (parameters.size === 0) this.#skipToken68();
      return;
    }
  }

  #readValue(name: string, parameters: Map<string, string>): boolean {
    this.#at++;
    this.#skip(/[ \t]*/y);
    const value = this.#text[this.#at] === '"' ? this.#takeQuoted() : this.#take(tokenPattern);
    if (value === undefined) return false;
    const key = name.toLowerCase();
    if (!parameters.has(key)) parameters.set(key, value);
    return true;
  }

  #skipToken68(): void {
    const start = this.#at;
    this.#take(token68Pattern);
    // Followed by anything but a comma or the end, it was a scheme.
    if (!/^[ \t]*(?:,|$)/.test(this.#text.slice(this.#at))) this.#at = start;
  }

  #takeQuoted(): string | undefined {
    let value = "";
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const character = this.#text[at];
      if (character === '"') {
        this.#at = at + 1;
        return value;
      }
      if (character === "\\") at++;
      value += this.#text[at] ?? "";
    }
    this.#isBroken = true;
    return undefined;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#text)?.[0];
    if (text !== undefined) this.#at += text.length;
    return text;
  }

  #skip(pattern: RegExp): boolean {
    return (this.#take(pattern) ?? "") !== "";
  }
}
