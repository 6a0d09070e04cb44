import { Errno, errnoSignal } from "../errno.ts";
import type { Guest } from "../guest.ts";

/** getrandom's own limit for one call; more is asked for in pieces so that no call holds the thread for long. */
const randomPieceBytes = 65_536;

const encoder = new TextEncoder();

export function argsGet(guest: Guest, pointers: number, buffer: number): Errno {
  return putStrings(guest, guest.args, pointers, buffer);
}

export function argsSizesGet(guest: Guest, countPointer: number, sizePointer: number): Errno {
  return putSizes(guest, guest.args, countPointer, sizePointer);
}

export function environGet(guest: Guest, pointers: number, buffer: number): Errno {
  return putStrings(guest, guest.environ, pointers, buffer);
}

export function environSizesGet(guest: Guest, countPointer: number, sizePointer: number): Errno {
  return putSizes(guest, guest.environ, countPointer, sizePointer);
}

export function randomGet(guest: Guest, pointer: number, length: number): Errno {
  const bytes = guest.memory.bytes(pointer, length);
  for (let start = 0; start < bytes.length; start += randomPieceBytes) {
    fillRandom(guest, bytes.subarray(start, start + randomPieceBytes));
  }
  return Errno.success;
}

function fillRandom(guest: Guest, piece: Uint8Array): void {
  if (!(piece.buffer instanceof SharedArrayBuffer)) {
    guest.random(piece);
    return;
  }
  // Sources of random bytes refuse shared memory.
  const own = new Uint8Array(piece.length);
  guest.random(own);
  piece.set(own);
}

export function procExit(guest: Guest, code: number): never {
  return guest.exit(code >>> 0);
}

/** No witx signal has a handler in a guest, and the original's only implementations refuse it. */
export function procRaise(): Errno {
  return Errno.notsup;
}

export async function schedYield(guest: Guest): Promise<Errno> {
  await guest.wait(new Promise((resolve) => setImmediate(resolve)));
  return Errno.success;
}

function putSizes(guest: Guest, strings: readonly string[], countPointer: number, sizePointer: number): Errno {
  let sizeBytes = 0;
  for (const text of strings) sizeBytes += Buffer.byteLength(text) + 1;
  guest.memory.check(sizePointer, 4);
  guest.memory.setU32(countPointer, strings.length);
  guest.memory.setU32(sizePointer, sizeBytes);
  return Errno.success;
}

function putStrings(guest: Guest, strings: readonly string[], pointers: number, buffer: number): Errno {
  let address = buffer >>> 0;
  guest.memory.check(pointers, strings.length * 4);
  for (const [index, text] of strings.entries()) {
    const bytes = encoder.encode(`${text}\0`);
    guest.memory.write(address, bytes);
    guest.memory.setU32((pointers >>> 0) + index * 4, address);
    address += bytes.length;
  }
  if (address > 0xffff_ffff) throw errnoSignal(Errno.overflow);
  return Errno.success;
}
