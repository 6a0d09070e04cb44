import type { KnownDifference } from "./compare-traces.ts";

/** What a pod on Wherry shows otherwise than on the Go kubelet with containerd, and why; docs/conformance.md is made from it. */
export const knownDifferences: readonly KnownDifference[] = [
  {
    title: "no empty resources in the status",
    reason:
      "A pod without requests and limits was given nothing, and nothing is said of it; the Go kubelet writes `resources: {}`.",
    facts: [{ subject: /^(status|container \S+) fields$/, go: /^(resources|allocatedResources)$/ }],
  },
  {
    title: "no user of a container",
    reason: "A WebAssembly guest has no user; `user` is optional and tells Linux identities only.",
    facts: [{ subject: /^container \S+ fields$/, go: /^user$/ }],
  },
  {
    title: "a refused pod has conditions",
    reason:
      "The Go kubelet writes nothing but phase and reason. `kubectl wait` and controllers that read conditions see that it is not ready.",
    scenarios: ["node-selector-mismatch", "out-of-cpu", "outranked", "greedy", "misplaced", "plain"],
    facts: [
      { subject: /^status fields$/, wherry: /^(conditions|hostIPs?)$/ },
      { subject: /^condition PodReadyToStartContainers$/, wherry: /^False$/ },
      { subject: /^condition (PodScheduled|Initialized)$/, wherry: /^True$/ },
      { subject: /^condition (Ready|ContainersReady)$/, wherry: /^False PodFailed$/ },
    ],
  },
  {
    title: "RegistryUnavailable",
    reason:
      "Kubernetes has this reason for runtimes that can tell; containerd's answer says ErrImagePull for every failure.",
    scenarios: ["registry-unreachable"],
    facts: [{ subject: /^container main waiting$/, go: /^ErrImagePull$/, wherry: /^RegistryUnavailable$/ }],
  },
  {
    title: "image volumes are pulled when a container starts",
    reason:
      "The Go kubelet does so at every look at the pod, also while all its containers run: nothing gets what it pulls then.",
    scenarios: ["image-volume-nobody-mounts"],
    facts: [{ subject: /^events$/, go: /^Normal BackOff$/ }],
  },
  {
    title: "no command can be missing",
    reason: "An image has one module, which is what runs; `command` is only the name that it is given.",
    scenarios: ["command-not-found"],
    facts: [
      { subject: /^phase$/, go: /^Failed$/, wherry: /^(Running|Succeeded)$/ },
      { subject: /^condition Initialized$/, wherry: /^True PodCompleted$/ },
      {
        subject: /^condition (Ready|ContainersReady)$/,
        go: /^False PodFailed$/,
        wherry: /^(True|False PodCompleted)$/,
      },
      {
        subject: /^container main$/,
        go: /^#0 terminated StartError 128$/,
        wherry: /^#0 (running|terminated Completed 0)$/,
      },
      {
        subject: /^events$/,
        go: /^Warning Failed spec\.containers\{main\}$/,
        wherry: /^Normal Started spec\.containers\{main\}$/,
      },
    ],
  },
  {
    title: "no guest outlives its stop signal",
    reason:
      "WASI has no signals: nothing in a guest can ignore one, so that none is left to be killed after its grace period.",
    scenarios: ["stop-signal-without-effect"],
    facts: [{ subject: /^container main$/, go: /^#0 terminated Error 137$/, wherry: /^#0 terminated Error 143$/ }],
  },
  {
    title: "a shorter grace period counts at once",
    reason:
      "A later deletion may shorten the time that a pod has. The Go kubelet ends the stop that it has begun as it began it, with all of the hook and the first period.",
    scenarios: ["grace-period-shortened"],
    facts: [{ subject: /^end order$/, go: /^(beside|main)$/, wherry: /^beside and main$/ }],
  },
  {
    title: "conditions of a pod that is deleted before its container could start",
    reason: "The Go kubelet ends such a pod without computing its conditions anew, so that they lag behind the phase.",
    scenarios: ["deleted-while-it-cannot-pull"],
    facts: [
      { subject: /^condition (Ready|ContainersReady)$/, go: /^False ContainersNotReady$/, wherry: /^False PodFailed$/ },
    ],
  },
  {
    title: "Killing of a container that restarts again and again",
    reason: "Depends on whether it ran at that moment; no difference between the kubelets.",
    scenarios: ["deadline-while-restarting", "deleted-in-back-off"],
    facts: [{ subject: /^events$/, go: /^Normal Killing /, wherry: /^Normal Killing / }],
    sometimes: true,
  },
  {
    title: "ready and started of a container that restarts again and again",
    reason: "Depends on whether it ran at the last look; no difference between the kubelets.",
    scenarios: [
      "always-exit-0",
      "always-exit-1",
      "init-fails-always",
      "liveness-fails-again-and-again",
      "restart-all-again-and-again",
    ],
    facts: [{ subject: /^container \S+ flags$/, go: /^(ready|started) /, wherry: /^(ready|started) / }],
    sometimes: true,
  },
  {
    title: "back-off after a postStart hook that failed",
    reason:
      "Depends on whether the pod is looked at again within the second of back-off; no difference between the kubelets.",
    scenarios: ["post-start-fails-always"],
    facts: [
      { subject: /^container main waiting$/, go: /^CrashLoopBackOff$/ },
      { subject: /^events$/, go: /^Warning BackOff spec\.containers\{main\}$/ },
    ],
    sometimes: true,
  },
  {
    title: "a shell that is stopped before it has begun",
    reason: "Depends on whether the shell of the Linux image has set its trap yet; no difference between the kubelets.",
    scenarios: ["post-start-fails", "post-start-fails-always"],
    facts: [{ subject: /^container main$/, go: /^#0 terminated Error 137$/, wherry: /^#0 terminated Error 143$/ }],
    sometimes: true,
  },
  {
    title: "how the containers of an evicted pod ended",
    reason:
      "The Go kubelet removes them at once and then may not know any more; Wherry keeps them, and their logs, as long as the pod.",
    scenarios: ["evicted-for-a-volume", "evicted-for-all-of-the-pod", "evicted-for-a-container"],
    facts: [
      {
        subject: /^container \S+$/,
        go: /^#\d terminated ContainerStatusUnknown 137$/,
        wherry: /^#0 terminated Error 143$/,
      },
      { subject: /^container \S+ fields$/, wherry: /^(containerID|imageID)$/ },
    ],
    sometimes: true,
  },
];
