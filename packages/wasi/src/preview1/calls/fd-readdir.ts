import { Errno } from "../errno.ts";
import type { Guest } from "../guest.ts";
import { Right } from "../rights.ts";
import { directoryOf } from "./directory.ts";
import { fileTypeOf } from "./filestat.ts";

const headerBytes = 24;
const maxCookie = BigInt(Number.MAX_SAFE_INTEGER);
const encoder = new TextEncoder();

/**
 * Fills the buffer with `dirent` records. The last one is cut off where the buffer ends, which tells the guest that there is
 * more; fewer bytes than the buffer has mean the end of the directory.
 */
export function fdReaddir(
  guest: Guest,
  fd: number,
  bufferPointer: number,
  bufferLength: number,
  cookie: bigint,
  usedPointer: number,
): Errno {
  const { cursor } = directoryOf(guest, fd, Right.fdReaddir);
  const buffer = guest.memory.bytes(bufferPointer, bufferLength);
  guest.memory.check(usedPointer, 4);
  const first = BigInt.asUintN(64, cookie);
  if (first === 0n) cursor.rewind();
  let used = 0;
  if (first <= maxCookie) {
    for (let position = Number(first); used < buffer.length; position++) {
      const entry = cursor.at(position);
      if (entry === undefined) break;
      const record = direntRecord(entry.name, fileTypeOf(entry.kind), entry.inode, position + 1);
      const piece = record.subarray(0, buffer.length - used);
      buffer.set(piece, used);
      used += piece.length;
    }
  }
  guest.memory.setU32(usedPointer, used);
  return Errno.success;
}

function direntRecord(name: string, fileType: number, inode: bigint, next: number): Uint8Array {
  const text = encoder.encode(name);
  const record = new Uint8Array(headerBytes + text.length);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(next), true);
  view.setBigUint64(8, inode, true);
  view.setUint32(16, text.length, true);
  view.setUint8(20, fileType);
  record.set(text, headerBytes);
  return record;
}
