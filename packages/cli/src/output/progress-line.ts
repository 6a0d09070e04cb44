import type { CommandContext } from "../command.ts";

const redrawMs = 100;

/** One line on a terminal that says how far a transfer is; silent elsewhere. Disposing it clears the line. */
export class ProgressLine implements Disposable {
  readonly #context: CommandContext;
  readonly #title: string;
  readonly #parts: Map<string, { readonly doneBytes: number; readonly totalBytes: number }> = new Map();
  #drawnAt = Number.NEGATIVE_INFINITY;
  #drawn = false;

  constructor(context: CommandContext, title: string) {
    this.#context = context;
    this.#title = title;
  }

  /** Takes the state of one part of the transfer. */
  update(part: { readonly digest: string; readonly doneBytes: number; readonly totalBytes: number }): void {
    this.#parts.set(part.digest, part);
    const now = performance.now();
    if (!this.#context.interactive || now - this.#drawnAt < redrawMs) return;
    this.#drawnAt = now;
    this.#drawn = true;
    const parts = [...this.#parts.values()];
    const done = parts.reduce((sum, { doneBytes }) => sum + doneBytes, 0);
    const total = parts.reduce((sum, { totalBytes }) => sum + totalBytes, 0);
    this.#context.stderr.write(`\r\u001b[K${this.#title}  ${mebibytes(done)} of ${mebibytes(total)} MiB`);
  }

  [Symbol.dispose](): void {
    if (this.#drawn) this.#context.stderr.write("\r\u001b[K");
  }
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
