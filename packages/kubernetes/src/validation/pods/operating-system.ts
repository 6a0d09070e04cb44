import type { Container, EphemeralContainer, PodSecurityContext, PodSpec, SecurityContext } from "../../api/index.ts";
import { checkSupported, type FieldError, forbiddenValue, requiredValue } from "../field-error.ts";

const linuxOfPod = [
  "appArmorProfile",
  "seLinuxOptions",
  "seccompProfile",
  "fsGroup",
  "fsGroupChangePolicy",
  "sysctls",
  "runAsUser",
  "runAsGroup",
  "supplementalGroups",
  "supplementalGroupsPolicy",
  "seLinuxChangePolicy",
] as const satisfies readonly (keyof PodSecurityContext)[];
const linuxOfContainer = [
  "appArmorProfile",
  "seLinuxOptions",
  "seccompProfile",
  "capabilities",
  "readOnlyRootFilesystem",
  "privileged",
  "allowPrivilegeEscalation",
  "procMount",
  "runAsUser",
  "runAsGroup",
] as const satisfies readonly (keyof SecurityContext)[];
const linuxOfSpec = ["hostUsers", "hostPID", "hostIPC", "shareProcessNamespace"] as const;

/** Checks `os`, and that nothing is set which only another system has. */
export function validateOperatingSystem(spec: PodSpec, path: string): FieldError[] {
  if (spec.os === undefined) return [];
  const { name } = spec.os;
  if (!name) return [requiredValue(`${path}.os.name`)];
  if (name === "linux") return validateLinux(spec, path);
  if (name === "windows") return validateWindows(spec, path);
  return checkSupported(`${path}.os`, name, ["linux", "windows"]);
}

function validateLinux(spec: PodSpec, path: string): FieldError[] {
  const contexts = [{ securityContext: spec.securityContext, at: path }, ...containersOf(spec, path)];
  return contexts
    .filter(({ securityContext }) => securityContext?.windowsOptions !== undefined)
    .map(({ at }) =>
      forbiddenValue(`${at}.securityContext.windowsOptions`, "windows options cannot be set for a linux pod"),
    );
}

function validateWindows(spec: PodSpec, path: string): FieldError[] {
  const refuse = (at: string) => forbiddenValue(at, "cannot be set for a windows pod");
  return [
    ...linuxOfSpec.filter((field) => isSet(spec, field)).map((field) => refuse(`${path}.${field}`)),
    ...linuxOfPod
      .filter((field) => isSet(spec.securityContext, field))
      .map((field) => refuse(`${path}.securityContext.${field}`)),
    ...containersOf(spec, path).flatMap(({ securityContext, at }) =>
      linuxOfContainer
        .filter((field) => isSet(securityContext, field))
        .map((field) => refuse(`${at}.securityContext.${field}`)),
    ),
  ];
}

function isSet<T extends object>(holder: T | undefined, field: keyof T): boolean {
  return holder?.[field] !== undefined;
}

function containersOf(
  { containers = [], initContainers = [], ephemeralContainers = [] }: PodSpec,
  path: string,
): { readonly securityContext: SecurityContext | undefined; readonly at: string }[] {
  return Object.entries({ containers, initContainers, ephemeralContainers }).flatMap(([list, members]) =>
    members.map(({ securityContext }: Container | EphemeralContainer, index) => ({
      securityContext,
      at: `${path}.${list}[${index}]`,
    })),
  );
}
