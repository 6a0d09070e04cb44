import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readComponentInterface } from "../src/component-interface.ts";
import { type ByteReader, inspectWasm, inspectWasmFile } from "../src/wasm-kind.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { componentWith, emptyModule, moduleOfSize } from "./wasm-binaries.ts";

function inspect(bytes: Buffer) {
  const read: ByteReader = async (offset, length) => bytes.subarray(offset, offset + length);
  return inspectWasm(read, bytes.length, "app.wasm");
}

describe("inspectWasm()", () => {
  test("tells modules from components", async () => {
    expect((await inspect(emptyModule)).kind).toBe("module");
    expect((await inspect(moduleOfSize(200_000))).sections).toEqual([{ id: 0, offset: 12, sizeBytes: 200_005 }]);
    expect((await inspect(componentWith(["a:b/c"], []))).kind).toBe("component");
  });

  test.each<[string, Buffer, string, string]>([
    ["nothing", Buffer.alloc(0), "NotWasm", "app.wasm is no WebAssembly; it is empty"],
    ["a Linux program", Buffer.from("\x7fELF\x02\x01\x01\x00rest", "latin1"), "NotWasm", "(a Linux program)"],
    ["a script", Buffer.from("#!/bin/sh\n"), "NotWasm", '"#!/bin/s" (a script)'],
    ["text", Buffer.from("(module)"), "NotWasm", "WebAssembly text; compile it"],
    ["compressed data", Buffer.from("1f8b0800000000", "hex"), "NotWasm", "(gzip data)"],
    ["one byte", Buffer.from([0xff]), "NotWasm", "starts with ff"],
    ["a cut preamble", emptyModule.subarray(0, 6), "TruncatedModule", "6 bytes"],
    ["a cut section", moduleOfSize(1000).subarray(0, 500), "TruncatedModule", "500 bytes"],
    ["a cut section header", Buffer.concat([emptyModule, Buffer.from([1])]), "TruncatedModule", "9 bytes"],
    ["an endless number", Buffer.concat([emptyModule, Buffer.alloc(10, 0xff)]), "TruncatedModule", "18 bytes"],
    ["another version", Buffer.from("0061736d02000000", "hex"), "Unsupported", "version 2, layer 0"],
    ["an old component", Buffer.from("0061736d0c000100", "hex"), "Unsupported", "version 12, layer 1"],
  ])("refuses %s", async (_name, bytes, code, problem) => {
    await expect(inspect(bytes)).rejects.toMatchObject({ code, message: expect.stringContaining(problem) });
  });

  test("every cut of a module is noticed", async () => {
    const module = Buffer.concat([moduleOfSize(30), moduleOfSize(200).subarray(8)]);
    const ends = new Set((await inspect(module)).sections.map(({ offset, sizeBytes }) => offset + sizeBytes).concat(8));
    for (let length = 0; length < module.length; length++) {
      const result = inspect(module.subarray(0, length));
      if (ends.has(length)) await result;
      else await expect(result).rejects.toThrow();
    }
  });

  test("reads files", async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "x");
    writeFileSync(path, moduleOfSize(70_000));
    expect(await inspectWasmFile(path, "x")).toMatchObject({ kind: "module", sizeBytes: 70_017 });
  });
});

describe("readComponentInterface()", () => {
  const read = async (bytes: Buffer) => {
    const reader: ByteReader = async (offset, length) => bytes.subarray(offset, offset + length);
    return readComponentInterface(reader, await inspectWasm(reader, bytes.length, "c"), "c");
  };

  test("reads names", async () => {
    const names = ["wasi:cli/environment@0.2.0", "wasi:http/types@0.2.3"];
    expect(await read(componentWith(names, ["wasi:cli/run@0.2.0"]))).toEqual({
      imports: names,
      exports: ["wasi:cli/run@0.2.0"],
    });
    expect(await read(componentWith([], []))).toEqual({ imports: [], exports: [] });
  });

  test("passes over all kinds of definitions", async () => {
    const imports = Buffer.concat([
      Buffer.from([6]),
      ...[
        [0x00, 0x11, 3], // core module
        [0x01, 0x81, 0x01], // function of type 129
        [0x02, 0x01, 0x7f], // value of type bool
        [0x03, 0x00, 5], // type equal to 5
        [0x03, 0x01], // resource
        [0x04, 2], // component
      ].map((descriptor, index) => Buffer.from([0, 1, 0x61 + index, ...descriptor])),
    ]);
    const exports = Buffer.from([2, 0, 1, 0x78, 0x00, 0x11, 4, 0, 0, 1, 0x79, 0x01, 7, 1, 0x01, 0]);
    const section = (id: number, content: Buffer) => Buffer.concat([Buffer.from([id, content.length]), content]);
    const bytes = Buffer.concat([Buffer.from("0061736d0d000100", "hex"), section(10, imports), section(11, exports)]);
    expect(await read(bytes)).toEqual({ imports: ["a", "b", "c", "d", "e", "f"], exports: ["x", "y"] });
  });

  test("refuses what it does not know and what is cut off", async () => {
    const preamble = Buffer.from("0061736d0d000100", "hex");
    for (const section of [
      [10, 1, 200],
      [10, 4, 1, 9, 1, 0x61],
      [10, 4, 1, 0, 9, 0x61],
      [11, 3, 1, 0, 0],
    ])
      await expect(read(Buffer.concat([preamble, Buffer.from(section)]))).rejects.toThrow(
        /unknown encoding|no complete/,
      );
  });
});
