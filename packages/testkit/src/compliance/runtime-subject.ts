import type { ContainerConfig, Runtime } from "@wherry/runtime";
import type { Workload } from "./workload.ts";

/** An image to be mounted. */
export interface MountedImage {
  /** Name of an image that can be pulled. */
  readonly image: string;
  /** Path of a directory in it. */
  readonly directory: string;
  /** Name of a file in that directory. */
  readonly file: string;
  /** The file's only line. */
  readonly content: string;
}

/** A runtime under test, with its own state; disposing it ends everything it runs. */
export interface RuntimeSubject extends AsyncDisposable {
  /** The runtime, in its latest life. */
  readonly runtime: Runtime;
  /** Directory for logs. */
  readonly logsDirectory: string;
  /** Name of an image that can be pulled and is not present yet. */
  readonly image: string;
  /** Name of an image that nobody has. */
  readonly missingImage: string;
  /** What mounts of images are tested with; undefined where the runtime refuses them. */
  readonly mountedImage?: MountedImage | undefined;
  /** What makes a container do this; undefined where the runtime knows no such thing, and the tests of it are left out. */
  workload(workload: Workload): Pick<ContainerConfig, "command" | "args"> | undefined;
  /** What makes a container print a file and end with 0; undefined where the runtime's containers read none. */
  read?(path: string): Pick<ContainerConfig, "command" | "args">;
  /** What makes a container overwrite a file, and end with 0 only when it could. */
  write?(path: string): Pick<ContainerConfig, "command" | "args">;
  /**
   * The command that does this in a container which runs `hold`; undefined where the runtime runs no commands, and the tests of them
   * are left out.
   */
  command?(workload: Workload): readonly string[] | undefined;
  /** Ends the runtime's object without a word to what runs, and opens another one on the same state. */
  reopen(): Promise<void>;
  /** Whether output reaches log files. @default true */
  readonly writesLogs?: boolean | undefined;
  /** Events a consumer may fall behind before it gets an overflow; without it that is not tested. */
  readonly eventCapacity?: number | undefined;
  /** Names what is left of all sandboxes, beside what `list…` shows: processes, files. */
  leftovers?(): Promise<readonly string[]> | readonly string[];
}
