import { bareImageName } from "../standard/image-name.ts";

export const verificationPolicies = [
  "NeverVerify",
  "NeverVerifyPreloadedImages",
  "NeverVerifyAllowlistedImages",
  "AlwaysVerify",
] as const;

/** Of which present images pods must have shown that they may pull them (KEP-2535); fields of `KubeletConfiguration`. */
export interface VerificationPolicy {
  readonly policy: (typeof verificationPolicies)[number];
  /** Images, or prefixes that end in `/*`, for `NeverVerifyAllowlistedImages`. */
  readonly allowlist: readonly string[];
}

/** Whether pods need to have shown credentials for a present image. */
export function requiresVerification(
  { policy, allowlist }: VerificationPolicy,
  image: string,
  pulledByKubelet: boolean,
): boolean {
  switch (policy) {
    case "NeverVerify":
      return false;
    case "NeverVerifyPreloadedImages":
      return pulledByKubelet;
    case "NeverVerifyAllowlistedImages": {
      const name = bareImageName(image) ?? image;
      return !allowlist.some((entry) => (entry.endsWith("/*") ? name.startsWith(entry.slice(0, -1)) : name === entry));
    }
    case "AlwaysVerify":
      return true;
  }
}

/** What is wrong with an entry of the allowlist; the rules of upstream's kubelet. */
export function allowlistProblem(entry: string): string | undefined {
  const text = `is ${JSON.stringify(entry)}, it must be`;
  if (entry.endsWith("/*")) {
    const isPrefix = entry.length > 2 && entry === entry.trim() && !entry.slice(0, -1).includes("*");
    return isPrefix
      ? undefined
      : `${text} a registry or more before "/*" and no other "*", such as "registry.example/*"`;
  }
  return bareImageName(entry) === entry
    ? undefined
    : `${text} an image without tag and digest, or a prefix that ends in "/*"`;
}
