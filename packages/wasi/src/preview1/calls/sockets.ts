import { FdFlag, RiFlag, SdFlag } from "../abi.ts";
import { type ListenerDescriptor, StreamDescriptor } from "../descriptor.ts";
import { Errno, errnoSignal } from "../errno.ts";
import type { Guest } from "../guest.ts";
import type { InputBuffer } from "../input-buffer.ts";
import { Right } from "../rights.ts";
import { fdWrite } from "./fd-io.ts";
import { checkIovecs, scatter } from "./iovecs.ts";

const maxReceiveBytes = 65_536;

type SocketDescriptor = StreamDescriptor & { readonly socket: object; readonly input: InputBuffer };

export function sockAccept(guest: Guest, fd: number, flags: number, resultPointer: number): Errno | Promise<Errno> {
  const listener = guest.descriptors.get(fd);
  if (listener.kind !== "listener")
    return listener.kind === "stream" && listener.socket !== undefined ? Errno.inval : Errno.notsock;
  if ((listener.rights & Right.sockAccept) === 0) return Errno.notcapable;
  if ((flags & ~FdFlag.nonblock) !== 0) return Errno.inval;
  guest.memory.check(resultPointer, 4);
  guest.descriptors.checkRoom();
  const pending = listener.queue.fill();
  if (pending === undefined) return acceptNow(guest, listener, flags, resultPointer);
  if ((listener.flags & FdFlag.nonblock) !== 0) return Errno.again;
  return guest.wait(pending).then(() => acceptNow(guest, listener, flags, resultPointer));
}

function acceptNow(guest: Guest, listener: ListenerDescriptor, flags: number, resultPointer: number): Errno {
  const socket = listener.queue.take();
  if (socket === undefined) return Errno.connaborted;
  const descriptor = StreamDescriptor.ofSocket(socket, { preopened: false });
  descriptor.rights &= listener.inheriting;
  descriptor.flags = flags;
  guest.memory.setU32(resultPointer, guest.descriptors.add(descriptor));
  return Errno.success;
}

export function sockRecv(
  guest: Guest,
  fd: number,
  list: number,
  count: number,
  flags: number,
  sizePointer: number,
  flagsPointer: number,
): Errno | Promise<Errno> {
  const descriptor = connected(guest, fd, Right.fdRead);
  if ((flags & ~(RiFlag.peek | RiFlag.waitAll)) !== 0) return Errno.inval;
  const total = Math.min(checkIovecs(guest.memory, list, count), maxReceiveBytes);
  guest.memory.check(sizePointer, 4);
  guest.memory.check(flagsPointer, 2);
  const finish = (bytes: Uint8Array) => {
    scatter(guest.memory, list, count, bytes);
    guest.memory.setU32(sizePointer, bytes.length);
    // A stream has no messages to cut off.
    guest.memory.setU16(flagsPointer, 0);
    return Errno.success;
  };
  if (total === 0) return finish(new Uint8Array(0));
  const { input } = descriptor;
  const nonblock = (descriptor.flags & FdFlag.nonblock) !== 0;
  const peek = (flags & RiFlag.peek) !== 0;
  if ((flags & RiFlag.waitAll) !== 0 && !peek && !nonblock) return receiveAll(guest, input, total).then(finish);
  const get = () => finish(peek ? input.peek().subarray(0, total) : input.take(total));
  const pending = input.fill(total);
  if (pending === undefined) return get();
  return nonblock ? Errno.again : guest.wait(pending).then(get);
}

/** Waits for all of `total` bytes; fewer at the end of the stream. An error counts only before the first byte. */
async function receiveAll(guest: Guest, input: InputBuffer, total: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(total);
  let done = 0;
  while (done < total) {
    const pending = input.fill(total - done);
    if (pending !== undefined) await guest.wait(pending);
    let piece: Uint8Array;
    try {
      piece = input.take(total - done);
    } catch (error) {
      if (done === 0) throw error;
      break;
    }
    if (piece.length === 0) break;
    bytes.set(piece, done);
    done += piece.length;
  }
  return bytes.subarray(0, done);
}

export function sockSend(
  guest: Guest,
  fd: number,
  list: number,
  count: number,
  flags: number,
  sizePointer: number,
): Errno | Promise<Errno> {
  connected(guest, fd, Right.fdWrite);
  if (flags !== 0) return Errno.inval;
  return fdWrite(guest, fd, list, count, sizePointer);
}

export function sockShutdown(guest: Guest, fd: number, how: number): Errno {
  const descriptor = connected(guest, fd, Right.sockShutdown);
  if (how === 0 || (how & ~(SdFlag.read | SdFlag.write)) !== 0) return Errno.inval;
  descriptor.socket.shutdown({ read: (how & SdFlag.read) !== 0, write: (how & SdFlag.write) !== 0 });
  return Errno.success;
}

function connected(
  guest: Guest,
  fd: number,
  right: number,
): SocketDescriptor & { readonly socket: NonNullable<StreamDescriptor["socket"]> } {
  const descriptor = guest.descriptors.get(fd);
  if (descriptor.kind === "listener") throw errnoSignal(Errno.notconn);
  if (descriptor.kind !== "stream" || descriptor.socket === undefined || descriptor.input === undefined) {
    throw errnoSignal(Errno.notsock);
  }
  if ((descriptor.rights & right) === 0) throw errnoSignal(Errno.notcapable);
  return descriptor as SocketDescriptor & { readonly socket: NonNullable<StreamDescriptor["socket"]> };
}
