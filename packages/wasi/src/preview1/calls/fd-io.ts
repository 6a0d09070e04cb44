import { FdFlag } from "../abi.ts";
import type { AbiVersion } from "../abi-version.ts";
import type { Descriptor, FileDescriptor, StreamDescriptor } from "../descriptor.ts";
import { Errno, errnoSignal } from "../errno.ts";
import type { Guest } from "../guest.ts";
import type { InputBuffer } from "../input-buffer.ts";
import type { OutputBuffer } from "../output-buffer.ts";
import { Right } from "../rights.ts";
import { checkIovecs, iovec, scatter } from "./iovecs.ts";

/** A stream is read in pieces of this size at most, whatever the guest offers. */
const maxStreamReadBytes = 65_536;
/** A connection gets pieces of this size at most, so that a guest cannot make its host hold a copy of all its memory. */
const maxSocketWriteBytes = 65_536;
const maxPosition = BigInt(Number.MAX_SAFE_INTEGER);

export function fdRead(
  guest: Guest,
  fd: number,
  list: number,
  count: number,
  sizePointer: number,
): Errno | Promise<Errno> {
  const descriptor = open(guest, fd, Right.fdRead);
  const total = checkIovecs(guest.memory, list, count);
  guest.memory.check(sizePointer, 4);
  if (descriptor.kind === "stream") {
    if (descriptor.input === undefined) return Errno.badf;
    return readStream(guest, descriptor, descriptor.input, { list, count, total, sizePointer });
  }
  const file = fileOf(descriptor);
  const done = readFile(guest, file, list, count, file.position);
  file.position += done;
  guest.memory.setU32(sizePointer, done);
  return Errno.success;
}

export function fdPread(
  guest: Guest,
  fd: number,
  list: number,
  count: number,
  offset: bigint,
  sizePointer: number,
): Errno {
  const descriptor = open(guest, fd, Right.fdRead);
  const file = seekable(descriptor, Right.fdSeek);
  checkIovecs(guest.memory, list, count);
  guest.memory.check(sizePointer, 4);
  const position = positionFrom(offset);
  // No file reaches beyond what a number can count.
  const done = position === undefined ? 0 : readFile(guest, file, list, count, position);
  guest.memory.setU32(sizePointer, done);
  return Errno.success;
}

export function fdWrite(
  guest: Guest,
  fd: number,
  list: number,
  count: number,
  sizePointer: number,
): Errno | Promise<Errno> {
  const descriptor = open(guest, fd, Right.fdWrite);
  checkIovecs(guest.memory, list, count);
  guest.memory.check(sizePointer, 4);
  if (descriptor.kind === "stream") {
    if (descriptor.output === undefined) return Errno.badf;
    const pieceBytes = descriptor.socket === undefined ? Number.MAX_SAFE_INTEGER : maxSocketWriteBytes;
    return writeStream(guest, descriptor, descriptor.output, { list, count, sizePointer, pieceBytes });
  }
  const file = fileOf(descriptor);
  const done = writeFile(guest, file, list, count, file.position);
  if ((file.flags & FdFlag.append) !== 0) file.position = Number(file.file.stat().sizeBytes);
  else file.position += done;
  syncAfterWrite(file);
  guest.memory.setU32(sizePointer, done);
  return Errno.success;
}

export function fdPwrite(
  guest: Guest,
  fd: number,
  list: number,
  count: number,
  offset: bigint,
  sizePointer: number,
): Errno {
  const descriptor = open(guest, fd, Right.fdWrite);
  const file = seekable(descriptor, Right.fdSeek);
  checkIovecs(guest.memory, list, count);
  guest.memory.check(sizePointer, 4);
  const position = positionFrom(offset);
  if (position === undefined) return Errno.fbig;
  const done = writeFile(guest, file, list, count, position);
  syncAfterWrite(file);
  guest.memory.setU32(sizePointer, done);
  return Errno.success;
}

export function fdSeek(
  abi: AbiVersion,
): (guest: Guest, fd: number, offset: bigint, whence: number, resultPointer: number) => Errno {
  return (guest, fd, offset, whence, resultPointer) => {
    const descriptor = guest.descriptors.get(fd);
    const asksOnly = offset === 0n && whence === abi.whence.current;
    const file = seekable(descriptor, asksOnly ? Right.fdTell | Right.fdSeek : Right.fdSeek);
    guest.memory.check(resultPointer, 8);
    const position = BigInt(origin(file, whence, abi)) + offset;
    if (position < 0n || position > maxPosition) return Errno.inval;
    file.position = Number(position);
    guest.memory.setU64(resultPointer, position);
    return Errno.success;
  };
}

export function fdTell(guest: Guest, fd: number, resultPointer: number): Errno {
  const file = seekable(guest.descriptors.get(fd), Right.fdTell);
  guest.memory.setU64(resultPointer, BigInt(file.position));
  return Errno.success;
}

function origin(file: FileDescriptor, whence: number, { whence: { set, current, end } }: AbiVersion): number {
  if (whence === set) return 0;
  if (whence === current) return file.position;
  if (whence === end) return Number(file.file.stat().sizeBytes);
  throw errnoSignal(Errno.inval);
}

