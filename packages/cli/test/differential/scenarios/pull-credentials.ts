import type { PodSpec } from "@wherry/kubernetes";
import type { PodSequence, Scenario, Step } from "../scenario.ts";

/** A pod that mounts an image for which the registry wants credentials. */
function podOf(name: string, pullPolicy: string, steps: readonly Step[], secret?: string): Scenario {
  const spec: Partial<PodSpec> = {
    volumes: [{ name: "data", image: { reference: "{registry}/private/data:v1", pullPolicy } }],
    ...(secret !== undefined && { imagePullSecrets: [{ name: secret }] }),
  };
  const volumeMounts = [{ name: "data", mountPath: "/data" }];
  return { name, containers: [{ name: "main", program: ["cat", "/data/secret"], volumeMounts }], spec, steps };
}

const succeeds: readonly Step[] = [{ phase: "Succeeded" }];
const cannotPull: readonly Step[] = [{ waiting: "ImagePullBackOff" }, { event: "BackOff" }];
const mayNotPull: readonly Step[] = [{ waiting: "ErrImageNeverPull" }, { event: "Failed" }];

/** Who comes after a pod that pulled with the secret `own`; `copy` holds the same credentials, `wrong` others. */
export const pullCredentialScenario: PodSequence = {
  name: "pulled-with-a-secret",
  pods: [
    podOf("owner", "IfNotPresent", succeeds, "own"),
    podOf("same-secret", "Never", succeeds, "own"),
    podOf("same-credentials", "Never", succeeds, "copy"),
    podOf("stranger", "IfNotPresent", cannotPull),
    podOf("stranger-who-never-pulls", "Never", mayNotPull),
    podOf("other-credentials", "IfNotPresent", cannotPull, "wrong"),
    podOf("other-credentials-and-never-pulls", "Never", mayNotPull, "wrong"),
  ],
};
