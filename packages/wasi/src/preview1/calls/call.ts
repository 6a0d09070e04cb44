import type { Errno } from "../errno.ts";
import type { Guest } from "../guest.ts";

/** A guest's i32 arrives as a signed number, its i64 as a signed bigint. */
export type CallArgument = number & bigint;

/**
 * One function of preview 1. It answers an errno or throws what `Guest.errnoOf` turns into one.
 *
 * Calls listed as waiting may also answer a promise.
 */
export type Preview1Call = (guest: Guest, ...args: CallArgument[]) => Errno | Promise<Errno>;
