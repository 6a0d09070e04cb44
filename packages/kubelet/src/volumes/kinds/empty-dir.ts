import { tryParseQuantity } from "@wherry/kubernetes";
import { VolumeFault } from "../volume-fault.ts";
import type { PlaceVolumeKind } from "../volume-kind.ts";

const directoryName = "kubernetes.io~empty-dir";

/**
 * Volumes of kind `emptyDir`: a directory that lives as long as the pod, open to everybody in it (0777).
 *
 * Medium `Memory` is a directory of the node's memory file system, which `sizeLimit` does not size: like the limit of the default
 * medium it is enforced by measuring. Pages written count for the writer's memory limit, as upstream documents.
 */
export const emptyDirKind: PlaceVolumeKind<"emptyDir"> = {
  type: "place",
  field: "emptyDir",
  async mount({ spec }, places) {
    const { medium = "", sizeLimit } = spec;
    if (sizeLimit !== undefined && tryParseQuantity(sizeLimit) === undefined)
      throw new VolumeFault("InvalidVolume", `emptyDir has sizeLimit "${sizeLimit}", which is not a quantity`);
    const place = medium === "Memory" ? places.memoryDirectory : places.directory;
    if (medium !== "" && medium !== "Memory")
      throw new VolumeFault(
        "Unsupported",
        `emptyDir has medium "${medium}", which this node does not offer; supported are "" and "Memory"`,
      );
    if (place === undefined)
      throw new VolumeFault(
        "Unsupported",
        'emptyDir has medium "Memory", but this node was given no directory on a memory file system; use medium ""',
      );
    return { type: "path", path: await place(directoryName, 0o777), readOnly: false, sharing: "live" };
  },
};
