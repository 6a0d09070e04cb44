// Entry point of a host process that is started from a bundle: `node THIS CODE [CACHE]`. CODE is the bundled `main.ts`; CACHE is
// where V8's compiled form of it is kept, which saves a third of what the start costs beyond Node's own.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { Script } from "node:vm";

interface HostModule {
  readonly ready: Promise<void>;
}

/** This file is bundled as CommonJS; what it runs requires nothing but modules of Node. */
declare const require: NodeJS.Require;

type ModuleFunction = (require: NodeJS.Require, module: { exports: unknown }, exports: unknown) => void;

const [, , codePath = "", cachePath] = process.argv;
const cachedData = cachePath === undefined ? undefined : readCache(cachePath);
const code = `(function (require, module, exports) {${readFileSync(codePath, "utf8")}\n})`;
const script = new Script(code, { filename: codePath, ...(cachedData === undefined ? {} : { cachedData }) });
const module = { exports: {} };
(script.runInThisContext() as ModuleFunction)(require, module, module.exports);

if (cachePath !== undefined && (cachedData === undefined || script.cachedDataRejected === true)) {
  // Then: the cache holds what has been compiled until now, which is all that a guest needs.
  void (module.exports as HostModule).ready.then(() => writeCache(cachePath, script.createCachedData()));
}

function readCache(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

function writeCache(path: string, data: Uint8Array): void {
  const temporary = `${path}.${process.pid}`;
  try {
    writeFileSync(temporary, data, { mode: 0o600, flush: true });
    renameSync(temporary, path);
  } catch {
    // The next process tries again.
  }
}
