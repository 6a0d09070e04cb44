import { maxIovecs } from "../abi.ts";
import { Errno, errnoSignal } from "../errno.ts";
import type { GuestMemory } from "../guest-memory.ts";

const maxTransferBytes = 0x7fff_f000;

/**
 * Checks a list of buffers before anything is moved: EINVAL for more than IOV_MAX of them or more bytes than one call may
 * move, EFAULT when the list or a buffer is outside the memory. The total length.
 */
export function checkIovecs(memory: GuestMemory, list: number, count: number): number {
  const length = count >>> 0;
  if (length > maxIovecs) throw errnoSignal(Errno.inval);
  memory.check(list, length * 8);
  let total = 0;
  for (let index = 0; index < length; index++) {
    const entry = (list >>> 0) + index * 8;
    const size = memory.u32(entry + 4);
    memory.check(memory.u32(entry), size);
    total += size;
  }
  if (total > maxTransferBytes) throw errnoSignal(Errno.inval);
  return total;
}

/** The buffer of entry `index`, a view of the memory. */
export function iovec(memory: GuestMemory, list: number, index: number): Uint8Array {
  const entry = (list >>> 0) + index * 8;
  return memory.bytes(memory.u32(entry), memory.u32(entry + 4));
}

/** Copies `bytes` into the buffers one after the other. */
export function scatter(memory: GuestMemory, list: number, count: number, bytes: Uint8Array): void {
  let done = 0;
  for (let index = 0; index < count >>> 0 && done < bytes.length; index++) {
    const into = iovec(memory, list, index);
    const piece = bytes.subarray(done, done + into.length);
    into.set(piece);
    done += piece.length;
  }
}
