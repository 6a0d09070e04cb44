import { errorCode } from "@wherry/base";
import type { GuestSpec } from "@wherry/engine";
import { RuntimeError } from "../../errors.ts";
import type { CallOptions } from "../../runtime.ts";
import type { PodSandboxConfig } from "../../sandbox.ts";
import { guestArguments, guestSpec } from "../guest-spec.ts";
import { mountImages } from "../image-mounts.ts";
import type { ModuleImages, RunnableImage } from "../module-images.ts";
import type { ContainerRecord } from "../record.ts";

/**
 * What a guest needs that runs `command` in a container: the container's own environment, mounts, working directory and memory
 * limit, but none of its sockets, no log, and a standard input that has ended.
 *
 * The first word names the module; see `commandModule`. Rejects with `RuntimeError`: `NotFound` when it names none.
 */
export async function execSpec(
  id: string,
  images: Pick<ModuleImages, "runnable" | "mountable">,
  { config, imageRef }: Pick<ContainerRecord, "config" | "imageRef">,
  sandbox: PodSandboxConfig,
  command: readonly string[],
  options: CallOptions = {},
): Promise<GuestSpec> {
  // By the reference that was resolved for the container: what its tag stands for may be another image now.
  const image = await images.runnable(imageRef, config.command, options);
  const modulePath = await commandModule(images, { config, imageRef }, image, command[0] ?? "", options);
  const mounts = await mountImages(images, config, options);
  const quiet = { ...config, mounts, logPath: "", stdin: false, stdinOnce: false };
  return { ...guestSpec(id, quiet, sandbox, { ...image, modulePath }), args: [...command] };
}

/**
 * Path of the module that a word names in a container: its own by the name that the container or the image gives it, any other
 * `.wasm` file of the image as the container's command would name it.
 */
async function commandModule(
  images: Pick<ModuleImages, "runnable">,
  { config, imageRef }: Pick<ContainerRecord, "config" | "imageRef">,
  image: RunnableImage,
  word: string,
  options: CallOptions,
): Promise<string> {
  const own = ownNames(config, image);
  if (own.has(word)) return image.modulePath;
  const expected = [...own].map((name) => JSON.stringify(name)).join(" or ");
  const unknown = (more: string, cause?: unknown) =>
    new RuntimeError(
      "NotFound",
      `Cannot execute ${JSON.stringify(word)} in container "${config.name}": it has no such program, expected ${expected}, its own module${more}`,
      { cause },
    );
  if (image.rootfsPath === undefined) throw unknown("");
  try {
    return (await images.runnable(imageRef, [word], options)).modulePath;
  } catch (error) {
    if (error instanceof RuntimeError && errorCode(error.cause) === "NoModule")
      throw unknown(", or another .wasm file of its image", error);
    throw error;
  }
}

/** In a file system the image's entry point is a file as any other; where there is none, it is a name of the only module. */
function ownNames(config: ContainerRecord["config"], image: RunnableImage): ReadonlySet<string> {
  const [called = ""] = guestArguments(config, image);
  const [entry = ""] = image.rootfsPath === undefined ? image.entrypoint : [];
  return new Set([called, image.moduleName, entry].filter((name) => name !== ""));
}
