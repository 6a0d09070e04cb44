import { isIPv4 } from "node:net";
import { RuntimeError } from "../../errors.ts";

/** A range of IPv4 addresses, as CIDR notation names them. */
export interface Ipv4Range {
  /** In its usual form, without bits below the prefix. */
  readonly cidr: string;
  /** The first address, as a number. */
  readonly first: number;
  readonly size: number;
}

/** Parses `10.1.2.0/24`; throws `RuntimeError` of code `InvalidArgument` for anything else than an IPv4 range. */
export function parseIpv4Range(cidr: string): Ipv4Range {
  const [, address = "", bits = ""] = /^([\d.]+)\/(\d{1,2})$/.exec(cidr) ?? [];
  const prefix = Number(bits);
  if (!isIPv4(address) || prefix > 32) {
    throw new RuntimeError("InvalidArgument", `Pod range is "${cidr}", expected an IPv4 range such as 10.1.2.0/24`);
  }
  const size = 2 ** (32 - prefix);
  const first = Math.floor(ipv4Number(address) / size) * size;
  return { cidr: `${ipv4Text(first)}/${prefix}`, first, size };
}

/** The number of an IPv4 address. */
export function ipv4Number(address: string): number {
  return address.split(".").reduce((number, part) => number * 256 + Number(part), 0);
}

/** The address of a number. */
export function ipv4Text(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}

/** Whether Linux has all addresses of the range without being told. */
export function isLoopback({ first }: Ipv4Range): boolean {
  return Math.floor(first / 2 ** 24) === 127;
}

const loopbackPrefix = 20;
const loopbackRanges = 2 ** (loopbackPrefix - 8);
/** 127.0.0.0/16, where machines have services of their own. */
const reservedRanges = 2 ** (loopbackPrefix - 16);

/**
 * A range of 4096 loopback addresses for the pods of one node. The same `seed` has the same range for ever, and the nodes of one
 * machine that have different ones are unlikely to share theirs.
 */
export function loopbackRange(seed: string): string {
  // FNV-1a: it only has to spread.
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(seed)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  const index = reservedRanges + (hash % (loopbackRanges - reservedRanges));
  return `${ipv4Text(127 * 2 ** 24 + index * 2 ** (32 - loopbackPrefix))}/${loopbackPrefix}`;
}
