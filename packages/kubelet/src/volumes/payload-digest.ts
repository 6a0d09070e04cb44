import { createHash } from "node:crypto";
import type { Payload } from "./atomic-writer.ts";

/** A digest that two payloads share only if they have the same files, modes and owners; keeps no content. */
export function payloadDigest(payload: Payload): string {
  const hash = createHash("sha256");
  const paths = [...payload.keys()].sort();
  for (const path of paths) {
    const file = payload.get(path);
    if (file === undefined) continue;
    hash.update(JSON.stringify([path, file.mode, file.ownerUid ?? null, file.data.length]));
    hash.update(file.data);
  }
  return hash.digest("base64");
}
