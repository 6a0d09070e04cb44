import { ClientConfigError } from "../errors.ts";
import { type Kubeconfig, parseKubeconfig } from "./kubeconfig.ts";
import { readSmallFile } from "./read-small-file.ts";

/**
 * Loads and merges kubeconfig files as kubectl does: of each name the first definition stands, and files that do not exist
 * are passed over unless none does.
 *
 * Paths in a file are relative to it. Throws `ClientConfigError` naming file and field.
 */
export async function loadKubeconfig(paths: readonly string[]): Promise<Kubeconfig> {
  const wanted = paths.filter((path) => path !== "");
  if (wanted.length === 0) throw new ClientConfigError("Cannot load a kubeconfig: no file is named");
  const loaded: Kubeconfig[] = [];
  for (const path of wanted) {
    const text = await readSmallFile(path, "kubeconfig", { optional: true });
    if (text !== undefined) loaded.push(parseKubeconfig(text, path));
  }
  if (loaded.length === 0) throw new ClientConfigError(`Cannot load a kubeconfig: ${wanted.join(", ")} does not exist`);
  return {
    files: loaded.flatMap((config) => config.files),
    currentContext: loaded.find((config) => config.currentContext !== undefined)?.currentContext,
    clusters: firstOf(loaded.map((config) => config.clusters)),
    users: firstOf(loaded.map((config) => config.users)),
    contexts: firstOf(loaded.map((config) => config.contexts)),
  };
}

function firstOf<T>(maps: readonly ReadonlyMap<string, T>[]): Map<string, T> {
  const result = new Map<string, T>();
  for (const map of maps) for (const [name, value] of map) if (!result.has(name)) result.set(name, value);
  return result;
}
