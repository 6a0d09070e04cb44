// The workload kit: a WASI preview 1 program that does what its arguments say, one command after the other, and then exits with 0.
//
//   print TEXT          a line on standard output          error TEXT         a line on standard error
//   arguments           its arguments, one a line          env NAME           the variable's value
//   environment         all variables, one a line          stdin              standard input, copied to standard output
//   cat PATH            the file, to standard output       list PATH          the directory's names, one a line
//   write PATH TEXT     replaces the file                  append PATH TEXT   adds to the file
//   await PATH          returns when the file exists       fail-once PATH N   makes the file and exits N, if it is not there
//   sleep MS            returns after that time            hold               sleeps for ever
//   tick MS             a numbered line each MS, for ever  lines COUNT SIZE   numbered lines of SIZE bytes
//   allocate MIB        grows memory and writes to it      spin               computes for ever
//   serve TEXT          answers HTTP requests on the sockets it finds open with the text and the port's name, for ever
//   serve-once TEXT     the same, for one request
//   exit CODE           ends                               trap               executes `unreachable`
//   overflow            calls itself until the stack ends

@external("wasi_snapshot_preview1", "args_sizes_get")
declare function args_sizes_get(count: usize, size: usize): u16;
@external("wasi_snapshot_preview1", "args_get")
declare function args_get(pointers: usize, buffer: usize): u16;
@external("wasi_snapshot_preview1", "environ_sizes_get")
declare function environ_sizes_get(count: usize, size: usize): u16;
@external("wasi_snapshot_preview1", "environ_get")
declare function environ_get(pointers: usize, buffer: usize): u16;
@external("wasi_snapshot_preview1", "fd_prestat_get")
declare function fd_prestat_get(fd: u32, prestat: usize): u16;
@external("wasi_snapshot_preview1", "fd_prestat_dir_name")
declare function fd_prestat_dir_name(fd: u32, path: usize, length: u32): u16;
@external("wasi_snapshot_preview1", "path_open")
declare function path_open(
  directory: u32, lookup: u32, path: usize, length: u32, oflags: u32, rights: u64, inheriting: u64, flags: u32, fd: usize,
): u16;
@external("wasi_snapshot_preview1", "fd_read")
declare function fd_read(fd: u32, list: usize, count: u32, size: usize): u16;
@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: u32, list: usize, count: u32, size: usize): u16;
@external("wasi_snapshot_preview1", "fd_readdir")
declare function fd_readdir(fd: u32, buffer: usize, length: u32, cookie: u64, used: usize): u16;
@external("wasi_snapshot_preview1", "fd_close")
declare function fd_close(fd: u32): u16;
@external("wasi_snapshot_preview1", "poll_oneoff")
declare function poll_oneoff(subscriptions: usize, events: usize, count: u32, ready: usize): u16;
@external("wasi_snapshot_preview1", "sock_accept")
declare function sock_accept(fd: u32, flags: u32, accepted: usize): u16;
@external("wasi_snapshot_preview1", "sock_recv")
declare function sock_recv(fd: u32, list: usize, count: u32, flags: u32, size: usize, outFlags: usize): u16;
@external("wasi_snapshot_preview1", "sock_shutdown")
declare function sock_shutdown(fd: u32, how: u32): u16;
@external("wasi_snapshot_preview1", "proc_exit")
declare function proc_exit(code: u32): void;

const scratch = memory.data(64, 8);
const subscription = memory.data(48, 8);
const event = memory.data(32, 8);
const chunk = memory.data(65536, 8);
const chunkSize: u32 = 65536;

const create: u32 = 1;
const directoryOnly: u32 = 2;
const truncate: u32 = 8;
const appending: u32 = 1;
const readRights: u64 = 1 << 1;
const writeRights: u64 = 1 << 6;
const listRights: u64 = 1 << 14;

function fail(what: string): void {
  send(2, String.UTF8.encode(what + "\n"));
  proc_exit(1);
}

function check(errno: u16, what: string): void {
  if (errno != 0) fail(what + ": errno " + errno.toString());
}

