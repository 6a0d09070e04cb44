/** Where the two module names of preview 1 differ in the layout of records and the meaning of values. */
export interface AbiVersion {
  readonly filestat: {
    readonly sizeBytes: number;
    readonly linkCountOffset: number;
    readonly linkCountBytes: 4 | 8;
    /** Of the file's size; the three times follow it. */
    readonly sizeOffset: number;
  };
  /** Values of `whence`. */
  readonly whence: { readonly set: number; readonly current: number; readonly end: number };
  readonly subscription: {
    readonly sizeBytes: number;
    /** Of the clock's id; timeout, precision and flags follow at 8, 16 and 24. */
    readonly clockOffset: number;
  };
}

/** `wasi_snapshot_preview1` */
export const snapshotPreview1: AbiVersion = {
  filestat: { sizeBytes: 64, linkCountOffset: 24, linkCountBytes: 8, sizeOffset: 32 },
  whence: { set: 0, current: 1, end: 2 },
  subscription: { sizeBytes: 48, clockOffset: 16 },
};

/** `wasi_unstable`, snapshot 0: 32-bit link counts, another order of `whence`, clocks with an identifier in front. */
export const unstable: AbiVersion = {
  filestat: { sizeBytes: 56, linkCountOffset: 20, linkCountBytes: 4, sizeOffset: 24 },
  whence: { set: 2, current: 0, end: 1 },
  subscription: { sizeBytes: 56, clockOffset: 24 },
};
