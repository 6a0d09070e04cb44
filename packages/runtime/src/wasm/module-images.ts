import type { CallOptions, ImageService } from "../runtime.ts";

/** An image that is present and can be run: its module and the configuration that came with it. */
export interface RunnableImage {
  /** `repo@sha256:…`. */
  readonly ref: string;
  /** Absolute path of the WebAssembly module on the node. */
  readonly modulePath: string;
  /** Name to use as first argument where the image names none. */
  readonly moduleName: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir: string;
  /** Signal name such as `SIGTERM`; empty where the image names none. */
  readonly stopSignal: string;
  /** Root file system; undefined for an image that is only a module. */
  readonly rootfsPath: string | undefined;
}

/** Images of WebAssembly modules, whatever stores them. */
export interface ModuleImages extends ImageService {
  /**
   * The image ready to be run. `command` is the container's command, which in an image with a root file system may name
   * another module in it.
   *
   * Rejects with `RuntimeError`: `NotFound` when the image is not present, `InvalidArgument` when it holds no module that
   * this runtime can run; the message says what was found.
   */
  runnable(image: string, command: readonly string[], options?: CallOptions): Promise<RunnableImage>;
  /**
   * Directory on the node that shows the image, or `subPath` in it, to be mounted read-only: its root file system, or for an
   * image that is only a module a directory with the module in it. It stays as long as the image does.
   *
   * Rejects with `RuntimeError`: `NotFound` when the image is not present, `InvalidArgument` when it cannot be mounted or has no
   * such directory.
   */
  mountable(image: string, subPath: string, options?: CallOptions): Promise<string>;
}
