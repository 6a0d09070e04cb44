import type { DownwardAPIVolumeFile, Pod } from "@wherry/kubernetes";
import { fieldValue } from "../environment/field-path.ts";
import { resourceFieldValue } from "../environment/resource-field.ts";
import type { Payload, PayloadFile } from "./atomic-writer.ts";
import { checkedMode } from "./object-payload.ts";
import { VolumeFault } from "./volume-fault.ts";

/**
 * Files that tell a pod about itself: metadata fields and resources of its containers.
 *
 * @throws ConfigError for a field or resource that cannot be referred to
 */
export function downwardPayload(
  pod: Pod,
  items: readonly DownwardAPIVolumeFile[],
  defaultMode: number,
  nodeAllocatable: Readonly<Record<string, string>>,
): Payload {
  const payload = new Map<string, PayloadFile>();
  // Files of one field share its data: ten thousand of them may ask for all annotations.
  const fields = new Map<string, Buffer>();
  for (const { path, fieldRef, resourceFieldRef, mode } of items) {
    const where = `downward API file "${path}"`;
    let data: Buffer;
    if (fieldRef !== undefined) {
      data = fields.get(fieldRef.fieldPath) ?? Buffer.from(metadataField(pod, fieldRef.fieldPath, where), "utf8");
      fields.set(fieldRef.fieldPath, data);
    } else if (resourceFieldRef !== undefined) {
      data = Buffer.from(resourceFieldValue(pod, undefined, resourceFieldRef, nodeAllocatable, where), "utf8");
    } else throw new VolumeFault("InvalidVolume", `${where} has neither fieldRef nor resourceFieldRef`);
    payload.set(path, { data, mode: checkedMode(mode ?? defaultMode) });
  }
  return payload;
}

/** Volumes show metadata only: addresses are not known yet when they are written. */
function metadataField(pod: Pod, fieldPath: string, where: string): string {
  if (!fieldPath.startsWith("metadata."))
    throw new VolumeFault("InvalidVolume", `${where} has fieldPath "${fieldPath}"; expected a field of metadata`);
  return fieldValue(pod, fieldPath, { podIps: [], hostIps: [] }, where);
}
