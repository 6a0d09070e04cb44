import { CriLog } from "./cri-log.ts";
import { LogClock } from "./log-clock.ts";
import { LogFile } from "./log-file.ts";
import type { OutputStream } from "./output-stream.ts";
import { UnfinishedLines } from "./unfinished-lines.ts";

/** A guest's log: the file of its entries and the lines it has begun. */
export class GuestLog {
  readonly #file: LogFile;
  readonly #lines: UnfinishedLines;
  readonly #entries: CriLog;

  private constructor(logPath: string, lines: UnfinishedLines) {
    this.#file = new LogFile(logPath);
    this.#lines = lines;
    this.#entries = new CriLog(lines, new LogClock(), (bytes) => this.#file.append(bytes));
  }

  /** Throws Node's error when the log file cannot be opened. */
  static open(logPath: string, unfinishedPath: string): GuestLog {
    return new GuestLog(logPath, new UnfinishedLines(unfinishedPath));
  }

  /** Logs what a guest had begun to write when its process was killed; a second call finds nothing left to do. */
  static finishLeft(logPath: string, unfinishedPath: string): void {
    const lines = UnfinishedLines.read(unfinishedPath);
    try {
      if (lines.get("stdout").length + lines.get("stderr").length === 0) return;
      new GuestLog(logPath, lines).finish();
    } finally {
      lines.close();
    }
  }

  get droppedBytes(): number {
    return this.#file.droppedBytes;
  }

  write(stream: OutputStream, bytes: Uint8Array): void {
    this.#entries.write(stream, bytes);
  }

  /** Logs unfinished lines as parts and closes the files. */
  finish(): void {
    this.#entries.finish();
    this.#lines.close();
    this.#file.close();
  }
}
