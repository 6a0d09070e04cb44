/** Error numbers of preview 1 (`errno` of wasi_snapshot_preview1.witx); `wasi_unstable` has the same. */
export const Errno = {
  success: 0,
  toobig: 1,
  acces: 2,
  addrinuse: 3,
  addrnotavail: 4,
  afnosupport: 5,
  again: 6,
  already: 7,
  badf: 8,
  badmsg: 9,
  busy: 10,
  canceled: 11,
  child: 12,
  connaborted: 13,
  connrefused: 14,
  connreset: 15,
  deadlk: 16,
  destaddrreq: 17,
  dom: 18,
  dquot: 19,
  exist: 20,
  fault: 21,
  fbig: 22,
  hostunreach: 23,
  idrm: 24,
  ilseq: 25,
  inprogress: 26,
  intr: 27,
  inval: 28,
  io: 29,
  isconn: 30,
  isdir: 31,
  loop: 32,
  mfile: 33,
  mlink: 34,
  msgsize: 35,
  multihop: 36,
  nametoolong: 37,
  netdown: 38,
  netreset: 39,
  netunreach: 40,
  nfile: 41,
  nobufs: 42,
  nodev: 43,
  noent: 44,
  noexec: 45,
  nolck: 46,
  nolink: 47,
  nomem: 48,
  nomsg: 49,
  noprotoopt: 50,
  nospc: 51,
  nosys: 52,
  notconn: 53,
  notdir: 54,
  notempty: 55,
  notrecoverable: 56,
  notsock: 57,
  notsup: 58,
  notty: 59,
  nxio: 60,
  overflow: 61,
  ownerdead: 62,
  perm: 63,
  pipe: 64,
  proto: 65,
  protonosupport: 66,
  prototype: 67,
  range: 68,
  rofs: 69,
  spipe: 70,
  srch: 71,
  stale: 72,
  timedout: 73,
  txtbsy: 74,
  xdev: 75,
  notcapable: 76,
} as const;
export type Errno = (typeof Errno)[keyof typeof Errno];

/**
 * Thrown inside an import to answer the guest with an errno.
 *
 * There is one instance per errno and its stack means nothing: a guest that fails in a loop must not cost a stack trace
 * each time.
 */
export class ErrnoSignal extends Error {
  readonly errno: Errno;

  constructor(name: string, errno: Errno) {
    super(name);
    this.errno = errno;
  }
}

const signals: readonly ErrnoSignal[] = Object.entries(Errno).map(([name, errno]) => new ErrnoSignal(name, errno));

/** The signal to throw for `errno`. */
export function errnoSignal(errno: Errno): ErrnoSignal {
  return signals[errno] as ErrnoSignal;
}

const byCode: ReadonlyMap<string, Errno> = new Map<string, Errno>([
  ...Object.entries(Errno).map(([name, errno]): [string, Errno] => [`E${name.toUpperCase()}`, errno]),
  ["E2BIG", Errno.toobig],
  ["EWOULDBLOCK", Errno.again],
  ["EOPNOTSUPP", Errno.notsup],
  ["ESHUTDOWN", Errno.pipe],
  // Node's own checks of arguments that a guest chose.
  ["ERR_INVALID_ARG_VALUE", Errno.inval],
  ["ERR_OUT_OF_RANGE", Errno.inval],
  ["ERR_STREAM_WRITE_AFTER_END", Errno.pipe],
  ["ERR_STREAM_DESTROYED", Errno.pipe],
]);

/** The errno for a POSIX or Node error code, or undefined for one that no guest can understand. */
export function errnoFromCode(code: string | undefined): Errno | undefined {
  return code === undefined ? undefined : byCode.get(code);
}
