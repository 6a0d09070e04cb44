import { VolumeFault } from "../volume-fault.ts";
import type { PlaceVolumeKind } from "../volume-kind.ts";

/** Volumes of kind `image`: the content of an image, mounted read-only by the runtime, which must have pulled it before. */
export const imageKind: PlaceVolumeKind<"image"> = {
  type: "place",
  field: "image",
  async mount({ spec }) {
    if (!spec.reference) throw new VolumeFault("InvalidVolume", "image volume has no reference");
    return { type: "image", reference: spec.reference };
  },
};
