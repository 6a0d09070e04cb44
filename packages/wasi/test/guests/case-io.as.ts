// Reads a file of its directory and an environment variable, prints both, ends with 33.
@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: i32, list: usize, count: i32, size: usize): i32;
@external("wasi_snapshot_preview1", "fd_read")
declare function fd_read(fd: i32, list: usize, count: i32, size: usize): i32;
@external("wasi_snapshot_preview1", "path_open")
declare function path_open(
  dir: i32, lookup: i32, path: usize, length: i32, oflags: i32, rights: i64, inheriting: i64, flags: i32, fd: usize,
): i32;
@external("wasi_snapshot_preview1", "args_sizes_get")
declare function args_sizes_get(count: usize, size: usize): i32;
@external("wasi_snapshot_preview1", "environ_sizes_get")
declare function environ_sizes_get(count: usize, size: usize): i32;
@external("wasi_snapshot_preview1", "environ_get")
declare function environ_get(pointers: usize, buffer: usize): i32;
@external("wasi_snapshot_preview1", "proc_exit")
declare function proc_exit(code: i32): void;

const list = memory.data(8);
const size = memory.data(8);
const buffer = memory.data(4096);

function check(errno: i32): void {
  if (errno != 0) proc_exit(errno);
}

function print(address: usize, length: u32): void {
  store<u32>(list, <u32>address);
  store<u32>(list, length, 4);
  check(fd_write(1, list, 1, size));
}

export function _start(): void {
  const name = String.UTF8.encode("greeting.txt");
  check(path_open(3, 0, changetype<usize>(name), name.byteLength, 0, 2, 0, 0, size));
  const fd = load<i32>(size);
  store<u32>(list, <u32>buffer);
  store<u32>(list, 4096, 4);
  check(fd_read(fd, list, 1, size));
  print(buffer, load<u32>(size));
  check(environ_sizes_get(size, size + 4));
  const length = load<u32>(size, 4);
  check(environ_get(buffer + 2048, buffer));
  print(buffer, length - 1);
  check(args_sizes_get(size, size + 4));
  if (load<u32>(size) != 3) proc_exit(99);
  proc_exit(33);
}
