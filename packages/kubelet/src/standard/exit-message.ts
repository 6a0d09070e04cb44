import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { ContainerStatus } from "@wherry/runtime";
import type { TerminationLogs } from "../volumes/termination-log.ts";
import { annotations } from "./labels.ts";

const maxLogBytes = 2048;
const maxLogLines = 80;
/**
 * So much more than a message and the headers of its lines that the line cut off at the beginning is no part of it, or so long that
 * the message is its end.
 */
const logTailBytes = 64 * 1024;

/** Message of an exited container: the runtime's, its termination message, or the end of its log where the policy says so. */
export async function exitMessage(logs: TerminationLogs, podUid: string, status: ContainerStatus): Promise<string> {
  const policy = status.annotations[annotations.terminationMessagePolicy];
  let message = await logs.read(podUid, status.name, String(status.attempt));
  if (message === "" && policy === "FallbackToLogsOnError" && status.exitCode !== 0)
    message = await readLogTail(status.logPath);
  if (status.message === "" || message === "") return status.message || message;
  return `${status.message}: ${message}`;
}

/** The last lines of a log in the CRI format, without time, stream and tag; empty where there is none. */
async function readLogTail(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => undefined);
  if (file === undefined) return "";
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - logTailBytes);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    const lines = buffer.subarray(0, bytesRead).toString("utf8").split("\n");
    const text = lines
      .filter((line) => line !== "")
      .slice(-maxLogLines)
      .map(logText)
      .join("");
    return Buffer.from(text)
      .subarray(-maxLogBytes)
      .toString("utf8")
      .replace(/^\uFFFD+/, "");
  } finally {
    await file.close();
  }
}

function logText(line: string): string {
  const match = /^\S+ (?:stdout|stderr) ([PF]) (.*)$/s.exec(line);
  if (match === null) return `${line}\n`;
  return match[1] === "P" ? (match[2] ?? "") : `${match[2]}\n`;
}
