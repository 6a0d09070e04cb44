import { type FieldError, forbiddenValue, type Pod } from "@wherry/kubernetes";

/** Fields that name, or stand for, an object of the API, wherever they occur in volumes and environments. */
const referringFields: Readonly<Record<string, string>> = {
  configMap: "config maps",
  configMapRef: "config maps",
  configMapKeyRef: "config maps",
  secret: "secrets",
  secretRef: "secrets",
  secretKeyRef: "secrets",
  secretName: "secrets",
  nodePublishSecretRef: "secrets",
  persistentVolumeClaim: "persistent volume claims",
  ephemeral: "persistent volume claims",
  csi: "CSI drivers",
  serviceAccountToken: "service accounts",
  clusterTrustBundle: "cluster trust bundles",
  podCertificate: "pod certificates",
};

/**
 * Where a pod refers to objects of the API. A static pod may not: it has to run without an API server, and a node may not show
 * such a pod there (NodeRestriction).
 */
export function apiReferences({ spec }: Pod): FieldError[] {
  const found: FieldError[] = [];
  const refuse = (path: string, what: string): void =>
    void found.push(forbiddenValue(path, `refers to ${what}, a static pod must do without objects of the API`));
  if (spec?.serviceAccountName) refuse("spec.serviceAccountName", "a service account");
  else if (spec?.serviceAccount) refuse("spec.serviceAccount", "a service account");
  if ((spec?.imagePullSecrets ?? []).length > 0) refuse("spec.imagePullSecrets", "secrets");
  if ((spec?.resourceClaims ?? []).length > 0) refuse("spec.resourceClaims", "resource claims");
  const walk = (value: unknown, path: string): void => {
    if (Array.isArray(value)) for (const [index, item] of value.entries()) walk(item, `${path}[${index}]`);
    else if (typeof value === "object" && value !== null)
      for (const [name, item] of Object.entries(value)) {
        const what = Object.hasOwn(referringFields, name) ? referringFields[name] : undefined;
        if (what === undefined) walk(item, `${path}.${name}`);
        else refuse(`${path}.${name}`, what);
      }
  };
  walk(spec?.volumes, "spec.volumes");
  for (const list of ["containers", "initContainers"] as const)
    for (const [index, { env, envFrom }] of (spec?.[list] ?? []).entries()) {
      walk(env, `spec.${list}[${index}].env`);
      walk(envFrom, `spec.${list}[${index}].envFrom`);
    }
  return found;
}
