import * as fs from "node:fs";
import type { FileStat, FileTimes } from "../files/file-system.ts";

const nsPerSecond = 1e9;

/** Sets the times of an open file or directory. */
export function setDescriptorTimes(fd: number, times: FileTimes, current: FileStat): void {
  const [accessed, modified] = seconds(times, current);
  // Not futimes: it refuses descriptors opened with O_PATH.
  fs.utimesSync(`/proc/self/fd/${fd}`, accessed, modified);
}

/** Sets the times of a directory's entry, of a link itself. */
export function setEntryTimes(path: string, times: FileTimes, current: FileStat): void {
  const [accessed, modified] = seconds(times, current);
  fs.lutimesSync(path, accessed, modified);
}

function seconds(times: FileTimes, current: FileStat): [number, number] {
  const now = Date.now() / 1000;
  const pick = (time: bigint | "now" | undefined, kept: bigint) =>
    time === "now" ? now : Number(time ?? kept) / nsPerSecond;
  return [pick(times.accessedNs, current.accessedNs), pick(times.modifiedNs, current.modifiedNs)];
}
