import type { KnownDifference } from "./compare-traces.ts";

/** What a pod on Wherry shows otherwise than on the Go kubelet with containerd, and why; docs/conformance.md is made from it. */
export const knownDifferences: readonly KnownDifference[] = [
  {
    title: "no empty resources in the status",
    reason:
      "A pod without requests and limits was given nothing, and nothing is said of it; the Go kubelet writes `resources: {}`.",
    subject: /^(status|container \S+) fields$/,
    go: /^(resources|allocatedResources)$/,
  },
  {
    title: "no user of a container",
    reason: "A WebAssembly guest has no user; `user` is optional and tells Linux identities only.",
    subject: /^container \S+ fields$/,
    go: /^user$/,
  },
  {
    title: "no volume mounts in a container's status",
    reason:
      "Not yet: the field tells whether a read-only mount is so recursively, which concerns submounts; guests see none.",
    subject: /^container \S+ fields$/,
    go: /^volumeMounts$/,
  },
  {
    title: "a refused pod has conditions and container statuses",
    reason:
      "The Go kubelet writes nothing but phase and reason. `kubectl wait` and controllers that read conditions see that it is not ready.",
    scenarios: ["node-selector-mismatch", "out-of-cpu"],
    subject: /^(condition|container|status fields)/,
    wherry: /./,
  },
  {
    title: "RegistryUnavailable",
    reason:
      "Kubernetes has this reason for runtimes that can tell; containerd's answer says ErrImagePull for every failure.",
    scenarios: ["registry-unreachable"],
    subject: /^container main waiting$/,
    go: /^ErrImagePull$/,
    wherry: /^RegistryUnavailable$/,
  },
  {
    title: "image volumes are pulled when a container starts",
    reason:
      "The Go kubelet does so at every look at the pod, also while all its containers run: nothing gets what it pulls then.",
    scenarios: ["image-volume-nobody-mounts"],
    subject: /^events$/,
    go: /^Normal BackOff$/,
  },
  {
    title: "no command can be missing",
    reason: "An image has one module, which is what runs; `command` is only the name that it is given.",
    scenarios: ["command-not-found"],
    subject: /^(phase|condition|container|events)/,
    go: /./,
    wherry: /./,
  },
  {
    title: "conditions of a pod that is deleted before its container could start",
    reason: "The Go kubelet ends such a pod without computing its conditions anew, so that they lag behind the phase.",
    scenarios: ["deleted-while-it-cannot-pull"],
    subject: /^condition (Ready|ContainersReady)$/,
    go: /^False ContainersNotReady$/,
    wherry: /^False PodFailed$/,
  },
  {
    title: "Killing of a container that restarts again and again",
    reason: "Depends on whether it ran at that moment; no difference between the kubelets.",
    scenarios: ["deadline-while-restarting", "deleted-in-back-off"],
    subject: /^events$/,
    go: /^Normal Killing /,
    wherry: /^Normal Killing /,
    sometimes: true,
  },
  {
    title: "ready and started of a container that restarts again and again",
    reason: "Depends on whether it ran at the last look; no difference between the kubelets.",
    scenarios: ["always-exit-0", "always-exit-1", "init-fails-always"],
    subject: /^container \S+ flags$/,
    go: /^(ready|started) /,
    wherry: /^(ready|started) /,
    sometimes: true,
  },
];
