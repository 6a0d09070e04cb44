import type { PodSpec, SecurityContext, WindowsSecurityContextOptions } from "../../api/index.ts";
import { dnsSubdomainProblem } from "../../selectors/label-syntax.ts";
import { checkForm, type FieldError, invalidValue } from "../field-error.ts";

const maxCredentialSpecBytes = 64 * 1024;

/** Checks what only Windows knows of a pod and its containers. */
export function validateWindowsOptions(spec: PodSpec, path: string): FieldError[] {
  const { securityContext, hostNetwork = false } = spec;
  const ofPod = securityContext?.windowsOptions;
  const containers = contextsOf(spec, path);
  const errors = validateOptions(ofPod, `${path}.securityContext.windowsOptions`);
  let hostProcesses = 0;
  for (const { context, at } of containers) {
    const options = context?.windowsOptions;
    errors.push(...validateOptions(options, `${at}.securityContext.windowsOptions`));
    const [own, shared] = [options?.hostProcess, ofPod?.hostProcess];
    if (own !== undefined && shared !== undefined && own !== shared)
      errors.push(
        invalidValue(
          `${at}.securityContext.windowsOptions.hostProcess`,
          own,
          `pod hostProcess value must be identical if both are specified, was ${shared}`,
        ),
      );
    if (own || shared) hostProcesses++;
  }
  if (hostProcesses === 0) return errors;
  if (hostProcesses !== containers.length)
    errors.push(
      invalidValue(
        path,
        "",
        "If pod contains any hostProcess containers then all containers must be HostProcess containers",
      ),
    );
  if (!hostNetwork)
    errors.push(
      invalidValue(
        `${path}.hostNetwork`,
        hostNetwork,
        "hostNetwork must be true if pod contains any hostProcess containers",
      ),
    );
  return errors;
}

function contextsOf(
  { containers = [], initContainers = [], ephemeralContainers = [] }: PodSpec,
  path: string,
): { readonly context: SecurityContext | undefined; readonly at: string }[] {
  return Object.entries({ initContainers, containers, ephemeralContainers }).flatMap(([list, members]) =>
    members.map(({ securityContext }, index) => ({ context: securityContext, at: `${path}.${list}[${index}]` })),
  );
}

function validateOptions(options: WindowsSecurityContextOptions | undefined, path: string): FieldError[] {
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: credentials, runAsUserName: user } = options ?? {};
  const errors = name === undefined ? [] : checkForm(`${path}.gmsaCredentialSpecName`, name, dnsSubdomainProblem);
  if (credentials === "")
    errors.push(invalidValue(`${path}.gmsaCredentialSpec`, "", "gmsaCredentialSpec cannot be an empty string"));
  if (credentials !== undefined && Buffer.byteLength(credentials) > maxCredentialSpecBytes)
    errors.push(
      invalidValue(`${path}.gmsaCredentialSpec`, credentials, "gmsaCredentialSpec size must be under 64 KiB"),
    );
  if (user === "") errors.push(invalidValue(`${path}.runAsUserName`, "", "runAsUserName cannot be an empty string"));
  if (user !== undefined && /\p{Cc}/u.test(user))
    errors.push(invalidValue(`${path}.runAsUserName`, user, "runAsUserName cannot contain control characters"));
  return errors;
}
