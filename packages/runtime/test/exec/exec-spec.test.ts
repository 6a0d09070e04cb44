import { describe, expect, test } from "vitest";
import type { ContainerConfig, PodSandboxConfig } from "../../src/index.ts";
import { RuntimeError } from "../../src/index.ts";
import { execSpec } from "../../src/wasm/exec/exec-spec.ts";
import type { RunnableImage } from "../../src/wasm/module-images.ts";

const imageRef = "registry/app@sha256:00";
const bare: RunnableImage = {
  ref: imageRef,
  modulePath: "/content/app",
  moduleName: "app.wasm",
  entrypoint: [],
  cmd: [],
  env: { MODE: "image" },
  workingDir: "",
  stopSignal: "",
  rootfsPath: undefined,
};
const inFiles: RunnableImage = {
  ...bare,
  modulePath: "/content/fs/bin/server.wasm",
  moduleName: "/bin/server.wasm",
  entrypoint: ["/bin/server.wasm"],
  cmd: ["--port", "1"],
  rootfsPath: "/content/fs",
};
const config = {
  name: "main",
  image: { image: "registry/app:v1" },
  command: [],
  args: ["serve"],
  workingDir: "/data",
  env: [{ name: "MODE", value: "pod" }],
  mounts: [{ containerPath: "/data", hostPath: "/pods/data", readOnly: true, propagation: "private" }],
  logPath: "main/0.log",
  stdin: true,
  stdinOnce: true,
  resources: { memoryLimitBytes: 1 << 20 },
  ports: [{ name: "web", containerPort: 80, protocol: "TCP", hostPort: 0, hostIp: "" }],
} as unknown as ContainerConfig;
const sandbox = { logDirectory: "/logs" } as PodSandboxConfig;

/** Images by the word that names a module in them; the empty one for what the container runs. */
function specOf(
  command: readonly string[],
  images: Readonly<Record<string, RunnableImage>>,
  changes: Partial<ContainerConfig> = {},
) {
  const asked: string[] = [];
  const runnable = async (image: string, [word = ""]: readonly string[]) => {
    asked.push(image);
    const found = images[word];
    if (found !== undefined) return found;
    const cause = Object.assign(new Error("it is no file"), { code: "NoModule" });
    throw new RuntimeError("InvalidArgument", `Cannot run image: ${word} is no file`, { cause });
  };
  const mountable = async (image: string) => `/content/${image}`;
  const record = { config: { ...config, ...changes }, imageRef };
  return { asked, spec: execSpec("id", { runnable, mountable }, record, sandbox, command) };
}

describe("execSpec()", () => {
  test("gives a command what its container has, but for sockets, log and input", async () => {
    const { spec, asked } = specOf(["app.wasm", "check", "--all"], { "": bare });
    expect(await spec).toEqual({
      id: "id",
      modulePath: "/content/app",
      args: ["app.wasm", "check", "--all"],
      env: { MODE: "pod" },
      mounts: [{ guestPath: "/data", hostPath: "/pods/data", readOnly: true }],
      sockets: [],
      workingDir: "/data",
      memoryLimitBytes: 1 << 20,
      logPath: "",
      stdin: false,
      stdinOnce: false,
    });
    // Not by its tag, which may have moved.
    expect(asked).toEqual([imageRef]);
  });

  test("shows the images that the container mounts", async () => {
    const mounts = [
      { containerPath: "/data", hostPath: "", readOnly: true, propagation: "private", image: { image: "x" } },
    ];
    const { spec } = specOf(["app.wasm"], { "": bare }, { mounts } as unknown as Partial<ContainerConfig>);
    expect((await spec).mounts).toEqual([{ guestPath: "/data", hostPath: "/content/x", readOnly: true }]);
  });

  test.each<[string, string, RunnableImage, Partial<ContainerConfig>]>([
    ["the module's name", "app.wasm", bare, {}],
    ["the image's entry point", "app", { ...bare, entrypoint: ["app"] }, {}],
    ["the first word of the container's command", "workload", bare, { command: ["workload", "serve"] }],
    ["the image's entry point in a file system", "/bin/server.wasm", inFiles, {}],
  ])("finds the container's own module by %s", async (_name, word, image, changes) => {
    const own = { [changes.command?.[0] ?? ""]: image };
    expect((await specOf([word, "x"], own, changes).spec).modulePath).toBe(image.modulePath);
  });

  test("finds another module in the image's file system, also the entry point that the container replaced", async () => {
    const check = { ...inFiles, modulePath: "/content/fs/bin/check.wasm", moduleName: "/bin/check.wasm" };
    const images = { "": inFiles, "/bin/check.wasm": check, "/bin/server.wasm": inFiles };
    expect((await specOf(["/bin/check.wasm"], images).spec).modulePath).toBe(check.modulePath);
    const replaced = { command: ["/bin/check.wasm"] };
    expect((await specOf(["/bin/check.wasm"], images, replaced).spec).modulePath).toBe(check.modulePath);
    expect((await specOf(["/bin/server.wasm"], images, replaced).spec).modulePath).toBe(inFiles.modulePath);
  });

  test("names the word, the container and what would be right when there is no such module", async () => {
    await expect(specOf(["cat", "/x"], { "": { ...bare, entrypoint: ["app"] } }).spec).rejects.toMatchObject({
      code: "NotFound",
      message:
        'Cannot execute "cat" in container "main": it has no such program, expected "app" or "app.wasm", its own module',
    });
    await expect(specOf(["cat", "/x"], { "": inFiles }).spec).rejects.toMatchObject({
      code: "NotFound",
      message:
        'Cannot execute "cat" in container "main": it has no such program, expected "/bin/server.wasm", its own module, or another .wasm file of its image',
    });
  });
});
