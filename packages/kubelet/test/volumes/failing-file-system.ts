import type { WriterFile, WriterFileSystem } from "../../src/volumes/writer-file-system.ts";

export interface FailingFileSystem {
  readonly fileSystem: WriterFileSystem;
  /** Calls made so far. */
  readonly calls: number;
}

/**
 * The file system `real` until call number `failAt`, which fails with `error`; with `forever` every later call too, as if the
 * process had died there. A failing write leaves half of its data.
 */
export function failingFileSystem(
  real: WriterFileSystem,
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
  const failingFile = (file: WriterFile): WriterFile => ({
    async writeFile(data) {
      if (!fails()) return file.writeFile(data);
      await file.writeFile(data.subarray(0, data.length >> 1));
      throw error;
    },
    chmod: guarded((mode) => file.chmod(mode)),
    chown: guarded((uid, gid) => file.chown(uid, gid)),
    async close() {
      // The handle goes in any case: a dead process has none.
      await file.close();
      if (fails()) throw error;
    },
  });
  const open = guarded(real.open);
  const fileSystem: WriterFileSystem = {
    chmod: guarded(real.chmod),
    mkdir: guarded(real.mkdir),
    mkdtemp: guarded(real.mkdtemp),
    open: async (...args) => failingFile(await open(...args)),
    readdir: guarded(real.readdir),
    readTree: guarded(real.readTree),
    readFile: guarded(real.readFile),
    readlink: guarded(real.readlink),
    rename: guarded(real.rename),
    rm: guarded(real.rm),
    stat: guarded(real.stat),
    symlink: guarded(real.symlink),
  };
  return {
    fileSystem,
    get calls() {
      return calls;
    },
  };
}
