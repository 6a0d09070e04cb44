import type { LogOptions } from "../../src/logs/log-options.ts";
import { isBefore, parseLogTime } from "../../src/logs/log-time.ts";

/** What `readLog` is to answer, computed from whole strings: files oldest first, every one as its text. */
export function naiveLog(files: readonly string[], options: LogOptions): string {
  const lines = files.flatMap((text, file) =>
    text.split("\n").flatMap((line, index, all) => parse(line, index < all.length - 1, file < files.length - 1)),
  );
  let from = 0;
  if (options.tailLines !== undefined) {
    let left = options.tailLines + 1;
    for (let index = lines.length - 1; index >= 0; index--) {
      const line = lines[index]!;
      if (line.partial && index !== lines.length - 1) continue;
      if (--left === 0) {
        from = index + 1;
        break;
      }
    }
  }
  let output = "";
  let atLineStart = true;
  for (const [index, line] of lines.entries()) {
    if (index < from) continue;
    if (options.stream !== undefined && line.stream !== options.stream) continue;
    if (options.since !== undefined && isBefore(parseLogTime(line.time)!, options.since)) continue;
    if (options.timestamps && atLineStart) output += `${line.time} `;
    output += line.text;
    atLineStart = !line.partial;
    if (!line.partial && line.terminated) output += "\n";
  }
  const bytes = Buffer.from(output, "utf8");
  return bytes.subarray(0, options.limitBytes ?? bytes.length).toString("utf8");
}

interface Line {
  readonly time: string;
  readonly stream: string;
  readonly partial: boolean;
  readonly text: string;
  readonly terminated: boolean;
}

function parse(line: string, terminated: boolean, fileFollows: boolean): Line[] {
  const match = /^(\S+) (stdout|stderr) ([PF])(?: ([\s\S]*))?$/.exec(line);
  if (match === null || (match[4] === undefined && !terminated)) return [];
  return [
    {
      time: match[1]!,
      stream: match[2]!,
      partial: match[3] === "P",
      text: match[4] ?? "",
      terminated: terminated || fileFollows,
    },
  ];
}
