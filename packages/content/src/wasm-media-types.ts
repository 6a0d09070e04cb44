/** Configuration of the CNCF Wasm OCI artifact. @see https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/ */
export const wasmConfigV0Type = "application/vnd.wasm.config.v0+json";
/** Layer of the CNCF Wasm OCI artifact. */
export const wasmLayerType = "application/wasm";
/** Configuration written by wasm-to-oci and Krustlet. */
export const wasmConfigV1Type = "application/vnd.wasm.config.v1+json";
/** Layer written by wasm-to-oci and Krustlet. */
export const wasmContentLayerType = "application/vnd.wasm.content.layer.v1+wasm";

const configTypes: ReadonlySet<string> = new Set([
  wasmConfigV0Type,
  wasmConfigV1Type,
  "application/vnd.module.wasm.config.v1+json",
]);

const layerTypes: ReadonlySet<string> = new Set([
  wasmLayerType,
  wasmContentLayerType,
  "application/vnd.module.wasm.content.layer.v1+wasm",
  // containerd's runwasi, in images with an ordinary configuration.
  "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm",
  "application/vnd.bytecodealliance.wasm.module.layer.v0+wasm",
  "application/vnd.w3c.wasm.module.v1+wasm",
]);

export function isWasmConfigType(mediaType: string): boolean {
  return configTypes.has(mediaType);
}

/** Whether a layer is a module or component as it is. */
export function isWasmLayerType(mediaType: string): boolean {
  return layerTypes.has(mediaType) || mediaType.endsWith("+wasm");
}
