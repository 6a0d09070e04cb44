import type { LogTime } from "./log-time.ts";

/** What part of a log is wanted; as `PodLogOptions` of the API. */
export interface LogOptions {
  /** Goes on with what is written until the container ends. @default false */
  readonly follow?: boolean | undefined;
  /** The last so many lines before everything that follows. @default all */
  readonly tailLines?: number | undefined;
  /** Only lines of this time or later. */
  readonly since?: LogTime | undefined;
  /** Puts each line's time before it. @default false */
  readonly timestamps?: boolean | undefined;
  /** Ends after so many bytes of output, also within a line. */
  readonly limitBytes?: number | undefined;
  /** @default both */
  readonly stream?: "stdout" | "stderr" | undefined;
}
