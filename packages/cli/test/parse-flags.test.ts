import { describe, expect, test } from "vitest";
import type { Flag } from "../src/flags/flag.ts";
import { nearest, parseFlags } from "../src/flags/parse-flags.ts";

const flags: readonly Flag[] = [
  { name: "node-ip", kind: "string", help: "" },
  { name: "v", short: "v", kind: "integer", help: "" },
  { name: "register-node", kind: "boolean", help: "" },
  { name: "env", short: "e", kind: "strings", help: "" },
];
const parse = (...argv: string[]) => parseFlags(flags, argv, "kubelet");

describe("parseFlags()", () => {
  test("accepts the forms pflag accepts", () => {
    const {
      flags: values,
      positionals,
      rest,
    } = parse("--node-ip", "10.0.0.1", "a", "-v=2", "--register-node=false", "-e", "A=1", "--env=B=2", "--", "--x");
    expect(values.string("node-ip")).toBe("10.0.0.1");
    expect(values.integer("v")).toBe(2);
    expect(values.boolean("register-node")).toBe(false);
    expect(values.strings("env")).toEqual(["A=1", "B=2"]);
    expect(positionals).toEqual(["a"]);
    expect(rest).toEqual(["--x"]);
  });

  test("a boolean flag takes no following value", () => {
    const parsed = parse("--register-node", "false");
    expect(parsed.flags.boolean("register-node")).toBe(true);
    expect(parsed.positionals).toEqual(["false"]);
  });

  test.each([
    [["--node-i"], 'Unknown flag "--node-i", did you mean "--node-ip"?'],
    [["--nothing-like-it"], 'Unknown flag "--nothing-like-it"'],
    [["--v=two"], 'Flag --v is "two", expected a whole number'],
    [["--register-node=maybe"], 'Flag --register-node is "maybe", expected true or false'],
    [["--node-ip"], "Flag --node-ip needs a value"],
  ])("refuses %j", (argv, message) => {
    expect(() => parse(...argv)).toThrow(message);
  });
});

describe("nearest()", () => {
  test("finds a word within two edits and nothing farther", () => {
    expect(nearest("pul", ["push", "pull"])).toBe("pull");
    expect(nearest("kubelt", ["kubelet"])).toBe("kubelet");
    expect(nearest("delete", ["push"])).toBeUndefined();
  });
});
