import { realpathSync } from "node:fs";
import { join } from "node:path";
import { errorMessage } from "@wherry/base";
import { type Mount, RuntimeError } from "@wherry/runtime";

/**
 * What the contract wants of a mount's sub path, where nothing is mounted; a runtime that mounts has to do it by handles.
 *
 * @throws RuntimeError for one that is missing or leads outside
 */
export function requireSubPath({ containerPath, hostPath, subPath = "" }: Mount): void {
  if (subPath === "") return;
  const refuse = (why: string) =>
    new RuntimeError(
      "InvalidArgument",
      `Cannot mount sub path "${subPath}" of "${hostPath}" at "${containerPath}": ${why}`,
    );
  if (subPath.startsWith("/") || subPath.split("/").includes("..")) throw refuse('it is not relative and without ".."');
  let found: string;
  try {
    found = realpathSync(join(hostPath, subPath));
  } catch (error) {
    throw refuse(errorMessage(error));
  }
  const root = realpathSync(hostPath);
  if (found !== root && !found.startsWith(`${root}/`)) throw refuse("it leads outside");
}
