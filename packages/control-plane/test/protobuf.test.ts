import { describe, expect, test } from "vitest";
import { SchemaCatalog } from "../src/decoding/schema-catalog.ts";
import { decodeProtobuf } from "../src/protobuf/decode-protobuf.ts";
import { allSchemas } from "../src/resources/extra-schemas.ts";

const schemas = new SchemaCatalog(allSchemas);

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

function bytes(number: number, content: Buffer | string): Buffer {
  const body = Buffer.from(content);
  return Buffer.concat([varint(BigInt(number << 3) | 2n), varint(BigInt(body.length)), body]);
}

function integer(number: number, value: number): Buffer {
  return Buffer.concat([varint(BigInt(number << 3)), varint(BigInt(value))]);
}

function message(number: number, ...fields: Buffer[]): Buffer {
  return bytes(number, Buffer.concat(fields));
}

function envelope(apiVersion: string, kind: string, ...fields: Buffer[]): Buffer {
  return Buffer.concat([Buffer.from("k8s\0"), message(1, bytes(1, apiVersion), bytes(2, kind)), message(2, ...fields)]);
}

describe("decodeProtobuf()", () => {
  test("reads names, maps, bytes and zero values", () => {
    const body = envelope(
      "v1",
      "Secret",
      message(1, bytes(1, "s"), bytes(2, ""), message(8), message(11, bytes(1, "app"), bytes(2, "web"))),
      message(2, bytes(1, "key"), bytes(2, Buffer.from([0, 255]))),
      bytes(3, "Opaque"),
      integer(5, 1),
    );
    expect(decodeProtobuf(body, "core/v1.Secret", schemas)).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s", generateName: "", labels: { app: "web" } },
      data: { key: "AP8=" },
      type: "Opaque",
      immutable: true,
    });
  });

  test("reads messages that JSON shows in line, quantities, times and ports by name or number", () => {
    const quantity = message(2, bytes(1, "500m"));
    const limits = message(1, Buffer.concat([bytes(1, "cpu"), quantity]));
    const port = message(2, integer(1, 1), integer(2, 0), bytes(3, "http"));
    const probe = message(10, message(1, message(2, bytes(1, "/"), port)), integer(2, 5));
    const container = message(2, bytes(1, "a"), message(8, limits), probe);
    const volume = message(1, bytes(1, "v"), message(2, message(2)));
    const spec = message(2, volume, container, integer(4, 0));
    const started = message(3, message(7, integer(1, 1_767_225_600), integer(2, 0)));
    const body = envelope("v1", "Pod", message(1, bytes(1, "p")), spec, started);
    expect(decodeProtobuf(body, "core/v1.Pod", schemas)).toMatchObject({
      spec: {
        volumes: [{ name: "v", emptyDir: {} }],
        containers: [
          {
            name: "a",
            resources: { limits: { cpu: "500m" } },
            livenessProbe: { httpGet: { path: "/", port: "http" }, initialDelaySeconds: 5 },
          },
        ],
        terminationGracePeriodSeconds: 0,
      },
      status: { startTime: "2026-01-01T00:00:00Z" },
    });
  });

  test("reads negative numbers and skips fields it does not know", () => {
    const body = envelope("v1", "Pod", message(2, integer(25, -5), bytes(4000, "?")));
    expect(decodeProtobuf(body, "core/v1.Pod", schemas)).toMatchObject({ spec: { priority: -5 } });
  });

  test.each([
    ["no prefix", Buffer.from("{}")],
    ["a field longer than the rest", Buffer.concat([Buffer.from("k8s\0"), Buffer.from([0x12, 0x7f, 1])])],
    ["a number without end", Buffer.concat([Buffer.from("k8s\0"), Buffer.alloc(20, 0xff)])],
    ["a reserved wire type", Buffer.concat([Buffer.from("k8s\0"), Buffer.from([0x0b])])],
    ["bytes where a message belongs", envelope("v1", "Pod", integer(1, 1))],
  ])("refuses %s", (_, body) => {
    expect(() => decodeProtobuf(body, "core/v1.Pod", schemas)).toThrow("the protobuf body cannot be read");
  });

  test("never hangs or crashes on random bytes", () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    let state = seed;
    const next = () => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      return state;
    };
    for (let round = 0; round < 300; round++) {
      const noise = Buffer.from(Array.from({ length: next() % 200 }, () => next() % 256));
      const body = Buffer.concat([Buffer.from("k8s\0"), message(2, noise)]);
      try {
        decodeProtobuf(body, "core/v1.Pod", schemas);
      } catch (error) {
        expect((error as Error).message, `seed ${seed} round ${round}`).toMatch(/protobuf body cannot be read/);
      }
    }
  });
});
