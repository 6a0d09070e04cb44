import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
  Sysctl,
} from "../../api/index.ts";
import {
  checkForm,
  checkRange,
  checkSupported,
  duplicateValue,
  type FieldError,
  invalidValue,
  requiredValue,
  tooLongValue,
} from "../field-error.ts";
import { validateRelativePath } from "../relative-path.ts";

const maxId = 2 ** 31 - 1;
const maxProfileBytes = 4095;

/** Checks what holds for all containers of a pod. */
export function validatePodSecurityContext(spec: PodSpec, path: string): FieldError[] {
  const { securityContext: context, shareProcessNamespace, hostPID } = spec;
  const errors: FieldError[] = [];
  if (shareProcessNamespace && hostPID)
    errors.push(
      invalidValue(`${path}.shareProcessNamespace`, true, "ShareProcessNamespace and HostPID cannot both be enabled"),
    );
  if (context === undefined) return errors;
  const ids = Object.entries({
    fsGroup: context.fsGroup,
    runAsUser: context.runAsUser,
    runAsGroup: context.runAsGroup,
    ...Object.fromEntries((context.supplementalGroups ?? []).map((id, index) => [`supplementalGroups[${index}]`, id])),
  });
  for (const [field, id] of ids) errors.push(...checkRange(`${path}.${field}`, id, 0, maxId));
  return [
    ...errors,
    ...validateChoices(context, path),
    ...validateSysctls(context.sysctls ?? [], `${path}.sysctls`, spec),
  ];
}

function validateChoices(context: PodSecurityContext, path: string): FieldError[] {
  return [
    ...checkSupported(`${path}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ["Always", "OnRootMismatch"]),
    ...checkSupported(`${path}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, ["Merge", "Strict"]),
    ...checkSupported(`${path}.seLinuxChangePolicy`, context.seLinuxChangePolicy, ["Recursive"]),
    ...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`),
    ...validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`),
  ];
}

/** Checks what holds for one container; `hasHostUsers` says whether users within are those of the node. */
export function validateSecurityContext(
  context: SecurityContext | undefined,
  path: string,
  hasHostUsers: boolean,
): FieldError[] {
  if (context === undefined) return [];
  const errors = [
    ...checkRange(`${path}.runAsUser`, context.runAsUser, 0, maxId),
    ...checkRange(`${path}.runAsGroup`, context.runAsGroup, 0, maxId),
    ...checkSupported(`${path}.procMount`, context.procMount, ["Default", "Unmasked"]),
    ...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`),
    ...validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`),
  ];
  if (hasHostUsers && context.procMount === "Unmasked")
    errors.push(invalidValue(`${path}.procMount`, context.procMount, "`hostUsers` must be false to use `Unmasked`"));
  if (context.allowPrivilegeEscalation !== false) return errors;
  const refuse = (other: string) =>
    errors.push(invalidValue(path, context, `cannot set \`allowPrivilegeEscalation\` to false and ${other}`));
  if (context.privileged) refuse("`privileged` to true");
  if (context.capabilities?.add?.includes("CAP_SYS_ADMIN")) refuse("`capabilities.Add` CAP_SYS_ADMIN");
  return errors;
}

function validateSeccomp(profile: SeccompProfile | undefined, path: string): FieldError[] {
  if (profile === undefined) return [];
  const { type, localhostProfile } = profile;
  const at = `${path}.localhostProfile`;
  const errors = type
    ? checkSupported(`${path}.type`, type, ["Localhost", "RuntimeDefault", "Unconfined"])
    : [requiredValue(`${path}.type`, "type is required when seccompProfile is set")];
  if (type !== "Localhost")
    return localhostProfile === undefined
      ? errors
      : [...errors, invalidValue(at, profile, "can only be set when seccomp type is Localhost")];
  return localhostProfile === undefined
    ? [requiredValue(at, "must be set when seccomp type is Localhost")]
    : validateRelativePath(localhostProfile, at);
}

function validateAppArmor(profile: AppArmorProfile | undefined, path: string): FieldError[] {
  if (profile === undefined) return [];
  const { type, localhostProfile } = profile;
  const at = `${path}.localhostProfile`;
  switch (type) {
    case "Localhost": {
      if (!localhostProfile?.trim())
        return localhostProfile
          ? [invalidValue(at, localhostProfile, "must not be padded with whitespace")]
          : [requiredValue(at, "must be set when AppArmor type is Localhost")];
      const isPadded = localhostProfile.trim() !== localhostProfile;
      return [
        ...(isPadded ? [invalidValue(at, localhostProfile, "must not be padded with whitespace")] : []),
        ...(Buffer.byteLength(localhostProfile) > maxProfileBytes ? [tooLongValue(at, maxProfileBytes)] : []),
      ];
    }
    case "RuntimeDefault":
    case "Unconfined":
      return localhostProfile === undefined
        ? []
        : [invalidValue(at, localhostProfile, "can only be set when AppArmor type is Localhost")];
    default:
      return type
        ? checkSupported(`${path}.type`, type, ["Localhost", "RuntimeDefault", "Unconfined"])
        : [requiredValue(`${path}.type`, "type is required when appArmorProfile is set")];
  }
}

const sysctlName = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;
const maxSysctlNameLength = 253;

function validateSysctls(sysctls: readonly Sysctl[], path: string, spec: PodSpec): FieldError[] {
  const seen = new Set<string>();
  return sysctls.flatMap(({ name = "" }, index) => {
    const at = `${path}[${index}].name`;
    if (name === "") return [requiredValue(at)];
    const isTaken = seen.has(name);
    seen.add(name);
    return [
      ...(isTaken ? [duplicateValue(at, name)] : checkForm(at, name, sysctlProblem)),
      ...validateHostSysctl(name, at, spec),
    ];
  });
}

const ipcSysctl = /^(?:kernel\.sem$|kernel\.shm|kernel\.msg|fs\.mqueue\.)/;

/** What belongs to a namespace that the pod shares with the node is not the pod's to set. */
function validateHostSysctl(name: string, path: string, { hostNetwork, hostIPC }: PodSpec): FieldError[] {
  const dotted = withDots(name);
  if (hostNetwork && dotted.startsWith("net."))
    return [invalidValue(path, name, "may not be specified when 'hostNetwork' is true")];
  if (hostIPC && ipcSysctl.test(dotted))
    return [invalidValue(path, name, "may not be specified when 'hostIPC' is true")];
  return [];
}

/** Either of `.` and `/` may stand between the parts; what stands first does. */
function withDots(name: string): string {
  const first = /[./]/.exec(name)?.[0];
  if (first !== "/") return name;
  return name.replace(/[./]/g, (separator) => (separator === "/" ? "." : "/"));
}

function sysctlProblem(name: string): string | undefined {
  if (name.length <= maxSysctlNameLength && sysctlName.test(name)) return undefined;
  return `must have at most ${maxSysctlNameLength} characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$`;
}
