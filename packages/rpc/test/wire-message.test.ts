import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  boolField,
  bytesField,
  int32Field,
  int64Field,
  messageField,
  RpcError,
  repeatedField,
  stringField,
  stringMapField,
  uint32Field,
  uint64Field,
  type WireMessage,
  wireMessage,
} from "@wherry/rpc/ttrpc";
import { describe, expect, test } from "vitest";
import { CreateTaskRequestSchema, UpdateTaskRequestSchema } from "../src/gen/containerd/task/v3/shim_pb.ts";
import { GuestSpecSchema } from "../src/gen/wherry/engine/v1/engine_pb.ts";

const numbers = wireMessage("test.Numbers", {
  flag: boolField(1),
  small: int32Field(2),
  unsigned: uint32Field(3),
  big: int64Field(4),
  bigUnsigned: uint64Field(5),
});

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("wireMessage()", () => {
  test("wireMessage() leaves out fields that have their default", () => {
    expect(hex(numbers.encode({ flag: false, small: 0, unsigned: 0, big: 0n, bigUnsigned: 0n }))).toBe("");
  });

  test("wireMessage() writes negative numbers in ten bytes", () => {
    expect(hex(numbers.encode({ small: -1 }))).toBe("10ffffffffffffffffff01");
    expect(numbers.decode(numbers.encode({ small: -1, big: -5n }))).toMatchObject({ small: -1, big: -5n });
  });

  test("wireMessage() keeps the largest values", () => {
    const value = {
      flag: true,
      small: -(2 ** 31),
      unsigned: 2 ** 32 - 1,
      big: -(2n ** 63n),
      bigUnsigned: 2n ** 64n - 1n,
    };
    expect(numbers.decode(numbers.encode(value))).toEqual(value);
  });

  test("wireMessage() passes over unknown fields of every wire type", () => {
    const unknown = Buffer.from("3801" + "410102030405060708" + "4a03616263" + "5501020304" + "0801", "hex");
    expect(numbers.decode(unknown).flag).toBe(true);
  });

  test.each([
    ["a field number of 0", "0001"],
    ["a group", "0b"],
    ["an endless number", "08ffffffffffffffffffff01"],
    ["a number cut off", "08ff"],
    ["a string longer than the message", "0a05616263"],
    ["a fixed field cut off", "4101"],
    ["a known field of another wire type", "0d01020304"],
  ])("wireMessage() refuses %s", (_, bytes) => {
    expect(() => numbers.decode(Buffer.from(bytes, "hex"))).toThrow(RpcError);
  });

  test("wireMessage() refuses strings that are not UTF-8", () => {
    const text = wireMessage("test.Text", { text: stringField(1) });
    expect(() => text.decode(Buffer.from("0a01ff", "hex"))).toThrow("not UTF-8");
  });

  test("wireMessage() decodes a map key like the name of an object's prototype", () => {
    const labels = wireMessage("test.Labels", { labels: stringMapField(1) });
    const { labels: decoded } = labels.decode(labels.encode({ labels: JSON.parse('{"__proto__":"x"}') }));
    expect(Object.entries(decoded)).toEqual([["__proto__", "x"]]);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });
});

interface AnyMessage {
  typeUrl: string;
  value: Uint8Array;
}

const any: WireMessage<AnyMessage> = wireMessage("google.protobuf.Any", {
  typeUrl: stringField(1),
  value: bytesField(2),
});

describe("wireMessage() beside the protobuf runtime", () => {
  test("wireMessage() reads and writes the bytes of CreateTaskRequest", () => {
    const table = wireMessage("containerd.task.v3.CreateTaskRequest", {
      id: stringField(1),
      bundle: stringField(2),
      terminal: boolField(4),
      options: messageField(10, () => any),
    });
    const value = { id: "c1", bundle: "/b", terminal: true, options: { typeUrl: "t", value: Uint8Array.of(1, 2) } };
    const theirs = toBinary(CreateTaskRequestSchema, create(CreateTaskRequestSchema, value));
    expect(hex(table.encode(value))).toBe(hex(theirs));
    expect(table.decode(theirs)).toEqual(value);
  });

  test("wireMessage() reads and writes maps and repeated fields", () => {
    const table = wireMessage("wherry.engine.v1.GuestSpec", {
      args: repeatedField(stringField(2)),
      env: stringMapField(3),
      memoryLimitBytes: uint64Field(5),
    });
    const value = { args: ["a", "", "ü"], env: { A: "1", B: "" }, memoryLimitBytes: 1n << 40n };
    expect(fromBinary(GuestSpecSchema, table.encode(value))).toMatchObject(value);
    expect(table.decode(toBinary(GuestSpecSchema, create(GuestSpecSchema, value)))).toEqual(value);
  });

  test("wireMessage() takes the last of a field that is there twice", () => {
    const table = wireMessage("containerd.task.v3.UpdateTaskRequest", { id: stringField(1) });
    const twice = Buffer.concat([table.encode({ id: "first" }), table.encode({ id: "second" })]);
    expect(table.decode(twice).id).toBe(fromBinary(UpdateTaskRequestSchema, twice).id);
  });
});