/** A descriptor opened for what `right` names. POSIX programs expect EBADF here, not ENOTCAPABLE. */
function open(guest: Guest, fd: number, right: number): Descriptor {
  const descriptor = guest.descriptors.get(fd);
  if ((descriptor.rights & right) === 0) throw errnoSignal(descriptor.kind === "directory" ? Errno.isdir : Errno.badf);
  return descriptor;
}

function fileOf(descriptor: Descriptor): FileDescriptor {
  if (descriptor.kind === "file") return descriptor;
  throw errnoSignal(descriptor.kind === "directory" ? Errno.isdir : Errno.badf);
}

/** `right` may be several, of which one is enough. */
function seekable(descriptor: Descriptor, right: number): FileDescriptor {
  if (descriptor.kind === "directory") throw errnoSignal(Errno.badf);
  if (descriptor.kind !== "file") throw errnoSignal(Errno.spipe);
  if ((descriptor.rights & right) === 0) throw errnoSignal(Errno.notcapable);
  return descriptor;
}

/** A guest's 64-bit offset, undefined beyond 2^53. */
function positionFrom(offset: bigint): number | undefined {
  if (offset < 0n) throw errnoSignal(Errno.inval);
  return offset > maxPosition ? undefined : Number(offset);
}

function readFile(guest: Guest, file: FileDescriptor, list: number, count: number, position: number): number {
  let done = 0;
  for (let index = 0; index < count >>> 0; index++) {
    const into = iovec(guest.memory, list, index);
    if (into.length === 0) continue;
    const read = file.file.read(into, position + done);
    done += read;
    if (read < into.length) break;
  }
  return done;
}

function writeFile(guest: Guest, file: FileDescriptor, list: number, count: number, position: number): number {
  const appends = (file.flags & FdFlag.append) !== 0;
  let done = 0;
  for (let index = 0; index < count >>> 0; index++) {
    const bytes = iovec(guest.memory, list, index);
    if (bytes.length === 0) continue;
    let written: number;
    try {
      written = appends ? file.file.append(bytes) : file.file.write(bytes, position + done);
    } catch (error) {
      // What was written before the medium was full counts.
      if (done > 0) break;
      throw error;
    }
    done += written;
    if (written < bytes.length) break;
  }
  return done;
}

function syncAfterWrite(file: FileDescriptor): void {
  if ((file.flags & FdFlag.sync) !== 0) file.file.sync();
  else if ((file.flags & FdFlag.dsync) !== 0) file.file.dataSync();
}

interface ReadRequest {
  readonly list: number;
  readonly count: number;
  readonly total: number;
  readonly sizePointer: number;
}

function readStream(
  guest: Guest,
  descriptor: StreamDescriptor,
  input: InputBuffer,
  request: ReadRequest,
): Errno | Promise<Errno> {
  const { list, count, total, sizePointer } = request;
  if (total === 0) {
    guest.memory.setU32(sizePointer, 0);
    return Errno.success;
  }
  const size = Math.min(total, maxStreamReadBytes);
  const deliver = () => {
    const bytes = input.take(size);
    scatter(guest.memory, list, count, bytes);
    guest.memory.setU32(sizePointer, bytes.length);
    return Errno.success;
  };
  const pending = input.fill(size);
  if (pending === undefined) return deliver();
  if ((descriptor.flags & FdFlag.nonblock) !== 0) return Errno.again;
  return guest.wait(pending).then(deliver);
}

interface WriteRequest {
  readonly list: number;
  readonly count: number;
  readonly sizePointer: number;
  /** Bytes to hand to the sink at once. */
  readonly pieceBytes: number;
}

/** Where a write stands in its buffers. */
interface WriteProgress {
  index: number;
  offset: number;
  done: number;
}

function writeStream(
  guest: Guest,
  descriptor: StreamDescriptor,
  output: OutputBuffer,
  request: WriteRequest,
): Errno | Promise<Errno> {
  const nonblock = (descriptor.flags & FdFlag.nonblock) !== 0;
  const progress: WriteProgress = { index: 0, offset: 0, done: 0 };
  do {
    if (output.pending === undefined) continue;
    if (!nonblock) return writeWaiting(guest, output, request, progress);
    if (progress.done === 0) return Errno.again;
    break;
  } while (writePiece(guest, output, request, progress));
  guest.memory.setU32(request.sizePointer, progress.done);
  return Errno.success;
}

/** The rest of a write whose sink makes the guest wait. */
async function writeWaiting(
  guest: Guest,
  output: OutputBuffer,
  request: WriteRequest,
  progress: WriteProgress,
): Promise<Errno> {
  do {
    if (output.pending !== undefined) await guest.wait(output.pending);
    output.throwError();
  } while (writePiece(guest, output, request, progress));
  guest.memory.setU32(request.sizePointer, progress.done);
  return Errno.success;
}

/** Hands the next bytes to the sink; false when there were none left. */
function writePiece(guest: Guest, output: OutputBuffer, request: WriteRequest, progress: WriteProgress): boolean {
  for (; progress.index < request.count >>> 0; progress.index++, progress.offset = 0) {
    const { offset } = progress;
    const bytes = iovec(guest.memory, request.list, progress.index).subarray(offset, offset + request.pieceBytes);
    if (bytes.length === 0) continue;
    output.write(bytes);
    progress.offset += bytes.length;
    progress.done += bytes.length;
    return true;
  }
  return false;
}
