// Output, failure, arguments, files and time of the workload kit.
import {
  args_get, args_sizes_get, chunk, chunkSize, create, directoryOnly, environ_get, environ_sizes_get, event, fd_close, fd_prestat_dir_name,
  fd_prestat_get, fd_read, fd_readdir, fd_write, listRights, path_open, path_remove_directory, path_symlink, poll_oneoff, proc_exit,
  readRights, scratch, subscription, writeRights,
} from "./wasi.as";

export function fail(what: string): void {
  send(2, String.UTF8.encode(what + "\n"));
  proc_exit(1);
}

export function check(errno: u16, what: string): void {
  if (errno != 0) fail(what + ": errno " + errno.toString());
}

/** Writes all of it; the errno of the write that failed otherwise. */
export function trySend(fd: u32, address: usize, length: u32): u16 {
  while (length > 0) {
    store<u32>(scratch, <u32>address);
    store<u32>(scratch, length, 4);
    const errno = fd_write(fd, scratch, 1, scratch + 8);
    if (errno != 0) return errno;
    const written = load<u32>(scratch, 8);
    address += written;
    length -= written;
  }
  return 0;
}

function sendBytes(fd: u32, address: usize, length: u32): void {
  const errno = trySend(fd, address, length);
  if (errno == 0) return;
  if (fd == 2) proc_exit(1);
  check(errno, "write");
}

export function send(fd: u32, bytes: ArrayBuffer): void {
  sendBytes(fd, changetype<usize>(bytes), bytes.byteLength);
}

export function print(text: string): void {
  send(1, String.UTF8.encode(text + "\n"));
}

function strings(count: u32, size: u32, kind: i32): string[] {
  const pointers = new ArrayBuffer(count * 4);
  const buffer = new ArrayBuffer(size);
  if (kind == 0) args_get(changetype<usize>(pointers), changetype<usize>(buffer));
  else environ_get(changetype<usize>(pointers), changetype<usize>(buffer));
  const result: string[] = [];
  for (let i: u32 = 0; i < count; i++) {
    result.push(String.UTF8.decodeUnsafe(load<u32>(changetype<usize>(pointers) + i * 4), size, true));
  }
  return result;
}

export function commandLine(): string[] {
  args_sizes_get(scratch, scratch + 4);
  return strings(load<u32>(scratch), load<u32>(scratch, 4), 0);
}

export function environment(): string[] {
  environ_sizes_get(scratch, scratch + 4);
  return strings(load<u32>(scratch), load<u32>(scratch, 4), 1);
}

/** A path below a preopened directory; `fd` is -1 where none holds it. */
class Place {
  constructor(public fd: i32, public rest: ArrayBuffer) {}
}

/** Paths are looked up below the longest preopened directory that holds them. */
function locate(path: string): Place {
  let best: i32 = -1;
  let bestLength = -1;
  for (let fd: u32 = 3; fd_prestat_get(fd, scratch) == 0; fd++) {
    if (load<u8>(scratch) != 0) continue; // a socket
    const length = load<u32>(scratch, 4);
    const name = new ArrayBuffer(length);
    fd_prestat_dir_name(fd, changetype<usize>(name), length);
    let directory = String.UTF8.decode(name);
    if (directory.endsWith("/")) directory = directory.slice(0, directory.length - 1);
    if (path != directory && !path.startsWith(directory + "/")) continue;
    if (directory.length <= bestLength) continue;
    best = fd;
    bestLength = directory.length;
  }
  let rest = path.slice(bestLength + 1);
  if (rest == "") rest = ".";
  return new Place(best, String.UTF8.encode(rest));
}

/** The open file, or -errno. */
function open(path: string, oflags: u32, rights: u64, flags: u32): i32 {
  const place = locate(path);
  if (place.fd < 0) return -44;
  const errno = path_open(
    place.fd, 1, changetype<usize>(place.rest), place.rest.byteLength, oflags, rights, rights, flags, scratch,
  );
  return errno == 0 ? load<i32>(scratch) : -(<i32>errno);
}

/** Puts a link to `target` at `path`, in the place of an empty directory if there is one. */
export function relink(path: string, target: string): void {
  const place = locate(path);
  const name = changetype<usize>(place.rest);
  const bytes = String.UTF8.encode(target);
  path_remove_directory(place.fd, name, place.rest.byteLength);
  check(path_symlink(changetype<usize>(bytes), bytes.byteLength, place.fd, name, place.rest.byteLength), "link " + path);
}

function openOrFail(path: string, oflags: u32, rights: u64, flags: u32): u32 {
  const fd = open(path, oflags, rights, flags);
  if (fd < 0) fail(path + ": errno " + (-fd).toString());
  return fd;
}

export function copy(from: u32): void {
  while (true) {
    store<u32>(scratch, <u32>chunk);
    store<u32>(scratch, chunkSize, 4);
    check(fd_read(from, scratch, 1, scratch + 8), "read");
    const length = load<u32>(scratch, 8);
    if (length == 0) return;
    sendBytes(1, chunk, length);
  }
}

export function cat(path: string): void {
  const fd = openOrFail(path, 0, readRights, 0);
  copy(fd);
  fd_close(fd);
}

/** The file's first bytes, as many as one read gives; null where it cannot be read. */
export function read(path: string): Uint8Array | null {
  const fd = open(path, 0, readRights, 0);
  if (fd < 0) return null;
  store<u32>(scratch, <u32>chunk);
  store<u32>(scratch, chunkSize, 4);
  const errno = fd_read(fd, scratch, 1, scratch + 8);
  fd_close(fd);
  if (errno != 0) return null;
  const bytes = new Uint8Array(load<u32>(scratch, 8));
  memory.copy(bytes.dataStart, chunk, bytes.length);
  return bytes;
}

export function put(path: string, text: string, oflags: u32, flags: u32): void {
  const fd = openOrFail(path, create | oflags, writeRights, flags);
  send(fd, String.UTF8.encode(text));
  fd_close(fd);
}

export function exists(path: string): bool {
  const fd = open(path, 0, readRights, 0);
  if (fd < 0) return false;
  fd_close(fd);
  return true;
}

export function list(path: string): void {
  const fd = openOrFail(path, directoryOnly, listRights, 0);
  const names: string[] = [];
  check(fd_readdir(fd, chunk, chunkSize, 0, scratch), "list " + path);
  const used = load<u32>(scratch);
  let at: u32 = 0;
  while (at + 24 <= used) {
    const length = load<u32>(chunk + at, 16);
    const name = String.UTF8.decodeUnsafe(chunk + at + 24, length);
    if (name != "." && name != "..") names.push(name);
    at += 24 + length;
  }
  names.sort();
  for (let i = 0; i < names.length; i++) print(names[i]);
  fd_close(fd);
}

export function sleep(milliseconds: u64): void {
  memory.fill(subscription, 0, 48);
  store<u32>(subscription, 1, 16); // the monotonic clock
  store<u64>(subscription, milliseconds * 1_000_000, 24);
  check(poll_oneoff(subscription, event, 1, scratch), "sleep");
}
