/** Constants and record layouts of wasi_snapshot_preview1.witx that several calls share. */

export const FileType = {
  unknown: 0,
  blockDevice: 1,
  characterDevice: 2,
  directory: 3,
  regularFile: 4,
  socketDgram: 5,
  socketStream: 6,
  symbolicLink: 7,
} as const;
export type FileType = (typeof FileType)[keyof typeof FileType];

export const FdFlag = { append: 1, dsync: 2, nonblock: 4, rsync: 8, sync: 16 } as const;
export const allFdFlags = 31;

export const OpenFlag = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;
export const allOpenFlags = 15;

export const LookupFlag = { symlinkFollow: 1 } as const;

export const FstFlag = { atime: 1, atimeNow: 2, mtime: 4, mtimeNow: 8 } as const;
export const allFstFlags = 15;

/** The specification knows directories only; the other is of this host, for preopened sockets. */
export const PreopenType = { directory: 0, socket: 1 } as const;

export const ClockId = { realtime: 0, monotonic: 1, processCpuTime: 2, threadCpuTime: 3 } as const;

export const EventType = { clock: 0, fdRead: 1, fdWrite: 2 } as const;
export const subscriptionClockAbstime = 1;
export const eventHangup = 1;

export const RiFlag = { peek: 1, waitAll: 2 } as const;
export const roDataTruncated = 1;
export const SdFlag = { read: 1, write: 2 } as const;

export const maxPathBytes = 4096;
/** IOV_MAX of Linux. */
export const maxIovecs = 1024;
