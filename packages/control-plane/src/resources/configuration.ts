import {
  type ConfigMap,
  checkForm,
  configKeyProblem,
  dnsSubdomainProblem,
  type FieldError,
  forbiddenValue,
  invalidValue,
  jsonEquals,
  requiredValue,
  type Secret,
  setOwn,
  tooLongValue,
} from "@wherry/kubernetes";
import { ageOf } from "../tables/age.ts";
import { type Column, defineResource, type ResourceDefinition } from "./resource-definition.ts";

const maxBytes = 1024 * 1024;
const dataColumn: Column = { name: "Data", description: "Number of entries." };
const ageColumn: Column = { name: "Age", description: "Time since the object was created." };

type Entries = Readonly<Record<string, string>> | undefined;

function validateKeys(entries: Entries, path: string): FieldError[] {
  return Object.keys(entries ?? {}).flatMap((key) => checkForm(`${path}[${key}]`, key, configKeyProblem));
}

function sizeOf(entries: Entries, isBase64: boolean): number {
  let sizeBytes = 0;
  for (const value of Object.values(entries ?? {})) sizeBytes += Buffer.byteLength(value, isBase64 ? "base64" : "utf8");
  return sizeBytes;
}

function validateConfigMap(map: ConfigMap): FieldError[] {
  const errors = [...validateKeys(map.data, "data"), ...validateKeys(map.binaryData, "binaryData")];
  for (const key of Object.keys(map.data ?? {})) {
    if (map.binaryData !== undefined && Object.hasOwn(map.binaryData, key)) {
      errors.push(invalidValue(`data[${key}]`, key, "duplicate of key present in binaryData"));
    }
  }
  if (sizeOf(map.data, false) + sizeOf(map.binaryData, true) > maxBytes) errors.push(tooLongValue("", maxBytes));
  return errors;
}

function validateImmutable(
  object: { immutable?: boolean | undefined; data?: Entries; binaryData?: Entries },
  old: { immutable?: boolean | undefined; data?: Entries; binaryData?: Entries },
): FieldError[] {
  if (!old.immutable) return [];
  const errors: FieldError[] = [];
  if (!object.immutable) errors.push(forbiddenValue("immutable", "field is immutable when `immutable` is set"));
  for (const field of ["data", "binaryData"] as const) {
    if (!jsonEquals(object[field], old[field])) {
      errors.push(forbiddenValue(field, "field is immutable when `immutable` is set"));
    }
  }
  return errors;
}

export const configMaps: ResourceDefinition = defineResource<ConfigMap>({
  group: "",
  version: "v1",
  resource: "configmaps",
  singular: "configmap",
  kind: "ConfigMap",
  shortNames: ["cm"],
  namespaced: true,
  schema: "core/v1.ConfigMap",
  nameProblem: dnsSubdomainProblem,
  strategy: { validate: validateConfigMap, validateUpdate: validateImmutable },
  printer: {
    columns: [dataColumn, ageColumn],
    cells: (map, nowMs) => [
      String(Object.keys(map.data ?? {}).length + Object.keys(map.binaryData ?? {}).length),
      ageOf(map.metadata?.creationTimestamp, nowMs),
    ],
  },
});

/** Keys without which a secret of the type is of no use. */
const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
};

function validateSecret(secret: Secret): FieldError[] {
  const errors = validateKeys(secret.data, "data");
  if (sizeOf(secret.data, true) > maxBytes) errors.push(tooLongValue("data", maxBytes));
  for (const key of requiredKeys[secret.type ?? ""] ?? []) {
    if (secret.data?.[key] === undefined) errors.push(requiredValue(`data[${key}]`));
  }
  return errors;
}

export const secrets: ResourceDefinition = defineResource<Secret>({
  group: "",
  version: "v1",
  resource: "secrets",
  singular: "secret",
  kind: "Secret",
  namespaced: true,
  schema: "core/v1.Secret",
  strategy: {
    setDefaults(secret) {
      secret.type ||= "Opaque";
      if (secret.stringData === undefined) return;
      const data: Record<string, string> = { ...secret.data };
      for (const [key, text] of Object.entries(secret.stringData))
        setOwn(data, key, Buffer.from(text).toString("base64"));
      secret.data = data;
      delete secret.stringData;
    },
    validate: validateSecret,
    validateUpdate: (secret, old) => [
      ...(secret.type === old.type ? [] : [invalidValue("type", secret.type, "field is immutable")]),
      ...validateImmutable(secret, old),
    ],
    selectableFields: (secret) => ({ type: secret.type ?? "" }),
  },
  printer: {
    columns: [{ name: "Type", description: "What the secret is for." }, dataColumn, ageColumn],
    cells: (secret, nowMs) => [
      secret.type ?? "",
      String(Object.keys(secret.data ?? {}).length),
      ageOf(secret.metadata?.creationTimestamp, nowMs),
    ],
  },
});
