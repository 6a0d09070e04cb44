import { createHash } from "node:crypto";
import { open, readdir, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, errorMessage, type Logger } from "@wherry/base";
import { KubeletError } from "../errors.ts";
import { makeDirectory } from "../volumes/make-directory.ts";
import {
  formatPulledRecord,
  type ImagePulledRecord,
  parseKubeletObject,
  parsePulledRecord,
} from "./image-pulled-record.ts";

/**
 * What this kubelet pulled, on disk: `image_manager/pulled` below its root directory holds an `ImagePulledRecord` for each image,
 * `image_manager/pulling` an `ImagePullIntent` for each pull that has begun, in files and formats of upstream's kubelet.
 *
 * A crash at any instruction leaves the old or the new state of each. Calls for the same image must not overlap.
 */
export interface PullRecords {
  /** Undefined for an image that was not pulled by this kubelet; rejects where the record cannot be read. */
  record(imageRef: string): Promise<ImagePulledRecord | undefined>;
  writeRecord(record: ImagePulledRecord): Promise<void>;
  deleteRecord(imageRef: string): Promise<void>;
  /** References of all images on record; a record that cannot be read is logged and left out. */
  recorded(): Promise<string[]>;
  /** Whether a pull of that name has begun, in this life or one before, and not ended. */
  isPulling(image: string): boolean;
  writeIntent(image: string): Promise<void>;
  deleteIntent(image: string): Promise<void>;
  /** Names of all pulls that have begun and not ended; an intent that cannot be read is logged and left out. */
  intents(): Promise<string[]>;
}

const filePrefix = "sha256-";
const temporarySuffix = ".tmp";
const intentKind = "ImagePullIntent";
/** Some ten thousand secrets. */
const maxBytes = 4 * 1024 * 1024;

/** Opens the records of a kubelet. Rejects with `KubeletError` where the directories cannot be made or read. */
export async function openPullRecords(rootDirectory: string, logger: Logger): Promise<PullRecords> {
  const directory = join(rootDirectory, "image_manager");
  const pulled = join(directory, "pulled");
  const pulling = join(directory, "pulling");
  try {
    for (const path of [pulled, pulling]) {
      await makeDirectory(path, 0o700);
      await removeTemporary(path);
    }
    // By file names: an intent is one even if its content was lost.
    return new FilePullRecords(pulled, pulling, new Set(await fileNames(pulling)), logger);
  } catch (error) {
    const message = `Cannot use "${directory}" for the records of pulled images: ${errorMessage(error)}`;
    throw new KubeletError("DirectoryUnusable", message, { cause: error });
  }
}

class FilePullRecords implements PullRecords {
  readonly #pulled: string;
  readonly #pulling: string;
  readonly #intentFiles: Set<string>;
  readonly #logger: Logger;

  constructor(pulled: string, pulling: string, intentFiles: Set<string>, logger: Logger) {
    this.#pulled = pulled;
    this.#pulling = pulling;
    this.#intentFiles = intentFiles;
    this.#logger = logger;
  }

  async record(imageRef: string): Promise<ImagePulledRecord | undefined> {
    const text = await readText(join(this.#pulled, fileName(imageRef)));
    if (text === undefined) return undefined;
    const record = parsePulledRecord(text);
    return record.imageRef === imageRef ? record : undefined;
  }

  async writeRecord(record: ImagePulledRecord): Promise<void> {
    await writeDurably(this.#pulled, fileName(record.imageRef), formatPulledRecord(record));
  }

  deleteRecord(imageRef: string): Promise<void> {
    return remove(join(this.#pulled, fileName(imageRef)));
  }

  recorded(): Promise<string[]> {
    return this.#readAll(this.#pulled, (text) => parsePulledRecord(text).imageRef);
  }

  isPulling(image: string): boolean {
    return this.#intentFiles.has(fileName(image));
  }

  async writeIntent(image: string): Promise<void> {
    const name = fileName(image);
    const intent = { kind: intentKind, apiVersion: "kubelet.config.k8s.io/v1beta1", image };
    await writeDurably(this.#pulling, name, `${JSON.stringify(intent)}\n`);
    this.#intentFiles.add(name);
  }

  async deleteIntent(image: string): Promise<void> {
    const name = fileName(image);
    await remove(join(this.#pulling, name));
    this.#intentFiles.delete(name);
  }

  intents(): Promise<string[]> {
    return this.#readAll(this.#pulling, (text) => {
      const { image } = parseKubeletObject(text, intentKind);
      return typeof image === "string" ? image : undefined;
    });
  }

  async #readAll(directory: string, parse: (text: string) => string | undefined): Promise<string[]> {
    const found: string[] = [];
    for (const name of await fileNames(directory)) {
      const path = join(directory, name);
      try {
        const text = await readText(path);
        const value = text === undefined ? undefined : parse(text);
        if (value !== undefined) found.push(value);
      } catch (error) {
        this.#logger.warn("Cannot read a record of a pulled image", { path, error: errorMessage(error) });
      }
    }
    return found;
  }
}

function fileName(key: string): string {
  return `${filePrefix}${createHash("sha256").update(key).digest("hex")}`;
}

async function fileNames(directory: string): Promise<string[]> {
  const names = await readdir(directory);
  return names.filter((name) => name.startsWith(filePrefix) && !name.endsWith(temporarySuffix));
}

async function removeTemporary(directory: string): Promise<void> {
  for (const name of await readdir(directory))
    if (name.startsWith(filePrefix) && name.endsWith(temporarySuffix)) await remove(join(directory, name));
}

async function readText(path: string): Promise<string | undefined> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { size } = await handle.stat();
    if (size > maxBytes)
      throw new KubeletError("RecordInvalid", `"${path}" has ${size} bytes, at most ${maxBytes} are expected`);
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

/** Flushed, for the loss of a record opens an image to all pods. */
async function writeDurably(directory: string, name: string, text: string): Promise<void> {
  const path = join(directory, name);
  const temporary = `${path}${temporarySuffix}`;
  try {
    const handle = await open(temporary, "w", 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  const parent = await open(directory);
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}

async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
}
