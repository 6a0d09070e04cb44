import type { ConfigMap, KeyToPath, Pod, Secret } from "@wherry/kubernetes";
import type { ObjectCache } from "../ports/object-cache.ts";
import type { Payload, PayloadFile } from "./atomic-writer.ts";
import { VolumeFault } from "./volume-fault.ts";

export interface ObjectPayloadRequest {
  readonly pod: Pod;
  readonly name: string;
  readonly items: readonly KeyToPath[] | undefined;
  readonly optional: boolean;
  /** Mode of files whose item has none. */
  readonly defaultMode: number;
  readonly objects: Pick<ObjectCache, "configMap" | "secret">;
  readonly signal: AbortSignal | undefined;
}

/** Mode of files where the volume says nothing. */
export const defaultFileMode = 0o644;

/** Files from a config map's `data` and `binaryData`. @throws VolumeFault when the map or an item's key is missing and not optional */
export async function configMapPayload(request: ObjectPayloadRequest): Promise<Payload> {
  const { pod, name, signal } = request;
  const configMap = await request.objects.configMap(pod.metadata?.namespace ?? "default", name, { signal });
  if (configMap === undefined) return missing("configmap", request);
  return project(configMapData(configMap), request, "configmap references non-existent config key");
}

/** Files from a secret's data. @throws VolumeFault when the secret or an item's key is missing and not optional */
export async function secretPayload(request: ObjectPayloadRequest): Promise<Payload> {
  const { pod, name, signal } = request;
  const secret = await request.objects.secret(pod.metadata?.namespace ?? "default", name, { signal });
  if (secret === undefined) return missing("secret", request);
  return project(secretData(secret), request, "references non-existent secret key");
}

/** `mode` if it is one for files. @throws VolumeFault otherwise */
export function checkedMode(mode: number): number {
  if (Number.isInteger(mode) && mode >= 0 && mode <= 0o777) return mode;
  throw new VolumeFault("InvalidVolume", `file mode ${mode} is not between 0 and 0777`);
}

function missing(kind: string, request: ObjectPayloadRequest): Payload {
  if (request.optional) return new Map();
  throw new VolumeFault("MissingReference", `${kind} "${request.name}" not found`);
}

function configMapData(configMap: ConfigMap): Map<string, Buffer> {
  const data = new Map<string, Buffer>();
  for (const [key, value] of Object.entries(configMap.data ?? {})) data.set(key, Buffer.from(value, "utf8"));
  for (const [key, value] of Object.entries(configMap.binaryData ?? {})) data.set(key, Buffer.from(value, "base64"));
  return data;
}

function secretData(secret: Secret): Map<string, Buffer> {
  return new Map(Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64")]));
}

function project(data: ReadonlyMap<string, Buffer>, request: ObjectPayloadRequest, problem: string): Payload {
  const defaultMode = checkedMode(request.defaultMode);
  const payload = new Map<string, PayloadFile>();
  if (request.items === undefined || request.items.length === 0) {
    for (const [key, content] of data) payload.set(key, { data: content, mode: defaultMode });
    return payload;
  }
  for (const { key, path, mode } of request.items) {
    const content = data.get(key);
    if (content !== undefined) payload.set(path, { data: content, mode: checkedMode(mode ?? defaultMode) });
    else if (!request.optional) throw new VolumeFault("MissingReference", `${problem}: ${key}`);
  }
  return payload;
}
