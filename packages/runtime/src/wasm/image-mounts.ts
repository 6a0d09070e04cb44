import type { ContainerConfig, Mount } from "../container.ts";
import { RuntimeError } from "../errors.ts";
import type { CallOptions } from "../runtime.ts";
import type { ModuleImages } from "./module-images.ts";

/**
 * The mounts of a container with a path on the node for each: those of images become the image's directory, read-only.
 *
 * Rejects with `RuntimeError`: `InvalidArgument` for a mount of both an image and a path, and what `mountable` rejects with.
 */
export async function mountImages(
  images: Pick<ModuleImages, "mountable">,
  { name, mounts }: Pick<ContainerConfig, "name" | "mounts">,
  options: CallOptions = {},
): Promise<Mount[]> {
  const mounted: Mount[] = [];
  for (const { image, imageSubPath = "", ...mount } of mounts) {
    if (image === undefined) {
      mounted.push(mount);
      continue;
    }
    if (mount.hostPath !== "")
      throw new RuntimeError(
        "InvalidArgument",
        `Cannot create container "${name}": mount "${mount.containerPath}" has image "${image.image}" and host path "${mount.hostPath}", expected one of them`,
      );
    if (mount.subPath)
      throw new RuntimeError(
        "InvalidArgument",
        `Cannot create container "${name}": mount "${mount.containerPath}" of image "${image.image}" has sub path "${mount.subPath}", expected it as image sub path`,
      );
    const hostPath = await images.mountable(image.image, imageSubPath, options);
    mounted.push({ ...mount, hostPath, readOnly: true });
  }
  return mounted;
}
