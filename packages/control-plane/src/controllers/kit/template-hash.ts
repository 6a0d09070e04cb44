import { createHash } from "node:crypto";
import type { JsonValue } from "@wherry/kubernetes";

// Without vowels and look-alikes, as generated names have it, so that hashes spell no words.
const alphabet = "bcdfghjklmnpqrstvwxz2456789";
const length = 10;

/** A short text that is the same for equal values, fit for labels and names; `collisions` gives others for the same value. */
export function templateHash(value: unknown, collisions = 0): string {
  const digest = createHash("sha256")
    .update(canonicalJson(value as JsonValue))
    .update(`/${collisions}`)
    .digest();
  let text = "";
  for (const byte of digest.subarray(0, length)) text += alphabet[byte % alphabet.length];
  return text;
}

function canonicalJson(value: JsonValue | undefined): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(",")}}`;
}
