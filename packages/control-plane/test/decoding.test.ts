import { describe, expect, test } from "vitest";
import { decodeObject } from "../src/decoding/decode-object.ts";
import { findDuplicateFields } from "../src/decoding/duplicate-fields.ts";
import { SchemaCatalog } from "../src/decoding/schema-catalog.ts";
import { allSchemas } from "../src/resources/extra-schemas.ts";

const schemas = new SchemaCatalog(allSchemas);

function decode(type: string, value: unknown): { object: unknown; problems: string[] } {
  const findings = { problems: [] as string[] };
  return { object: decodeObject(value, schemas.struct(type), findings), problems: findings.problems };
}

describe("decodeObject()", () => {
  test("drops unknown fields and names them with their path", () => {
    const { object, problems } = decode("core/v1.Pod", {
      spec: { foo: 1, containers: [{ name: "a", imag: "x" }] },
      extra: true,
    });
    expect(object).toEqual({ spec: { containers: [{ name: "a" }] } });
    expect(problems).toEqual([
      'unknown field "spec.foo"',
      'unknown field "spec.containers[0].imag"',
      'unknown field "extra"',
    ]);
  });

  test("drops nulls, empty lists and maps, and zero values that Go leaves out", () => {
    const { object } = decode("core/v1.Pod", {
      metadata: { name: "p", labels: {}, creationTimestamp: null, finalizers: [], generateName: "" },
      spec: { hostNetwork: false, containers: [{ name: "a", env: [{ name: "x", value: "" }], stdin: false }] },
    });
    expect(object).toEqual({ metadata: { name: "p" }, spec: { containers: [{ name: "a", env: [{ name: "x" }] }] } });
  });

  test("keeps zeros behind pointers and in fields that are always shown", () => {
    const { object } = decode("core/v1.Pod", {
      spec: { terminationGracePeriodSeconds: 0, enableServiceLinks: false, containers: [{ name: "" }] },
      status: {
        containerStatuses: [{ name: "a", restartCount: 0, ready: false, state: { terminated: { exitCode: 0 } } }],
      },
    });
    expect(object).toEqual({
      spec: { terminationGracePeriodSeconds: 0, enableServiceLinks: false, containers: [{ name: "" }] },
      status: {
        containerStatuses: [{ name: "a", restartCount: 0, ready: false, state: { terminated: { exitCode: 0 } } }],
      },
    });
  });

  test("keeps empty structs, which say something", () => {
    const { object } = decode("core/v1.Pod", { spec: { volumes: [{ name: "v", emptyDir: {} }], containers: [] } });
    expect(object).toEqual({ spec: { volumes: [{ name: "v", emptyDir: {} }], containers: [] } });
  });

  test("brings quantities and times into canonical form", () => {
    const { object } = decode("core/v1.Node", {
      status: {
        capacity: { cpu: 2, memory: "1024Mi" },
        conditions: [{ type: "Ready", status: "True", lastHeartbeatTime: "2026-01-01T02:00:00.123+02:00" }],
      },
    });
    expect(object).toMatchObject({
      status: { capacity: { cpu: "2", memory: "1Gi" }, conditions: [{ lastHeartbeatTime: "2026-01-01T00:00:00Z" }] },
    });
    const lease = decode("coordination/v1.Lease", { spec: { renewTime: "2026-01-01T00:00:00.5Z" } });
    expect(lease.object).toEqual({ spec: { renewTime: "2026-01-01T00:00:00.500000Z" } });
  });

  test.each([
    [
      { spec: { terminationGracePeriodSeconds: "x" } },
      "cannot unmarshal string into Go struct field PodSpec.spec.terminationGracePeriodSeconds of type int64",
    ],
    [{ spec: { containers: {} } }, "cannot unmarshal object into Go struct field PodSpec.spec.containers"],
    [
      { spec: { containers: [{ name: 5 }] } },
      "cannot unmarshal number into Go struct field Container.spec.containers.name of type string",
    ],
    [{ metadata: { labels: { a: 1 } } }, "of type string"],
    [{ spec: { activeDeadlineSeconds: 1.5 } }, "cannot unmarshal number 1.5"],
    [
      { spec: { containers: [{ ports: [{ containerPort: 5_000_000_000 }] }] } },
      "cannot unmarshal number 5000000000 into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32",
    ],
    [{ spec: { priority: -(2 ** 31) - 1 } }, "cannot unmarshal number -2147483649"],
    [{ spec: { activeDeadlineSeconds: 2 ** 53 } }, "spec.activeDeadlineSeconds must lie between ±9007199254740991"],
    [
      { spec: { containers: [{ livenessProbe: { httpGet: { port: 2 ** 31 } } }] } },
      "cannot unmarshal number 2147483648 into Go struct field HTTPGetAction.spec.containers.livenessProbe.httpGet.port of type int32",
    ],
    [
      { spec: { containers: [{ resources: { limits: { cpu: "abc" } } }] } },
      "quantities must match the regular expression",
    ],
    [{ metadata: { creationTimestamp: "yesterday" } }, 'parsing time "yesterday"'],
    [[], "cannot unmarshal array"],
  ])("refuses %j", (value, message) => {
    expect(() => decode("core/v1.Pod", value)).toThrow(message);
  });

  test("keeps integers of the size that their field has", () => {
    const spec = { priority: -(2 ** 31), runtimeClassName: "x", activeDeadlineSeconds: 5_000_000_000 };
    expect(decode("core/v1.Pod", { spec }).object).toEqual({ spec });
  });

  test("refuses what is not base64", () => {
    expect(() => decode("core/v1.Secret", { data: { a: "!!" } })).toThrow("illegal base64 data");
    expect(decode("core/v1.Secret", { data: { a: "cQ==" } }).object).toEqual({ data: { a: "cQ==" } });
  });

  test("does not let a label named __proto__ through to prototypes", () => {
    const value = JSON.parse('{"metadata":{"labels":{"__proto__":"x"}}}');
    const { object } = decode("core/v1.Pod", value);
    expect(Object.keys((object as { metadata: { labels: object } }).metadata.labels)).toEqual(["__proto__"]);
  });
});

describe("findDuplicateFields()", () => {
  test.each([
    ['{"a":1,"b":2}', []],
    ['{"a":1,"a":2}', ["a"]],
    ['{"a":{"b":[{"c":1,"c":2}]},"d":[1,"x",{"e":null,"e":true}]}', ["a.b[0].c", "d[2].e"]],
    ['{"a":1,"a":2,"a":3}', ["a"]],
    ['{"a\\"b":1,"a\\"b":2}', ['a"b']],
    ['{"\\u0061":1,"a":2}', ["a"]],
    [' [ { "x" : "},{" , "y" : [ ] } ] ', []],
    ['"text"', []],
    ["12e3", []],
  ])("findDuplicateFields(%s)", (text, expected) => {
    JSON.parse(text);
    expect(findDuplicateFields(text)).toEqual(expected);
  });

  // The value was read, and what walked it ran out of stack: an internal error for a bad request.
  test("findDuplicateFields() refuses text that nests too deep", () => {
    const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
    expect(findDuplicateFields(nested(257))).toEqual([]);
    for (const depth of [258, 100_000]) {
      expect(() => findDuplicateFields(nested(depth))).toThrow(
        expect.objectContaining({ httpCode: 400, message: expect.stringContaining("nests deeper than 256 levels") }),
      );
    }
  });
});
