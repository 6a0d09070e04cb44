import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FileSystem, hostFileSystem, MemoryFileSystem } from "../src/index.ts";

/** An empty file system to test with. */
export interface TestFileSystem extends Disposable {
  readonly fs: FileSystem;
}

/** A directory of the host that goes away with the test; a guest is given `root`, a secret lies beside it. */
export class HostSandbox implements Disposable {
  readonly base: string = mkdtempSync(join(tmpdir(), "wherry-wasi-"));
  readonly root: string = join(this.base, "root");

  constructor() {
    mkdirSync(this.root);
  }

  [Symbol.dispose](): void {
    rmSync(this.base, { recursive: true, force: true });
  }
}

/** Every kind of file system that must behave alike. */
export const fileSystems: readonly { readonly kind: string; readonly create: () => TestFileSystem }[] = [
  { kind: "memory", create: () => ({ fs: new MemoryFileSystem(), [Symbol.dispose]: () => undefined }) },
  ...(process.platform === "linux" ? [{ kind: "host", create: createHost }] : []),
];

function createHost(): TestFileSystem {
  const sandbox = new HostSandbox();
  return { fs: hostFileSystem(sandbox.root), [Symbol.dispose]: () => sandbox[Symbol.dispose]() };
}
