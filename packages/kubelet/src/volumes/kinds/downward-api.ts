import { downwardPayload } from "../downward-payload.ts";
import { defaultFileMode } from "../object-payload.ts";
import type { PayloadVolumeKind } from "../volume-kind.ts";

/** Volumes of kind `downwardAPI`. */
export const downwardApiKind: PayloadVolumeKind<"downwardAPI"> = {
  type: "payload",
  field: "downwardAPI",
  directoryName: "kubernetes.io~downward-api",
  confidential: false,
  payload: async ({ pod, spec, sources }) =>
    downwardPayload(pod, spec.items ?? [], spec.defaultMode ?? defaultFileMode, sources.node.allocatable),
};
