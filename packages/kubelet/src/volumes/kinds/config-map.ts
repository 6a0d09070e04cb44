import { configMapPayload, defaultFileMode } from "../object-payload.ts";
import type { PayloadVolumeKind } from "../volume-kind.ts";

/** Volumes of kind `configMap`. */
export const configMapKind: PayloadVolumeKind<"configMap"> = {
  type: "payload",
  field: "configMap",
  directoryName: "kubernetes.io~configmap",
  confidential: false,
  payload: ({ pod, spec, sources, signal }) =>
    configMapPayload({
      pod,
      name: spec.name ?? "",
      items: spec.items,
      optional: spec.optional ?? false,
      defaultMode: spec.defaultMode ?? defaultFileMode,
      objects: sources.objects,
      signal,
    }),
};
