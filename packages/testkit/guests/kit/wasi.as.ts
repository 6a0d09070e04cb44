// What the workload kit uses of WASI preview 1, and memory that every call may use for its arguments and results.

@external("wasi_snapshot_preview1", "args_sizes_get")
export declare function args_sizes_get(count: usize, size: usize): u16;
@external("wasi_snapshot_preview1", "args_get")
export declare function args_get(pointers: usize, buffer: usize): u16;
@external("wasi_snapshot_preview1", "environ_sizes_get")
export declare function environ_sizes_get(count: usize, size: usize): u16;
@external("wasi_snapshot_preview1", "environ_get")
export declare function environ_get(pointers: usize, buffer: usize): u16;
@external("wasi_snapshot_preview1", "fd_prestat_get")
export declare function fd_prestat_get(fd: u32, prestat: usize): u16;
@external("wasi_snapshot_preview1", "fd_prestat_dir_name")
export declare function fd_prestat_dir_name(fd: u32, path: usize, length: u32): u16;
@external("wasi_snapshot_preview1", "path_open")
export declare function path_open(
  directory: u32, lookup: u32, path: usize, length: u32, oflags: u32, rights: u64, inheriting: u64, flags: u32, fd: usize,
): u16;
@external("wasi_snapshot_preview1", "path_symlink")
export declare function path_symlink(target: usize, targetLength: u32, directory: u32, path: usize, length: u32): u16;
@external("wasi_snapshot_preview1", "path_remove_directory")
export declare function path_remove_directory(directory: u32, path: usize, length: u32): u16;
@external("wasi_snapshot_preview1", "fd_read")
export declare function fd_read(fd: u32, list: usize, count: u32, size: usize): u16;
@external("wasi_snapshot_preview1", "fd_write")
export declare function fd_write(fd: u32, list: usize, count: u32, size: usize): u16;
@external("wasi_snapshot_preview1", "fd_readdir")
export declare function fd_readdir(fd: u32, buffer: usize, length: u32, cookie: u64, used: usize): u16;
@external("wasi_snapshot_preview1", "fd_close")
export declare function fd_close(fd: u32): u16;
@external("wasi_snapshot_preview1", "poll_oneoff")
export declare function poll_oneoff(subscriptions: usize, events: usize, count: u32, ready: usize): u16;
@external("wasi_snapshot_preview1", "sock_accept")
export declare function sock_accept(fd: u32, flags: u32, accepted: usize): u16;
@external("wasi_snapshot_preview1", "sock_recv")
export declare function sock_recv(fd: u32, list: usize, count: u32, flags: u32, size: usize, outFlags: usize): u16;
@external("wasi_snapshot_preview1", "sock_shutdown")
export declare function sock_shutdown(fd: u32, how: u32): u16;
@external("wasi_snapshot_preview1", "proc_exit")
export declare function proc_exit(code: u32): void;

export const scratch = memory.data(64, 8);
export const subscription = memory.data(48, 8);
export const event = memory.data(32, 8);
export const chunk = memory.data(65536, 8);
export const chunkSize: u32 = 65536;

export const create: u32 = 1;
export const directoryOnly: u32 = 2;
export const truncate: u32 = 8;
export const appending: u32 = 1;
export const readRights: u64 = 1 << 1;
export const writeRights: u64 = 1 << 6;
export const listRights: u64 = 1 << 14;
