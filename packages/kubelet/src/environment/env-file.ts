/** A file that is not in the format of KEP-3721; the message names the line and shows nothing of the file. */
export class EnvFileError extends SyntaxError {
  constructor(line: number, problem: string) {
    super(`line ${line}: ${problem}`);
    this.name = "EnvFileError";
  }
}

/**
 * The value of `key` in an environment file, undefined when it is not in there; the first of several wins and what follows is not
 * looked at.
 *
 * The format is KEP-3721's part of shell syntax: lines `NAME='value'`, where the value is taken literally and may go over several
 * lines; blank lines, lines and line ends that start with `#` are ignored; `NAME=` followed by white space is empty.
 *
 * @throws EnvFileError
 */
export function envFileValue(text: string, key: string): string | undefined {
  const lines = text.split(/\r?\n/);
  for (let index = 0; index < lines.length; index++) {
    const line = (lines[index] ?? "").replace(/^[ \t]+/, "");
    if (line === "" || line.startsWith("#")) continue;
    const assignment = parseAssignment(line, index + 1);
    let { value } = assignment;
    if (value === undefined) {
      const start = index;
      let rest = assignment.rest;
      value = "";
      for (let end = rest.indexOf("'"); end === -1; end = rest.indexOf("'")) {
        value += `${rest}\n`;
        index++;
        const next = lines[index];
        if (next === undefined) throw new EnvFileError(start + 1, "single quote is not closed");
        rest = next;
      }
      const end = rest.indexOf("'");
      value += rest.slice(0, end);
      if (!/^[ \t]*(#.*)?$/.test(rest.slice(end + 1)))
        throw new EnvFileError(index + 1, "expected nothing or a comment after the closing quote");
    }
    if (assignment.name === key) return value;
  }
  return undefined;
}

interface Assignment {
  readonly name: string;
  /** Undefined: the quoted value starts at `rest`. */
  readonly value: string | undefined;
  readonly rest: string;
}

function parseAssignment(line: string, number: number): Assignment {
  const equals = line.indexOf("=");
  if (equals === -1) throw new EnvFileError(number, 'expected "="');
  const name = line.slice(0, equals);
  if (name === "") throw new EnvFileError(number, 'expected a name before "="');
  if (/[ \t]$/.test(name)) throw new EnvFileError(number, 'expected no white space before "="');
  const rest = line.slice(equals + 1);
  if (/^[ \t]/.test(rest)) return { name, value: "", rest: "" };
  if (!rest.startsWith("'")) throw new EnvFileError(number, "expected a value in single quotes");
  return { name, value: undefined, rest: rest.slice(1) };
}
