import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { commands } from "../src/commands.ts";
import { callWherry } from "./call-wherry.ts";

describe("runProgram()", () => {
  test("prints help for the program and for each command", async () => {
    const { code, stdout, stderr } = await callWherry(["--help"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(commands.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["up", "kubelet", "run", "push", "pull", "version"]),
    );
    for (const { name, summary } of commands) {
      expect(stdout).toMatch(new RegExp(`^  ${name} +${summary}$`, "m"));
      const help = await callWherry([name, "--help"]);
      expect(help).toMatchObject({ code: 0, stderr: "" });
      expect(help.stdout).toContain(`Usage: wherry ${name}`);
      expect((await callWherry(["help", name])).stdout).toBe(help.stdout);
    }
  });

  test("says how verbose each command is by itself", async () => {
    expect((await callWherry(["up", "--help"])).stdout).toMatch(/--v LEVEL .*\(default 0\)/);
    expect((await callWherry(["kubelet", "--help"])).stdout).toMatch(/--v LEVEL .*\(default 2\)/);
  });

  test.each([
    [[], 2, /^$/],
    [["pul"], 2, /^error: Unknown command "pul", did you mean "pull"\?\nRun "wherry --help" for usage\.\n$/],
    [["frobnicate"], 2, /^error: Unknown command "frobnicate"\nRun/],
    [
      ["run", "--envv=A", "x"],
      2,
      /^error: Unknown flag "--envv", did you mean "--env"\?\nRun "wherry run --help" for usage\.\n$/,
    ],
    [["up", "--port=abc"], 2, /^error: Flag --port is "abc", expected a whole number/],
    [["up", "--warm-hosts=-1"], 2, /^error: Flag --warm-hosts is "-1", expected a whole number of 0 or more\n/],
    [
      ["pull", "--insecure-registry=http://a", "x"],
      2,
      /^error: Flag --insecure-registry has "http:\/\/a", expected HOST/,
    ],
    [["up", "--port=70000"], 2, /^error: Flag --port is "70000", expected .*65535/],
    [["up", "--port"], 2, /^error: Flag --port needs a value/],
    [["up", "surplus"], 2, /^error: Unexpected argument "surplus"/],
    [["version", "--output=yaml"], 2, /^error: Flag --output is "yaml", expected "text" or "json"/],
    [["run"], 2, /^error: Expected a module file or an image to run/],
    [["run", "--memory=lots", "x.wasm"], 2, /^error: Flag --memory is "lots", expected a positive quantity/],
    [
      ["run", "--dir=/no/such/directory", "x.wasm"],
      2,
      /^error: Flag --dir is "\/no\/such\/directory", .* does not exist/,
    ],
    [["run", "--env==x", "x.wasm"], 2, /^error: Flag --env is "=x", expected NAME=VALUE/],
    [["push", "only-one"], 2, /^error: Expected a module file and a reference/],
    [["pull"], 2, /^error: Expected one reference/],
    [["kubelet"], 2, /^error: Flag --kubeconfig is missing/],
    [
      ["kubelet", "--kubeconfig=x", "--register-with-taints=a"],
      2,
      /^error: Flag --register-with-taints has "a", expected KEY=VALUE:EFFECT/,
    ],
    [["kubelet", "--kubeconfig=x", "--node-labels=a"], 2, /^error: Flag --node-labels has "a", expected NAME=VALUE/],
    [["up", "--state-dir="], 2, /^error: Flag --state-dir is "", expected a directory/],
    [
      ["up", "--state-dir=/proc/wherry"],
      1,
      /^error: Cannot use --state-dir "\/proc\/wherry": .* this user can write to\n$/,
    ],
  ] as const)("%j exits with %i and says why", async (argv, code, stderr) => {
    const result = await callWherry(argv);
    expect(result.code).toBe(code);
    expect(result.stderr).toMatch(stderr);
  });

  test.each([
    ["--cert-dir", "--cert-dir=/proc/wherry"],
    ["podLogsDir", "--pod-logs-dir=/proc/wherry"],
  ])("refuses a %s that cannot be made (Node computed for ever)", async (name, flag) => {
    const directory = await mkdtemp(join(tmpdir(), "wherry-program-"));
    const kubeconfig = join(directory, "kubeconfig");
    const cluster = { server: "https://127.0.0.1:1", "insecure-skip-tls-verify": true };
    await writeFile(
      kubeconfig,
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: "c", cluster }],
        users: [{ name: "u", user: { token: "t" } }],
        contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
        "current-context": "x",
      }),
    );
    const directories = [`--root-dir=${directory}/root`, `--pod-logs-dir=${directory}/logs`];
    const { code, stderr } = await callWherry(["kubelet", `--kubeconfig=${kubeconfig}`, ...directories, flag]);
    await rm(directory, { recursive: true });
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^error: Cannot use ${name} "/proc/wherry": .* this user can write to\\n$`));
  });
});
