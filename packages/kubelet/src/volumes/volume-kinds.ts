import type { Volume } from "@wherry/kubernetes";
import { configMapKind } from "./kinds/config-map.ts";
import { downwardApiKind } from "./kinds/downward-api.ts";
import { emptyDirKind } from "./kinds/empty-dir.ts";
import { hostPathKind } from "./kinds/host-path.ts";
import { imageKind } from "./kinds/image.ts";
import { projectedKind } from "./kinds/projected.ts";
import { secretKind } from "./kinds/secret.ts";
import { VolumeFault } from "./volume-fault.ts";
import type { VolumeField, VolumeKind } from "./volume-kind.ts";

const kinds = {
  configMap: configMapKind,
  downwardAPI: downwardApiKind,
  emptyDir: emptyDirKind,
  hostPath: hostPathKind,
  image: imageKind,
  projected: projectedKind,
  secret: secretKind,
} as const;

/**
 * The kind of a volume.
 *
 * @throws VolumeFault `Unsupported` for a kind that this node does not mount, `InvalidVolume` for none or several
 */
export function volumeKindOf(volume: Volume): VolumeKind {
  const fields = Object.entries(volume)
    .filter(([field, value]) => field !== "name" && value !== undefined && value !== null)
    .map(([field]) => field);
  // The API server defaults a volume without a source to an emptyDir; files and other sources of pods do not.
  const [field = "emptyDir"] = fields;
  if (fields.length > 1) throw new VolumeFault("InvalidVolume", `volume has more than one kind: ${fields.join(", ")}`);
  if (isSupported(field)) return kinds[field] as VolumeKind;
  throw new VolumeFault(
    "Unsupported",
    `volume is of kind "${field}", which this node does not mount; supported are ${Object.keys(kinds).join(", ")}`,
  );
}

function isSupported(field: string): field is keyof typeof kinds & VolumeField {
  return Object.hasOwn(kinds, field);
}
