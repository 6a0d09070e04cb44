/**
 * Rights of descriptors (`rights` of wasi_snapshot_preview1.witx). All 30 fit a number, so only the edges deal in `bigint`.
 */
export const Right = {
  fdDatasync: 0x1,
  fdRead: 0x2,
  fdSeek: 0x4,
  fdFdstatSetFlags: 0x8,
  fdSync: 0x10,
  fdTell: 0x20,
  fdWrite: 0x40,
  fdAdvise: 0x80,
  fdAllocate: 0x100,
  pathCreateDirectory: 0x200,
  pathCreateFile: 0x400,
  pathLinkSource: 0x800,
  pathLinkTarget: 0x1000,
  pathOpen: 0x2000,
  fdReaddir: 0x4000,
  pathReadlink: 0x8000,
  pathRenameSource: 0x10000,
  pathRenameTarget: 0x20000,
  pathFilestatGet: 0x40000,
  pathFilestatSetSize: 0x80000,
  pathFilestatSetTimes: 0x100000,
  fdFilestatGet: 0x200000,
  fdFilestatSetSize: 0x400000,
  fdFilestatSetTimes: 0x800000,
  pathSymlink: 0x1000000,
  pathRemoveDirectory: 0x2000000,
  pathUnlinkFile: 0x4000000,
  pollFdReadwrite: 0x8000000,
  sockShutdown: 0x10000000,
  sockAccept: 0x20000000,
} as const;

export const allRights: number = 2 ** 30 - 1;

/** What can be done with a regular file. */
export const fileRights: number =
  Right.fdDatasync |
  Right.fdRead |
  Right.fdSeek |
  Right.fdFdstatSetFlags |
  Right.fdSync |
  Right.fdTell |
  Right.fdWrite |
  Right.fdAdvise |
  Right.fdAllocate |
  Right.fdFilestatGet |
  Right.fdFilestatSetSize |
  Right.fdFilestatSetTimes |
  Right.pollFdReadwrite;

/** What can be done with a directory. */
export const directoryRights: number =
  Right.fdFdstatSetFlags |
  Right.fdSync |
  Right.fdDatasync |
  Right.fdAdvise |
  Right.pathCreateDirectory |
  Right.pathCreateFile |
  Right.pathLinkSource |
  Right.pathLinkTarget |
  Right.pathOpen |
  Right.fdReaddir |
  Right.pathReadlink |
  Right.pathRenameSource |
  Right.pathRenameTarget |
  Right.pathFilestatGet |
  Right.pathFilestatSetSize |
  Right.pathFilestatSetTimes |
  Right.fdFilestatGet |
  Right.fdFilestatSetTimes |
  Right.pathSymlink |
  Right.pathRemoveDirectory |
  Right.pathUnlinkFile |
  Right.pollFdReadwrite;

const streamRights = Right.fdFdstatSetFlags | Right.fdFilestatGet | Right.pollFdReadwrite;

export const inputRights: number = streamRights | Right.fdRead;
export const outputRights: number = streamRights | Right.fdWrite;
export const socketRights: number = inputRights | outputRights | Right.sockShutdown;
export const listenerRights: number = streamRights | Right.sockAccept;

/** The rights of a guest's 64-bit word; bits that name no right are refused with undefined. */
export function rightsFromGuest(word: bigint): number | undefined {
  // A guest's i64 arrives signed.
  const rights = BigInt.asUintN(64, word);
  return rights > BigInt(allRights) ? undefined : Number(rights);
}
