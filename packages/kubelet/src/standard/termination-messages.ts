import { constants } from "node:fs";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Container } from "@wherry/kubernetes";
import type { ContainerStatus, Mount } from "@wherry/runtime";
import { segment } from "../ports/log-paths.ts";
import { annotations } from "./labels.ts";

const maxMessageBytes = 4096;
const maxLogBytes = 2048;
const maxLogLines = 80;
/** Read more than the message itself, since log lines carry time and stream. */
const logTailBytes = 16 * 1024;

/** What a container wants to be read from when it ends. */
export interface TerminationMessageFile {
  readonly mount: Mount;
  readonly hostPath: string;
}

/** Files behind `terminationMessagePath`, one for each instance of a container. */
export class TerminationMessages {
  readonly #directory: string;

  constructor(rootDirectory: string, podUid: string) {
    this.#directory = join(rootDirectory, "pods", segment(podUid), "containers");
  }

  /** Makes the empty file of one instance; undefined where the container wants none. */
  async create(container: Container, attempt: number): Promise<TerminationMessageFile | undefined> {
    const containerPath = container.terminationMessagePath ?? "/dev/termination-log";
    if (containerPath === "") return undefined;
    const directory = join(this.#directory, segment(container.name));
    const hostPath = join(directory, `${attempt}.message`);
    await mkdir(directory, { recursive: true, mode: 0o750 });
    // Guests of any user write to it.
    const file = await open(hostPath, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o666);
    try {
      await file.chmod(0o666);
    } finally {
      await file.close();
    }
    return { hostPath, mount: { containerPath, hostPath, readOnly: false, propagation: "private" } };
  }

  /** Message of an exited container: the runtime's, its file's, or the end of its log where the policy says so. */
  async read(status: ContainerStatus): Promise<string> {
    const path = status.annotations[annotations.terminationMessageFile];
    const policy = status.annotations[annotations.terminationMessagePolicy];
    let message = path === undefined ? "" : await readHead(path, maxMessageBytes);
    if (message === "" && policy === "FallbackToLogsOnError" && status.exitCode !== 0)
      message = await readLogTail(status.logPath);
    if (status.message === "" || message === "") return status.message || message;
    return `${status.message}: ${message}`;
  }

  /** Removes the file of an instance. */
  async remove(containerName: string, attempt: number): Promise<void> {
    await rm(join(this.#directory, segment(containerName), `${attempt}.message`), { force: true });
  }

  /** Removes all files of the pod. Idempotent. */
  async removeAll(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }
}

async function readHead(path: string, maxBytes: number): Promise<string> {
  return withFile(path, async (file) => {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(maxBytes), 0, maxBytes, 0);
    return buffer.subarray(0, bytesRead).toString("utf8");
  });
}

/** The last lines of a log in the CRI format, without time, stream and tag. */
async function readLogTail(path: string): Promise<string> {
  return withFile(path, async (file) => {
    const { size } = await file.stat();
    const start = Math.max(0, size - logTailBytes);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    const lines = buffer.subarray(0, bytesRead).toString("utf8").split("\n");
    if (start > 0) lines.shift();
    const text = lines
      .filter((line) => line !== "")
      .slice(-maxLogLines)
      .map(logText)
      .join("");
    return Buffer.from(text)
      .subarray(-maxLogBytes)
      .toString("utf8")
      .replace(/^\uFFFD+/, "");
  });
}

function logText(line: string): string {
  const match = /^\S+ (?:stdout|stderr) ([PF]) (.*)$/s.exec(line);
  if (match === null) return `${line}\n`;
  return match[1] === "P" ? (match[2] ?? "") : `${match[2]}\n`;
}

async function withFile(path: string, read: (file: FileHandle) => Promise<string>): Promise<string> {
  let file: FileHandle;
  try {
    // The guest may have put anything there; neither links nor pipes are followed.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return "";
  }
  try {
    return (await file.stat()).isFile() ? await read(file) : "";
  } catch {
    return "";
  } finally {
    await file.close();
  }
}
