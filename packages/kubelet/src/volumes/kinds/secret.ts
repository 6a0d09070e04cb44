import { defaultFileMode, secretPayload } from "../object-payload.ts";
import type { PayloadVolumeKind } from "../volume-kind.ts";

/** Volumes of kind `secret`. */
export const secretKind: PayloadVolumeKind<"secret"> = {
  type: "payload",
  field: "secret",
  directoryName: "kubernetes.io~secret",
  confidential: true,
  payload: ({ pod, spec, sources, signal }) =>
    secretPayload({
      pod,
      name: spec.secretName ?? "",
      items: spec.items,
      optional: spec.optional ?? false,
      defaultMode: spec.defaultMode ?? defaultFileMode,
      objects: sources.objects,
      signal,
    }),
};
