import { type AbiVersion, snapshotPreview1, unstable } from "./abi-version.ts";
import type { Preview1Call } from "./calls/call.ts";
import { clockResGet, clockTimeGet } from "./calls/clocks.ts";
import {
  argsGet,
  argsSizesGet,
  environGet,
  environSizesGet,
  procExit,
  procRaise,
  randomGet,
  schedYield,
} from "./calls/environment.ts";
import {
  fdClose,
  fdFdstatGet,
  fdFdstatSetFlags,
  fdFdstatSetRights,
  fdPrestatDirName,
  fdPrestatGet,
  fdRenumber,
} from "./calls/fd-descriptor.ts";
import {
  fdAdvise,
  fdAllocate,
  fdDatasync,
  fdFilestatGet,
  fdFilestatSetSize,
  fdFilestatSetTimes,
  fdSync,
} from "./calls/fd-file.ts";
import { fdPread, fdPwrite, fdRead, fdSeek, fdTell, fdWrite } from "./calls/fd-io.ts";
import { fdReaddir } from "./calls/fd-readdir.ts";
import {
  pathCreateDirectory,
  pathReadlink,
  pathRemoveDirectory,
  pathSymlink,
  pathUnlinkFile,
} from "./calls/path-entries.ts";
import { pathFilestatGet, pathFilestatSetTimes } from "./calls/path-filestat.ts";
import { pathLink, pathRename } from "./calls/path-move.ts";
import { pathOpen } from "./calls/path-open.ts";
import { pollOneoff } from "./calls/poll.ts";
import { sockAccept, sockRecv, sockSend, sockShutdown } from "./calls/sockets.ts";

/** The functions of one module name by their import names. */
export type FunctionTable = Readonly<Record<string, Preview1Call>>;

/** Those of `wasi_unstable`: 45 of the 46. */
export const unstableFunctions: FunctionTable = functionsOf(unstable);

/** Those of `wasi_snapshot_preview1`. */
export const preview1Functions: FunctionTable = { ...functionsOf(snapshotPreview1), sock_accept: sockAccept };

/** Functions that may answer a promise; all others are plain imports, which cost a fifth of a suspending one. */
export const waitingFunctions: ReadonlySet<string> = new Set([
  "fd_read",
  "fd_write",
  "poll_oneoff",
  "sched_yield",
  "sock_accept",
  "sock_recv",
  "sock_send",
]);

/** Whether the hosts of this package serve function `name` of `module`. */
export function isPreview1Import(module: string, name: string): boolean {
  if (module === "wasi_snapshot_preview1") return Object.hasOwn(preview1Functions, name);
  return module === "wasi_unstable" && Object.hasOwn(unstableFunctions, name);
}

function functionsOf(abi: AbiVersion): FunctionTable {
  return {
    args_get: argsGet,
    args_sizes_get: argsSizesGet,
    clock_res_get: clockResGet,
    clock_time_get: clockTimeGet,
    environ_get: environGet,
    environ_sizes_get: environSizesGet,
    fd_advise: fdAdvise,
    fd_allocate: fdAllocate,
    fd_close: fdClose,
    fd_datasync: fdDatasync,
    fd_fdstat_get: fdFdstatGet,
    fd_fdstat_set_flags: fdFdstatSetFlags,
    fd_fdstat_set_rights: fdFdstatSetRights,
    fd_filestat_get: fdFilestatGet(abi),
    fd_filestat_set_size: fdFilestatSetSize,
    fd_filestat_set_times: fdFilestatSetTimes,
    fd_pread: fdPread,
    fd_prestat_dir_name: fdPrestatDirName,
    fd_prestat_get: fdPrestatGet,
    fd_pwrite: fdPwrite,
    fd_read: fdRead,
    fd_readdir: fdReaddir,
    fd_renumber: fdRenumber,
    fd_seek: fdSeek(abi),
    fd_sync: fdSync,
    fd_tell: fdTell,
    fd_write: fdWrite,
    path_create_directory: pathCreateDirectory,
    path_filestat_get: pathFilestatGet(abi),
    path_filestat_set_times: pathFilestatSetTimes,
    path_link: pathLink,
    path_open: pathOpen,
    path_readlink: pathReadlink,
    path_remove_directory: pathRemoveDirectory,
    path_rename: pathRename,
    path_symlink: pathSymlink,
    path_unlink_file: pathUnlinkFile,
    poll_oneoff: pollOneoff(abi),
    proc_exit: procExit,
    proc_raise: procRaise,
    random_get: randomGet,
    sched_yield: schedYield,
    sock_recv: sockRecv,
    sock_send: sockSend,
    sock_shutdown: sockShutdown,
  };
}
