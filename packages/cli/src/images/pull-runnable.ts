import { join } from "node:path";
import { openContentStore } from "@wherry/content";
import { contentImages, type RunnableImage } from "@wherry/runtime";
import type { CommandContext } from "../command.ts";
import type { FlagValues } from "../flags/flag.ts";
import { ProgressLine } from "../output/progress-line.ts";
import { stateDirectory } from "../state-directory.ts";
import { makeWritableDirectory } from "../writable-directory.ts";
import { registryClient } from "./registry-client.ts";

/** Pulls an image into the user's content store where it is not there yet, and finds its module. */
export async function pullRunnable(image: string, flags: FlagValues, context: CommandContext): Promise<RunnableImage> {
  const directory = stateDirectory(flags, context);
  await makeWritableDirectory("--state-dir", directory);
  await using store = await openContentStore({ directory: join(directory, "content") });
  const images = contentImages({ store, client: await registryClient(flags, context) });
  if ((await images.imageStatus({ image })) === undefined) {
    using progress = new ProgressLine(context, `Pulling ${image}`);
    await images.pullImage({ image }, { signal: context.signal, onProgress: (entry) => progress.update(entry) });
  }
  return await images.runnable(image, [], { signal: context.signal });
}
