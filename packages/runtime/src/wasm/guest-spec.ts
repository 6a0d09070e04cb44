import { isAbsolute, join } from "node:path";
import type { GuestSocket, GuestSpec } from "@wherry/engine";
import type { ContainerConfig, Mount } from "../container.ts";
import { RuntimeError } from "../errors.ts";
import type { PodSandboxConfig } from "../sandbox.ts";
import type { RunnableImage } from "./module-images.ts";

/**
 * Translates a CRI container configuration, all of whose mounts have a path on the node, into what a guest needs; pure.
 *
 * Throws `RuntimeError` of code `InvalidArgument` for what a WebAssembly guest cannot be given.
 */
export function guestSpec(
  id: string,
  config: ContainerConfig,
  sandbox: PodSandboxConfig,
  image: RunnableImage,
  sockets: readonly GuestSocket[] = [],
): GuestSpec {
  refuseUnsupported(config);
  const mounts = guestMounts(config, image);
  return {
    id,
    modulePath: image.modulePath,
    args: guestArguments(config, image),
    env: { ...image.env, ...Object.fromEntries(config.env.map(({ name, value }) => [name, value])) },
    mounts,
    sockets,
    workingDir: workingDirectory(config, image, mounts),
    ...(config.resources.memoryLimitBytes === undefined ? {} : { memoryLimitBytes: config.resources.memoryLimitBytes }),
    logPath: logFile(config, sandbox),
    stdin: config.stdin,
    stdinOnce: config.stdinOnce,
  };
}

/**
 * The argument vector, as CRI combines them: `command` replaces the image's entry point and drops its default arguments, `args`
 * replaces those.
 */
export function guestArguments(config: Pick<ContainerConfig, "command" | "args">, image: RunnableImage): string[] {
  const entrypoint = config.command.length > 0 ? config.command : image.entrypoint;
  const defaults = config.command.length > 0 ? [] : image.cmd;
  const args = config.args.length > 0 ? config.args : defaults;
  return [...(entrypoint.length > 0 ? entrypoint : [image.moduleName]), ...args];
}

function refuseUnsupported(config: ContainerConfig): void {
  const refuse = (field: string, value: unknown, wanted: string) => {
    throw new RuntimeError(
      "InvalidArgument",
      `Cannot create container "${config.name}": ${field} is ${JSON.stringify(value)}, a WebAssembly container needs ${wanted}`,
    );
  };
  if (config.tty) refuse("tty", true, "false, it has no terminal");
  for (const mount of config.mounts) {
    const field = `mount "${mount.containerPath}"`;
    if (mount.propagation !== "private") refuse(`propagation of ${field}`, mount.propagation, '"private"');
    if (!isAbsolute(mount.containerPath)) refuse(field, mount.containerPath, "an absolute container path");
    if (!isAbsolute(mount.hostPath)) refuse(`host path of ${field}`, mount.hostPath, "an absolute path");
    if (!isSubPath(mount.subPath ?? ""))
      refuse(`sub path of ${field}`, mount.subPath, 'a relative path without ".." and NUL');
  }
  for (const { name, value } of config.env) {
    if (name === "" || name.includes("=")) refuse("env name", name, 'a name without "="');
    if (name.includes("\0") || value.includes("\0")) refuse("env", name, "a name and value without NUL");
  }
}

function isSubPath(path: string): boolean {
  return !path.startsWith("/") && !path.includes("\0") && !path.split("/").includes("..");
}

function guestMounts(config: ContainerConfig, image: RunnableImage): GuestSpec["mounts"] {
  const mounts = config.mounts.map((mount: Mount) => ({
    guestPath: mount.containerPath,
    hostPath: mount.hostPath,
    readOnly: mount.readOnly,
    ...(mount.subPath && { subPath: mount.subPath }),
  }));
  if (image.rootfsPath === undefined || mounts.some((mount) => mount.guestPath === "/")) return mounts;
  // Layers are shared between containers, so the root of an image is never writable.
  return [{ guestPath: "/", hostPath: image.rootfsPath, readOnly: true }, ...mounts];
}

// WASI preview 1 has no working directory: libraries resolve relative paths against a pre-opened ".".
function workingDirectory(config: ContainerConfig, image: RunnableImage, mounts: GuestSpec["mounts"]): string {
  const wanted = config.workingDir || image.workingDir;
  if (wanted === "" || wanted === "/") return wanted;
  const clean = withoutTrailingSlashes(wanted);
  if (mounts.some((mount) => withoutTrailingSlashes(mount.guestPath) === clean)) return clean;
  if (config.workingDir === "") return "";
  const paths = mounts.map((mount) => `"${mount.guestPath}"`).join(", ") || "none";
  throw new RuntimeError(
    "InvalidArgument",
    `Cannot create container "${config.name}": workingDir is "${wanted}", a WebAssembly container needs "/" or one of its mount paths (${paths})`,
  );
}

/** No regular expression: `/\/+$/` tries anew at each slash of a path from a stranger's image. */
function withoutTrailingSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end--;
  return path.slice(0, end);
}

function logFile(config: ContainerConfig, sandbox: PodSandboxConfig): string {
  if (sandbox.logDirectory === "" || config.logPath === "") return "";
  if (isAbsolute(config.logPath) || config.logPath.split("/").includes("..")) {
    throw new RuntimeError(
      "InvalidArgument",
      `Cannot create container "${config.name}": log path is "${config.logPath}", expected a path below the sandbox's log directory`,
    );
  }
  return join(sandbox.logDirectory, config.logPath);
}
