import type { PlaceVolumeKind } from "../volume-kind.ts";

/**
 * Volumes of kind `image`: the content of an image, mounted read-only by the runtime. The image is pulled when containers start,
 * and those that mount it show what is wrong with it as they do with their own images.
 */
export const imageKind: PlaceVolumeKind<"image"> = {
  type: "place",
  field: "image",
  async mount() {
    return { type: "image" };
  },
};
