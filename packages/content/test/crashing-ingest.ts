/**
 * Child of the crash test: ingests a blob and kills itself at a chosen file operation, as a power switch would.
 * Arguments: directory of the store, number of the operation, where in it (before, after).
 */
import { digestOf } from "@wherry/distribution";
import { type IngestFile, type IngestFiles, openContentStore } from "../src/index.ts";
import { nodeIngestFiles } from "../src/ingest-files.ts";
import { crashContent } from "./crash-content.ts";

const [directory = "", operation = "0", moment = "before"] = process.argv.slice(2);
let count = 0;

function die(): void {
  process.kill(process.pid, "SIGKILL");
}

async function step<T>(work: () => Promise<T>): Promise<T> {
  const isLast = ++count === Number(operation);
  if (isLast && moment === "before") die();
  const result = await work();
  if (isLast) die();
  return result;
}

function crashing(file: IngestFile): IngestFile {
  return {
    sizeBytes: file.sizeBytes,
    write: (chunks, position) => step(() => file.write(chunks, position)),
    read: (buffer, position) => step(() => file.read(buffer, position)),
    truncate: (sizeBytes) => step(() => file.truncate(sizeBytes)),
    sync: () => step(() => file.sync()),
    makeReadOnly: () => step(() => file.makeReadOnly()),
    close: () => step(() => file.close()),
  };
}

const files: IngestFiles = {
  open: (path) => step(async () => crashing(await nodeIngestFiles.open(path))),
  rename: (from, to) => {
    const isLast = ++count === Number(operation);
    if (isLast && moment === "before") die();
    nodeIngestFiles.rename(from, to);
    if (isLast) die();
  },
  syncDirectory: (path) => step(() => nodeIngestFiles.syncDirectory(path)),
  remove: (path) => step(() => nodeIngestFiles.remove(path)),
};

const store = await openContentStore({ directory, files });
await store.blobs.ingest({ digest: digestOf(crashContent), sizeBytes: crashContent.length }, async function* (offset) {
  for (let at = offset; at < crashContent.length; at += 300_000) yield crashContent.subarray(at, at + 300_000);
});
await store[Symbol.asyncDispose]();
console.log(`operations ${count}`);
