import { RpcError } from "../errors.ts";
import { WireReader } from "./reader.ts";
import { WireWriter, wireTypes } from "./writer.ts";

/** How a field's value is read and written; made by the field functions of this module only. */
export interface WireField<T> {
  readonly number: number;
  /** Name of the protobuf type, or `message`. */
  readonly type: "string" | "bytes" | "bool" | "uint32" | "int32" | "int64" | "uint64" | "enum" | "message" | "map";
  readonly repeated: boolean;
  readonly message?: () => WireMessage<object>;
  /** Value of a field that is absent; made anew for each message. */
  readonly initial: () => T;
  readonly write: (writer: WireWriter, value: T) => void;
  readonly read: (reader: WireReader, wireType: number, previous: T) => T;
}

/** A message type as a table of fields: the codec for programs that cannot afford a full protobuf runtime. */
export interface WireMessage<T extends object> {
  /** Full protobuf name, for example `containerd.task.v3.StartRequest`. */
  readonly name: string;
  readonly fields: { readonly [K in keyof T]: WireField<T[K]> };
  encode(value: Partial<T>): Uint8Array;
  /** Throws `RpcError` of code `InvalidArgument` on malformed bytes. Byte fields of the result are views of `bytes`. */
  decode(bytes: Uint8Array): T;
}

/** Defines a message type from its fields; absent fields decode to proto3's defaults, unknown ones are passed over. */
export function wireMessage<T extends object>(
  name: string,
  fields: { readonly [K in keyof T]: WireField<T[K]> },
): WireMessage<T> {
  const entries = Object.entries(fields) as [keyof T & string, WireField<unknown>][];
  const byNumber = new Map(entries.map(([key, field]) => [field.number, { key, field }]));
  return {
    name,
    fields,
    encode(value) {
      const writer = new WireWriter();
      for (const [key, field] of entries) {
        const given: unknown = value[key];
        if (given !== undefined) field.write(writer, given);
      }
      return writer.bytes;
    },
    decode(bytes) {
      const result: Record<string, unknown> = {};
      for (const [key, field] of entries) result[key] = field.initial();
      const reader = new WireReader(bytes);
      while (!reader.done) {
        const { field: number, wireType } = reader.tag();
        const known = byNumber.get(number);
        if (known === undefined) reader.skip(wireType);
        else result[known.key] = known.field.read(reader, wireType, result[known.key]);
      }
      return result as T;
    },
  };
}

export function stringField(number: number): WireField<string> {
  return scalar(number, "string", () => "", wireTypes.bytes, {
    isDefault: (value) => value === "",
    write: (writer, value) => writer.string(value),
    read: (reader) => reader.string(),
  });
}

export function bytesField(number: number): WireField<Uint8Array> {
  return scalar<Uint8Array>(number, "bytes", () => new Uint8Array(0), wireTypes.bytes, {
    isDefault: (value) => value.length === 0,
    write: (writer, value) => writer.lengthDelimited(value),
    read: (reader) => reader.lengthDelimited(),
  });
}

export function boolField(number: number): WireField<boolean> {
  return scalar(number, "bool", () => false, wireTypes.varint, {
    isDefault: (value) => !value,
    write: (writer, value) => writer.varint(value ? 1n : 0n),
    read: (reader) => reader.varint() !== 0n,
  });
}

export function uint32Field(number: number): WireField<number> {
  return smallInteger(number, "uint32", (value) => BigInt.asUintN(32, value));
}

export function int32Field(number: number): WireField<number> {
  return smallInteger(number, "int32", (value) => BigInt.asIntN(32, value));
}

export function enumField(number: number): WireField<number> {
  return smallInteger(number, "enum", (value) => BigInt.asIntN(32, value));
}

export function int64Field(number: number): WireField<bigint> {
  return bigInteger(number, "int64", (value) => BigInt.asIntN(64, value));
}

export function uint64Field(number: number): WireField<bigint> {
  return bigInteger(number, "uint64", (value) => BigInt.asUintN(64, value));
}

/** A message field; absent decodes to undefined. */
export function messageField<T extends object>(
  number: number,
  message: () => WireMessage<T>,
): WireField<T | undefined> {
  return {
    ...scalar<T | undefined>(number, "message", () => undefined, wireTypes.bytes, {
      isDefault: (value) => value === undefined,
      write: (writer, value) => writer.lengthDelimited(message().encode(value ?? {})),
      read: (reader) => message().decode(reader.lengthDelimited()),
    }),
    message: message as unknown as () => WireMessage<object>,
  };
}

/** A repeated field of strings or messages: the kinds that proto3 does not pack. */
export function repeatedField<T>(element: WireField<T>): WireField<T[]> {
  return {
    ...element,
    repeated: true,
    initial: () => [],
    write(writer, values) {
      for (const value of values) {
        writer.tag(element.number, wireTypes.bytes);
        if (element.type === "string") writer.string(value as string);
        else if (element.type === "bytes") writer.lengthDelimited(value as Uint8Array);
        else writer.lengthDelimited(element.message?.().encode(value as object) ?? new Uint8Array(0));
      }
    },
    read(reader, wireType, previous) {
      previous.push(element.read(reader, wireType, element.initial()));
      return previous;
    },
  };
}

/** A `map<string, string>` field. */
export function stringMapField(number: number): WireField<Record<string, string>> {
  const entry = wireMessage<{ key: string; value: string }>("", { key: stringField(1), value: stringField(2) });
  return {
    number,
    type: "map",
    repeated: false,
    // No prototype: a key such as `__proto__` is a key like any other.
    initial: () => Object.create(null) as Record<string, string>,
    write(writer, values) {
      for (const [key, value] of Object.entries(values)) {
        writer.tag(number, wireTypes.bytes);
        writer.lengthDelimited(entry.encode({ key, value }));
      }
    },
    read(reader, wireType, previous) {
      expectWireType(number, wireType, wireTypes.bytes);
      const { key, value } = entry.decode(reader.lengthDelimited());
      previous[key] = value;
      return previous;
    },
  };
}

function smallInteger(
  number: number,
  type: WireField<number>["type"],
  wrap: (value: bigint) => bigint,
): WireField<number> {
  return scalar(number, type, () => 0, wireTypes.varint, {
    isDefault: (value) => value === 0,
    write: (writer, value) => writer.varint(BigInt(value)),
    read: (reader) => Number(wrap(reader.varint())),
  });
}

function bigInteger(
  number: number,
  type: WireField<bigint>["type"],
  wrap: (value: bigint) => bigint,
): WireField<bigint> {
  return scalar(number, type, () => 0n, wireTypes.varint, {
    isDefault: (value) => value === 0n,
    write: (writer, value) => writer.varint(value),
    read: (reader) => wrap(reader.varint()),
  });
}

function scalar<T>(
  number: number,
  type: WireField<T>["type"],
  initial: () => T,
  expected: number,
  codec: {
    isDefault: (value: T) => boolean;
    write: (writer: WireWriter, value: T) => void;
    read: (reader: WireReader) => T;
  },
): WireField<T> {
  return {
    number,
    type,
    repeated: false,
    initial,
    write(writer, value) {
      if (codec.isDefault(value)) return;
      writer.tag(number, expected);
      codec.write(writer, value);
    },
    read(reader, wireType) {
      expectWireType(number, wireType, expected);
      return codec.read(reader);
    },
  };
}

function expectWireType(field: number, found: number, expected: number): void {
  if (found === expected) return;
  throw new RpcError(
    "InvalidArgument",
    `Cannot decode protobuf message: field ${field} has wire type ${found}, expected ${expected}`,
  );
}
