import { containerConfig, podSandboxConfig } from "@wherry/testkit";
import { describe, expect, test } from "vitest";
import type { ContainerConfig, PodSandboxConfig } from "../src/index.ts";
import { guestArguments, guestSpec } from "../src/wasm/guest-spec.ts";
import type { RunnableImage } from "../src/wasm/module-images.ts";

const image: RunnableImage = {
  ref: "registry/app@sha256:00",
  modulePath: "/content/app",
  moduleName: "app.wasm",
  entrypoint: [],
  cmd: [],
  env: { HOME: "/", MODE: "image" },
  workingDir: "",
  stopSignal: "",
  rootfsPath: undefined,
};
const sandbox: PodSandboxConfig = podSandboxConfig({
  metadata: { name: "p", namespace: "default", uid: "u", attempt: 0 },
  hostname: "p",
  logDirectory: "/var/log/pods/default_p_u",
});
const config: ContainerConfig = containerConfig({
  image: { image: "registry/app" },
});
const mount = { containerPath: "/data", hostPath: "/pods/u/data", readOnly: false, propagation: "private" } as const;

describe("guestArguments()", () => {
  const withDefaults = { ...image, entrypoint: ["/app.wasm"], cmd: ["serve"] };
  test.each([
    ["a bare module gets its name", image, [], [], ["app.wasm"]],
    ["args follow the name of a bare module", image, [], ["-v"], ["app.wasm", "-v"]],
    ["the image's entry point and arguments stand", withDefaults, [], [], ["/app.wasm", "serve"]],
    ["args replace the image's arguments", withDefaults, [], ["x"], ["/app.wasm", "x"]],
    ["command drops the image's arguments", withDefaults, ["/other.wasm"], [], ["/other.wasm"]],
    ["command and args replace both", withDefaults, ["/other.wasm"], ["x"], ["/other.wasm", "x"]],
  ])("%s", (_name, from, command, args, expected) => {
    expect(guestArguments({ command, args }, from)).toEqual(expected);
  });
});

describe("guestSpec()", () => {
  test("lays the container's environment over the image's and puts the log below the sandbox's directory", () => {
    const spec = guestSpec("c", { ...config, env: [{ name: "MODE", value: "pod" }] }, sandbox, image);
    expect(spec.env).toEqual({ HOME: "/", MODE: "pod" });
    expect(spec.logPath).toBe("/var/log/pods/default_p_u/main/0.log");
  });

  test("mounts the root of an image read-only, unless the pod mounts its own", () => {
    const rooted = { ...image, rootfsPath: "/snapshots/1" };
    expect(guestSpec("c", { ...config, mounts: [mount] }, sandbox, rooted).mounts).toEqual([
      { guestPath: "/", hostPath: "/snapshots/1", readOnly: true },
      { guestPath: "/data", hostPath: "/pods/u/data", readOnly: false },
    ]);
    const own = { ...mount, containerPath: "/" };
    expect(guestSpec("c", { ...config, mounts: [own] }, sandbox, rooted).mounts).toHaveLength(1);
  });

  test("takes a mount path as working directory and refuses others by field and value", () => {
    expect(guestSpec("c", { ...config, mounts: [mount], workingDir: "/data/" }, sandbox, image).workingDir).toBe(
      "/data",
    );
    expect(() => guestSpec("c", { ...config, mounts: [mount], workingDir: "/tmp" }, sandbox, image)).toThrow(
      'workingDir is "/tmp", a WebAssembly container needs "/" or one of its mount paths ("/data")',
    );
  });

  // A pod with a working directory of 100 kB of slashes held the event loop for half a minute, one of 1 MB for an hour.
  test("ends with a working directory of a million slashes, the pod's or the image's", () => {
    const workingDir = `${"/".repeat(1_000_000)}x`;
    expect(() => guestSpec("c", { ...config, workingDir }, sandbox, image)).toThrow("working");
    expect(guestSpec("c", config, sandbox, { ...image, workingDir }).workingDir).toBe("");
    const slashes = "/".repeat(1_000_000);
    expect(
      guestSpec("c", { ...config, mounts: [mount], workingDir: `/data${slashes}` }, sandbox, image).workingDir,
    ).toBe("/data");
  });

  test.each([
    ["tty", { tty: true }, "tty is true"],
    ["mount propagation", { mounts: [{ ...mount, propagation: "bidirectional" as const }] }, "propagation of mount"],
    ["an absolute sub path", { mounts: [{ ...mount, subPath: "/etc" }] }, "sub path of mount"],
    ["a sub path upwards", { mounts: [{ ...mount, subPath: "a/../../b" }] }, "sub path of mount"],
    ["a relative container path", { mounts: [{ ...mount, containerPath: "data" }] }, 'mount "data"'],
    ["an environment name with =", { env: [{ name: "A=B", value: "" }] }, 'env name is "A=B"'],
    ["NUL in a value", { env: [{ name: "A", value: "\0" }] }, "without NUL"],
    ["a log path that leaves its directory", { logPath: "../x.log" }, "log path"],
  ])("refuses %s", (_name, change, message) => {
    expect(() => guestSpec("c", { ...config, ...change }, sandbox, image)).toThrow(message);
  });
});
