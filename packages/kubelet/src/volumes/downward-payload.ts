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
  for (const { path, fieldRef, resourceFieldRef, mode } of items) {
    const where = `downward API file "${path}"`;
    let text: string;
    if (fieldRef !== undefined) text = metadataField(pod, fieldRef.fieldPath, where);
    else if (resourceFieldRef !== undefined)
      text = resourceFieldValue(pod, undefined, resourceFieldRef, nodeAllocatable, where);
    else throw new VolumeFault("InvalidVolume", `${where} has neither fieldRef nor resourceFieldRef`);
    payload.set(path, { data: Buffer.from(text, "utf8"), mode: checkedMode(mode ?? defaultMode) });
  }
  return payload;
}

/** Volumes show metadata only: addresses are not known yet when they are written. */
function metadataField(pod: Pod, fieldPath: string, where: string): string {
  if (!fieldPath.startsWith("metadata."))
    throw new VolumeFault("InvalidVolume", `${where} has fieldPath "${fieldPath}"; expected a field of metadata`);
  return fieldValue(pod, fieldPath, { podIps: [], hostIps: [] }, where);
}
