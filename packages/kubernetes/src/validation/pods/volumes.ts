import type { ObjectMeta, Volume } from "../../api/index.ts";
import { dnsLabelProblem } from "../../selectors/label-syntax.ts";
import { checkForm, duplicateValue, type FieldError, forbiddenValue, requiredValue } from "../field-error.ts";
import type { VolumesByName } from "./mounts.ts";
import { sourceRules } from "./volume-sources.ts";

/** Checks `spec.volumes` of a pod with this metadata, and finds those that mounts may name. */
export function validateVolumes(
  volumes: readonly Volume[],
  path: string,
  podMetadata: ObjectMeta | undefined,
): { readonly errors: readonly FieldError[]; readonly byName: VolumesByName } {
  const byName = new Map<string, Volume>();
  const errors = volumes.flatMap((volume, index) => {
    const at = `${path}[${index}]`;
    const { name } = volume;
    const found = [
      ...validateSource(volume, at, podMetadata),
      ...(name ? checkForm(`${at}.name`, name, dnsLabelProblem) : [requiredValue(`${at}.name`)]),
      ...(byName.has(name) ? [duplicateValue(`${at}.name`, name)] : []),
    ];
    if (name && !byName.has(name)) byName.set(name, volume);
    return found;
  });
  return { errors, byName };
}

function validateSource(volume: Volume, path: string, podMetadata: ObjectMeta | undefined): FieldError[] {
  const kinds = Object.keys(sourceRules) as (keyof typeof sourceRules)[];
  const [kind, ...others] = kinds.filter((name) => volume[name] !== undefined);
  if (kind === undefined) return [requiredValue(path, "must specify a volume type")];
  return [
    ...sourceRules[kind](volume, path, podMetadata),
    ...others.map((name) => forbiddenValue(`${path}.${name}`, "may not specify more than 1 volume type")),
  ];
}