function sendBytes(fd: u32, address: usize, length: u32): void {
  while (length > 0) {
    store<u32>(scratch, <u32>address);
    store<u32>(scratch, length, 4);
    const errno = fd_write(fd, scratch, 1, scratch + 8);
    if (errno != 0) {
      if (fd == 2) proc_exit(1);
      fail("write: errno " + errno.toString());
    }
    const written = load<u32>(scratch, 8);
    address += written;
    length -= written;
  }
}

function send(fd: u32, bytes: ArrayBuffer): void {
  sendBytes(fd, changetype<usize>(bytes), bytes.byteLength);
}

function print(text: string): void {
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

function commandLine(): string[] {
  args_sizes_get(scratch, scratch + 4);
  return strings(load<u32>(scratch), load<u32>(scratch, 4), 0);
}

function environment(): string[] {
  environ_sizes_get(scratch, scratch + 4);
  return strings(load<u32>(scratch), load<u32>(scratch, 4), 1);
}

/** The open file, or -errno. Paths are looked up below the longest preopened directory that holds them. */
function open(path: string, oflags: u32, rights: u64, flags: u32): i32 {
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
  if (best < 0) return -44;
  let rest = path.slice(bestLength + 1);
  if (rest == "") rest = ".";
  const bytes = String.UTF8.encode(rest);
  const errno = path_open(
    best, 1, changetype<usize>(bytes), bytes.byteLength, oflags, rights, rights, flags, scratch,
  );
  return errno == 0 ? load<i32>(scratch) : -(<i32>errno);
}

function openOrFail(path: string, oflags: u32, rights: u64, flags: u32): u32 {
  const fd = open(path, oflags, rights, flags);
  if (fd < 0) fail(path + ": errno " + (-fd).toString());
  return fd;
}

function copy(from: u32): void {
  while (true) {
    store<u32>(scratch, <u32>chunk);
    store<u32>(scratch, chunkSize, 4);
    check(fd_read(from, scratch, 1, scratch + 8), "read");
    const length = load<u32>(scratch, 8);
    if (length == 0) return;
    sendBytes(1, chunk, length);
  }
}

function cat(path: string): void {
  const fd = openOrFail(path, 0, readRights, 0);
  copy(fd);
  fd_close(fd);
}

function put(path: string, text: string, oflags: u32, flags: u32): void {
  const fd = openOrFail(path, create | oflags, writeRights, flags);
  send(fd, String.UTF8.encode(text));
  fd_close(fd);
}

function exists(path: string): bool {
  const fd = open(path, 0, readRights, 0);
  if (fd < 0) return false;
  fd_close(fd);
  return true;
}

function list(path: string): void {
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

function sleep(milliseconds: u64): void {
  memory.fill(subscription, 0, 48);
  store<u32>(subscription, 1, 16); // the monotonic clock
  store<u64>(subscription, milliseconds * 1_000_000, 24);
  check(poll_oneoff(subscription, event, 1, scratch), "sleep");
}

/** The sockets' names. */
function socketNames(): string[] {
  const all = environment();
  for (let i = 0; i < all.length; i++) {
    if (all[i].startsWith("LISTEN_FDNAMES=")) return all[i].slice(15).split(":");
  }
  return [];
}

/** The index of a socket with a connection to accept. */
function awaitConnection(count: i32): u32 {
  const subscriptions = new ArrayBuffer(count * 48);
  const events = new ArrayBuffer(count * 32);
  for (let i = 0; i < count; i++) {
    const at = changetype<usize>(subscriptions) + i * 48;
    store<u64>(at, i);
    store<u8>(at, 1, 8); // readable
    store<u32>(at, 3 + i, 16);
  }
  check(poll_oneoff(changetype<usize>(subscriptions), changetype<usize>(events), count, scratch), "poll");
  return load<u32>(changetype<usize>(events));
}

/** Answers one request, of which only the first bytes are read. */
function serve(text: string): void {
  const names = socketNames();
  if (names.length == 0) fail("serve: no sockets");
  const index = awaitConnection(names.length);
  check(sock_accept(3 + index, 0, scratch), "accept");
  const fd = load<u32>(scratch);
  store<u32>(scratch, <u32>chunk);
  store<u32>(scratch, chunkSize, 4);
  if (sock_recv(fd, scratch, 1, 0, scratch + 8, scratch + 12) == 0 && load<u32>(scratch, 8) > 0) {
    const body = text + " on " + names[index];
    const head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + body.length.toString() + "\r\n\r\n";
    send(fd, String.UTF8.encode(head + body));
    sock_shutdown(fd, 2);
  }
  fd_close(fd);
}

function allocate(mebibytes: i32): void {
  const before = memory.grow(mebibytes * 16);
  if (before < 0) return print("refused " + mebibytes.toString() + " MiB");
  for (let page = 0; page < mebibytes * 16; page++) store<u8>((<usize>(before + page)) << 16, 1);
  print("allocated " + mebibytes.toString() + " MiB");
}

function overflow(depth: u64): u64 {
  return overflow(depth + 1) + depth;
}

let spinning: u64 = 0;

class Arguments {
  constructor(private all: string[], private at: i32) {}
  get more(): bool {
    return this.at < this.all.length;
  }
  next(): string {
    if (!this.more) fail(this.all[this.at - 1] + " needs another argument");
    return this.all[this.at++];
  }
}

function run(command: string, args: Arguments): bool {
  if (command == "print") print(args.next());
  else if (command == "error") send(2, String.UTF8.encode(args.next() + "\n"));
  else if (command == "arguments") {
    const all = commandLine();
    for (let i = 0; i < all.length; i++) print(all[i]);
  } else if (command == "env") {
    const name = args.next();
    const all = environment();
    for (let i = 0; i < all.length; i++) if (all[i].startsWith(name + "=")) print(all[i].slice(name.length + 1));
  } else if (command == "environment") {
    const all = environment();
    for (let i = 0; i < all.length; i++) print(all[i]);
  } else if (command == "stdin") copy(0);
  else if (command == "cat") cat(args.next());
  else if (command == "list") list(args.next());
  else if (command == "write") put(args.next(), args.next(), truncate, 0);
  else if (command == "append") put(args.next(), args.next(), 0, appending);
  else if (command == "await") {
    const path = args.next();
    while (!exists(path)) sleep(10);
  } else if (command == "fail-once") {
    const path = args.next();
    const code = <u32>parseInt(args.next());
    if (!exists(path)) {
      put(path, "", 0, 0);
      proc_exit(code);
    }
  } else if (command == "sleep") sleep(<u64>parseInt(args.next()));
  else return runForever(command, args);
  return true;
}

function runForever(command: string, args: Arguments): bool {
  if (command == "hold") while (true) sleep(3_600_000);
  else if (command == "tick") {
    const milliseconds = <u64>parseInt(args.next());
    for (let count = 1; ; count++) {
      print("tick " + count.toString());
      sleep(milliseconds);
    }
  } else if (command == "lines") {
    const count = <i32>parseInt(args.next());
    const size = <i32>parseInt(args.next());
    for (let i = 1; i <= count; i++) print((i.toString() + " ").padEnd(size - 1, "x"));
  } else if (command == "allocate") allocate(<i32>parseInt(args.next()));
  else if (command == "serve") {
    const text = args.next();
    while (true) serve(text);
  } else if (command == "serve-once") serve(args.next());
  else if (command == "spin") while (true) spinning++;
  else if (command == "exit") proc_exit(<u32>parseInt(args.next()));
  else if (command == "trap") unreachable();
  else if (command == "overflow") print(overflow(0).toString());
  else return false;
  return true;
}

export function _start(): void {
  const args = new Arguments(commandLine(), 1);
  while (args.more) {
    const command = args.next();
    if (!run(command, args)) {
      send(2, String.UTF8.encode('unknown command "' + command + '"\n'));
      proc_exit(64);
    }
  }
}

export function abort(message: usize, file: usize, line: u32, column: u32): void {
  unreachable();
}
