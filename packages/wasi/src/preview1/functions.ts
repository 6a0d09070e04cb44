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
import { fdPread, fdPwrite, fdRead, fdSeek, fdTell, fdWrite } from "./calls/fd-io.ts";
import { pathOpen } from "./calls/path-open.ts";

/** The functions of `wasi_snapshot_preview1` by their import names. */
export const preview1Functions: Readonly<Record<string, Preview1Call>> = {
  args_get: argsGet,
  args_sizes_get: argsSizesGet,
  clock_res_get: clockResGet,
  clock_time_get: clockTimeGet,
  environ_get: environGet,
  environ_sizes_get: environSizesGet,
  fd_close: fdClose,
  fd_fdstat_get: fdFdstatGet,
  fd_fdstat_set_flags: fdFdstatSetFlags,
  fd_fdstat_set_rights: fdFdstatSetRights,
  fd_pread: fdPread,
  fd_prestat_dir_name: fdPrestatDirName,
  fd_prestat_get: fdPrestatGet,
  fd_pwrite: fdPwrite,
  fd_read: fdRead,
  fd_renumber: fdRenumber,
  fd_seek: fdSeek,
  fd_tell: fdTell,
  fd_write: fdWrite,
  path_open: pathOpen,
  proc_exit: procExit,
  proc_raise: procRaise,
  random_get: randomGet,
  sched_yield: schedYield,
};

/** Those that may answer a promise; all others are plain imports, which cost a fifth of a suspending one. */
export const waitingFunctions: ReadonlySet<string> = new Set([
  "fd_read",
  "fd_write",
  "poll_oneoff",
  "sched_yield",
  "sock_accept",
  "sock_recv",
  "sock_send",
]);
