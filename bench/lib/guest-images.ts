import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeGuest } from "./guest-modules.ts";
import { startModuleRegistry } from "./module-registry.ts";

/** References of what the pods of benchmarks run: one sleeps without end, one prints a line and ends. */
export interface BenchImages {
  readonly idle: string;
  readonly job: string;
}

/** Builds the guests of the benchmarks and offers them in a registry that goes with `cleanup`. */
export async function publishGuests(directory: string, cleanup: AsyncDisposableStack): Promise<BenchImages> {
  const registry = cleanup.use(await startModuleRegistry());
  const publish = async (name: keyof BenchImages) => {
    const path = join(directory, `${name}.wasm`);
    await writeGuest(name, path);
    return registry.add(name, await readFile(path));
  };
  return { idle: await publish("idle"), job: await publish("job") };
}
