import type { PlaceVolumeKind } from "../volume-kind.ts";

/**
 * Volumes of kind `image`: the content of an image, mounted read-only by the runtime. The image is pulled when a container that
 * mounts it starts, so that it shows what is wrong with it as with its own image.
 */
export const imageKind: PlaceVolumeKind<"image"> = {
  type: "place",
  field: "image",
  async mount() {
    return { type: "image" };
  },
};
