import { describe, expect, test } from "vitest";
import { InvalidModuleError, inspectModule, limitMemory, MemoryLimitError, wasm } from "../src/index.ts";
import { compile } from "./guest-driver.ts";

const mebibyte = 1024 * 1024;
const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const bytes = (...parts: (number | number[])[]) => Uint8Array.from(parts.flat());

/** Pages that memory `name` of a fresh instance can grow to. */
async function growable(module: Uint8Array, name = "memory"): Promise<number> {
  const instance = new wasm.Instance(new wasm.Module(module));
  const memory = instance.exports[name] as { grow(pages: number): number; buffer: ArrayBuffer };
  let pages = 4096;
  while (pages >= 1) {
    try {
      memory.grow(pages);
    } catch {
      pages = Math.floor(pages / 2);
    }
  }
  return memory.buffer.byteLength / 65_536;
}

describe("inspectModule()", () => {
  test("lists imports, exports and memories and knows what is not served", async () => {
    const module = await compile(`(module
      (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
      (import "wasi_unstable" "sock_accept" (func (param i32) (result i32)))
      (import "wasi_snapshot_preview1" "toString" (func))
      (import "env" "table" (table 1 2 funcref))
      (import "env" "global" (global (mut i64)))
      (import "env" "memory" (memory 1 5))
      (func $init) (start $init)
      (func (export "_start")) (global (export "g") i32 (i32.const 0)))`);
    const inspection = inspectModule(module);
    expect(inspection.kind).toBe("module");
    expect(inspection.imports.map(({ name, kind }) => [name, kind])).toEqual([
      ["fd_write", "function"],
      ["sock_accept", "function"],
      ["toString", "function"],
      ["table", "table"],
      ["global", "global"],
      ["memory", "memory"],
    ]);
    expect(inspection.unknownImports.map(({ name }) => name)).toEqual([
      "sock_accept",
      "toString",
      "table",
      "global",
      "memory",
    ]);
    expect(inspection.exports).toEqual([
      { name: "_start", kind: "function" },
      { name: "g", kind: "global" },
    ]);
    expect(inspection.memories).toEqual([
      { imported: true, minimumPages: 1n, maximumPages: 5n, shared: false, memory64: false, pageBytes: 65_536 },
    ]);
    expect(inspection.hasStartFunction).toBe(true);
    expect(inspection.entry).toBe("command");
  });

  test("tells commands, reactors and neither apart", async () => {
    const entry = async (text: string) => inspectModule(await compile(text)).entry;
    expect(await entry(`(module (func (export "_initialize")) (func (export "_start")))`)).toBe("command");
    expect(await entry(`(module (func (export "_initialize")))`)).toBe("reactor");
    expect(await entry(`(module (memory (export "_start") 1))`)).toBe("none");
  });

  test("reads shared and 64-bit memories", async () => {
    const shared = await compile(`(module (memory 1 3 shared))`, { threads: true });
    expect(inspectModule(shared).memories).toMatchObject([{ shared: true, maximumPages: 3n, imported: false }]);
    const wide = await compile(`(module (memory i64 1))`, { memory64: true });
    expect(inspectModule(wide).memories).toMatchObject([{ memory64: true, maximumPages: undefined }]);
  });

  test("recognises components", () => {
    const component = bytes([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00], 1, 2, 3);
    expect(inspectModule(component)).toMatchObject({ kind: "component", imports: [], exports: [] });
  });

  const invalid: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ["nothing", bytes(), /does not start/],
    ["text", Uint8Array.from(Buffer.from("(module)  ")), /does not start/],
    ["an ELF file", bytes(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0), /does not start/],
    ["a cut-off header", bytes(header.slice(0, 7)), /does not start/],
    ["another version", bytes([0x00, 0x61, 0x73, 0x6d, 0x02, 0, 0, 0]), /version 2/],
    ["a section beyond the end", bytes(header, 1, 5, 0), /cut off at byte 10/],
    ["a section without size", bytes(header, 1), /cut off/],
    ["an unknown section", bytes(header, 14, 0), /section 14 is unknown/],
    ["sections out of order", bytes(header, 7, 1, 0, 5, 1, 0), /section 5 is out of order/],
    ["a section twice", bytes(header, 5, 1, 0, 5, 1, 0), /out of order/],
    ["more entries than bytes", bytes(header, 7, 1, 9), /cut off/],
    ["bytes after the entries", bytes(header, 7, 2, 0, 0), /longer than its entries/],
    ["a huge count", bytes(header, 2, 5, 0xff, 0xff, 0xff, 0xff, 0x0f), /more than the 100000/],
    ["a number that is too long", bytes(header, 2, 6, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00), /too long/],
    ["a number that is too large", bytes(header, 2, 5, 0xff, 0xff, 0xff, 0xff, 0x1f), /too large/],
    ["a name that is no UTF-8", bytes(header, 7, 5, 1, 1, 0xff, 0, 0), /UTF-8/],
    ["an unknown kind", bytes(header, 7, 5, 1, 1, 0x61, 9, 0), /kind 9/],
    ["a maximum below the minimum", bytes(header, 5, 4, 1, 1, 2, 1), /below its minimum/],
    ["unknown limits", bytes(header, 5, 3, 1, 16, 1), /unknown flags 16/],
  ];
  for (const [what, module, message] of invalid) {
    test(`refuses ${what}`, () => {
      expect(() => inspectModule(module)).toThrow(InvalidModuleError);
      expect(() => inspectModule(module)).toThrow(message);
    });
  }

  test("refuses every module that is cut off, and never hangs on a changed byte", async () => {
    const module = await compile(`(module (import "a" "b" (func)) (memory (export "memory") 1 2)
      (func (export "_start")) (data (i32.const 0) "x"))`);
    let refused = 0;
    for (let length = 0; length < module.length; length++) {
      try {
        inspectModule(module.subarray(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidModuleError);
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(module.length / 2);
    const changed = Uint8Array.from(module);
    for (let index = 0; index < module.length; index++) {
      for (const value of [0x00, 0x7f, 0x80, 0xff]) {
        changed[index] = value;
        try {
          inspectModule(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidModuleError);
        }
      }
      changed[index] = module[index] as number;
    }
  });
});

describe("limitMemory()", () => {
  test("gives a memory without maximum one, and the guest cannot grow beyond", async () => {
    const module = await compile(`(module (memory (export "memory") 2) (data (i32.const 0) "kept"))`);
    const limited = limitMemory(module, mebibyte);
    expect(inspectModule(limited).memories).toMatchObject([{ minimumPages: 2n, maximumPages: 16n }]);
    expect(await growable(limited)).toBe(16);
    const instance = new wasm.Instance(new wasm.Module(limited));
    const memory = instance.exports["memory"] as { buffer: ArrayBuffer };
    expect(Buffer.from(memory.buffer, 0, 4).toString()).toBe("kept");
  });

  test("lowers a maximum and never raises one", async () => {
    const module = await compile(`(module (memory (export "memory") 1 1000))`);
    expect(await growable(limitMemory(module, 200 * 65_536 + 10))).toBe(200);
    expect(limitMemory(module, 1000 * 65_536)).toBe(module);
    expect(limitMemory(module, 2 ** 40)).toBe(module);
    expect(await growable(limitMemory(module, 65_536))).toBe(1);
  });

  test("limits an imported memory", async () => {
    const module = await compile(`(module (import "env" "m" (memory 1)) (import "a" "f" (func)))`);
    expect(inspectModule(limitMemory(module, mebibyte)).memories).toMatchObject([
      { maximumPages: 16n, imported: true },
    ]);
    expect(inspectModule(limitMemory(module, mebibyte)).imports).toEqual(inspectModule(module).imports);
  });

  test("shares the limit among several memories", async () => {
    const module = await compile(`(module (memory (export "a") 2) (memory (export "b") 4 1000) (memory 3 3))`, {
      multi_memory: true,
    });
    const limited = limitMemory(module, 29 * 65_536);
    expect(inspectModule(limited).memories.map(({ maximumPages }) => maximumPages)).toEqual([12n, 14n, 3n]);
    expect(await growable(limited, "a")).toBe(12);
    expect(await growable(limited, "b")).toBe(14);
  });

  test("changes the length of numbers and sections where it must", async () => {
    const module = await compile(`(module (memory (export "memory") 1 65536) (func (export "_start")))`);
    const limited = limitMemory(module, 4 * mebibyte);
    expect(limited.length).toBeLessThan(module.length);
    expect(await growable(limited)).toBe(64);
    const grown = limitMemory(await compile(`(module (memory (export "memory") 1))`), 2 ** 30);
    expect(inspectModule(grown).memories).toMatchObject([{ maximumPages: 16_384n }]);
    new wasm.Module(grown);
  });

  test("refuses a module that needs more from the start", async () => {
    const module = await compile(`(module (memory 17))`);
    expect(() => limitMemory(module, mebibyte)).toThrow(MemoryLimitError);
    expect(() => limitMemory(module, mebibyte)).toThrow(/1048576.*1114112/);
  });

  test("leaves a module without memory alone and refuses a component", async () => {
    const module = await compile(`(module)`);
    expect(limitMemory(module, 0)).toBe(module);
    const component = bytes([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]);
    expect(() => limitMemory(component, mebibyte)).toThrow(InvalidModuleError);
  });

  test("does not loop on a section that claims four billion memories", () => {
    const module = bytes(header, 5, 5, 0xff, 0xff, 0xff, 0xff, 0x0f);
    expect(() => limitMemory(module, mebibyte)).toThrow(InvalidModuleError);
  });
});
