import * as fs from "node:fs/promises";
import type { WriterFileSystem } from "../../src/volumes/atomic-writer.ts";

export interface FailingFileSystem {
  readonly fileSystem: WriterFileSystem;
  /** Calls made so far. */
  readonly calls: number;
}

/**
 * The real file system until call number `failAt`, which fails with `error`; with `forever` every later call too, as if the
 * process had died there. A failing write leaves half of its data.
 */
export function failingFileSystem(
  failAt: number,
  error: Error,
  options: { readonly forever: boolean },
): FailingFileSystem {
  let calls = 0;
  const fails = () => {
    const call = calls++;
    return options.forever ? call >= failAt : call === failAt;
  };
  const guarded = <TArguments extends unknown[], TResult>(call: (...args: TArguments) => Promise<TResult>) => {
    return async (...args: TArguments): Promise<TResult> => {
      if (fails()) throw error;
      return call(...args);
    };
  };
  const open = async (...args: Parameters<typeof fs.open>) => {
    if (fails()) throw error;
    return failingHandle(await fs.open(...args));
  };
  const failingHandle = (handle: fs.FileHandle): fs.FileHandle =>
    new Proxy(handle, {
      get(target, property) {
        if (property === "writeFile")
          return async (data: Buffer) => {
            if (!fails()) return target.writeFile(data);
            await target.writeFile(data.subarray(0, data.length >> 1));
            throw error;
          };
        if (property === "chmod")
          return async (mode: number) => {
            if (fails()) throw error;
            return target.chmod(mode);
          };
        if (property === "close")
          return async () => {
            // The handle goes in any case: a dead process has none.
            await target.close();
            if (fails()) throw error;
          };
        // Asked by `await`.
        if (property === "then") return undefined;
        throw new Error(`unexpected use of FileHandle.${String(property)}`);
      },
    });
  const fileSystem = {
    chmod: guarded(fs.chmod),
    mkdir: guarded(fs.mkdir as never),
    mkdtemp: guarded(fs.mkdtemp as never),
    open,
    readdir: guarded(fs.readdir as never),
    readFile: guarded(fs.readFile as never),
    readlink: guarded(fs.readlink as never),
    rename: guarded(fs.rename),
    rm: guarded(fs.rm),
    stat: guarded(fs.stat as never),
    symlink: guarded(fs.symlink),
  } as WriterFileSystem;
  return {
    fileSystem,
    get calls() {
      return calls;
    },
  };
}
