import type { WasmMemory } from "../web-assembly.ts";
import { maxPathBytes } from "./abi.ts";
import { Errno, errnoSignal } from "./errno.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Bounds-checked access to a guest's linear memory.
 *
 * Addresses are a guest's i32, signed or not. Everything outside the memory throws EFAULT. Growing the memory detaches its
 * buffer, which shows as a length of 0, so one comparison both checks the bounds and finds out that the views are stale.
 */
export class GuestMemory {
  #memory: WasmMemory | undefined;
  #bytes: Uint8Array<ArrayBufferLike> = new Uint8Array(0);
  #view: DataView<ArrayBufferLike> = new DataView(this.#bytes.buffer);

  attach(memory: WasmMemory): void {
    this.#memory = memory;
    this.#refresh();
  }

  /** Throws EFAULT unless `size` bytes at `address` are inside the memory; the address as unsigned number. */
  check(address: number, size: number): number {
    const start = address >>> 0;
    if (start + size > this.#bytes.length) this.#checkAfterGrowth(start + size);
    return start;
  }

  u8(address: number): number {
    const start = this.check(address, 1);
    return this.#view.getUint8(start);
  }

  u16(address: number): number {
    const start = this.check(address, 2);
    return this.#view.getUint16(start, true);
  }

  u32(address: number): number {
    const start = this.check(address, 4);
    return this.#view.getUint32(start, true);
  }

  u64(address: number): bigint {
    const start = this.check(address, 8);
    return this.#view.getBigUint64(start, true);
  }

  setU8(address: number, value: number): void {
    const start = this.check(address, 1);
    this.#view.setUint8(start, value);
  }

  setU16(address: number, value: number): void {
    const start = this.check(address, 2);
    this.#view.setUint16(start, value, true);
  }

  setU32(address: number, value: number): void {
    const start = this.check(address, 4);
    this.#view.setUint32(start, value, true);
  }

  setU64(address: number, value: bigint): void {
    const start = this.check(address, 8);
    this.#view.setBigUint64(start, value, true);
  }

  /** A view, valid until the guest runs again. */
  bytes(address: number, size: number): Uint8Array<ArrayBufferLike> {
    const start = this.check(address, size >>> 0);
    return this.#bytes.subarray(start, start + (size >>> 0));
  }

  write(address: number, bytes: Uint8Array): void {
    const start = this.check(address, bytes.length);
    this.#bytes.set(bytes, start);
  }

  fill(address: number, size: number, value: number): void {
    const start = this.check(address, size);
    this.#bytes.fill(value, start, start + size);
  }

  /** A path: at most PATH_MAX bytes (ENAMETOOLONG) of UTF-8 (EILSEQ) without NUL (EINVAL). */
  path(address: number, size: number): string {
    const length = size >>> 0;
    const start = this.check(address, length);
    if (length > maxPathBytes) throw errnoSignal(Errno.nametoolong);
    let text: string;
    try {
      // A copy, as the decoder refuses views of a shared memory.
      text = utf8.decode(this.#bytes.slice(start, start + length));
    } catch {
      throw errnoSignal(Errno.ilseq);
    }
    if (text.includes("\0")) throw errnoSignal(Errno.inval);
    return text;
  }

  #refresh(): void {
    if (this.#memory === undefined) return;
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#view = new DataView(this.#memory.buffer);
  }

  #checkAfterGrowth(end: number): void {
    this.#refresh();
    if (end > this.#bytes.length) throw errnoSignal(Errno.fault);
  }
}
