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
    title: "the stop signal of a container is told where the pod names it",
    reason:
      "The field is alpha (gate ContainerStopSignals): only where the API server has it can a pod name a signal, and only of such a pod Wherry tells one.",
    facts: [
      { subject: /^container \S+ fields$/, go: /^stopSignal$/ },
      { subject: /^container \S+ stop signal$/, go: /^SIG(TERM|USR1)$/ },
    ],
  },
  {
    title: "a resize is completed once",
    reason: "The Go kubelet often tells it also when it has only just granted the resize, with the amounts of before.",
    scenarios: [
      "resize-cpu-up",
      "resize-cpu-down",
      "resize-twice",
      "resize-memory-by-restart",
      "resize-cpu-by-restart",
      "resize-cpu-where-memory-would-restart",
      "resize-one-in-place-and-one-by-restart",
      "resize-requests-only",
      "resize-while-it-waits-to-restart",
      "deferred",
      "resized-meanwhile",
    ],
    facts: [{ subject: /^resize events$/, go: /^ResizeCompleted / }],
  },
  {
    title: "the memory request of a pod after a resize",
    reason: "The Go kubelet leaves the request in the status of a pod without resources of its own as it was.",
    scenarios: ["resize-requests-only", "resize-memory-by-restart"],
    facts: [
      { subject: /^resources$/, go: /^resources .*"memory":"(8|32)Mi"/, wherry: /^resources .*"memory":"(16|48)Mi"/ },
    ],
  },
  {
    title: "memory is resized by a restart only",
    reason:
      "The maximum of a running module's memory is fixed. Without the policy RestartContainer the resize stays in progress, with an error that says so.",
    scenarios: ["resize-memory-in-place"],
    facts: [
      { subject: /^condition PodResizeInProgress$/, wherry: /^True Error$/ },
      { subject: /^resize conditions$/, wherry: /^PodResizeInProgress Error .* restart the container current$/ },
      { subject: /^(container main )?resources$/, go: /^resources /, wherry: /^resources / },
      { subject: /^resize events$/, go: /^ResizeCompleted /, wherry: /^ResizeError .*restart the container/ },
      { subject: /^events$/, go: /^Normal ResizeCompleted$/, wherry: /^Warning ResizeError$/ },
    ],
  },
  {
    title: "events of a resize name what the pod as a whole is given",
    reason: "Those of the Go kubelet name the containers only, of which such a resize changes nothing.",
    scenarios: [
      "resize-of-the-pod",
      "resize-of-the-pod-restarts-what-has-no-limit",
      "resize-of-the-pod-leaves-what-has-a-limit",
      "resize-of-the-pod-and-a-request",
      "resize-of-the-pod-and-another-limit",
      "resize-of-the-pod-in-another-way",
    ],
    facts: [
      {
        subject: /^resize events$/,
        go: /^Resize\w+ [\w ]+: \{"containers":/,
        wherry: /^Resize\w+ [\w ]+: \{"resources":/,
      },
    ],
  },
  {
    title: "a container's resources are its own",
    reason:
      "The Go kubelet shows the pod's limit as that of a container which has none, as soon as the container has any other resources.",
    scenarios: ["resize-of-the-pod-and-another-limit"],
    facts: [
      {
        subject: /^container main resources$/,
        go: /^resources .*"cpu":"60m"/,
        wherry: /^resources \{"limits":\{"memory"/,
      },
    ],
  },
  {
    title: "whether a restart is seen while it lasts",
    reason: "Depends on how long it takes; no difference between the kubelets.",
    scenarios: [
      "resize-memory-by-restart",
      "resize-cpu-by-restart",
      "resize-one-in-place-and-one-by-restart",
      "resize-of-the-pod-restarts-what-has-no-limit",
      "resize-of-the-pod-and-a-request",
      "resize-of-the-pod-and-another-limit",
      "fails-its-liveness-probe",
    ],
    facts: [
      {
        subject: /^condition (Ready|ContainersReady)$/,
        go: /^False ContainersNotReady$/,
        wherry: /^False ContainersNotReady$/,
      },
    ],
    sometimes: true,
  },
  {
    title: "whether a resize is seen under way",
    reason: "Depends on how long it takes; no difference between the kubelets.",
    facts: [{ subject: /^condition PodResizeInProgress$/, go: /^True$/, wherry: /^True$/ }],
    sometimes: true,
  },
  {
    title: "a refused pod has conditions",
    reason:
      "The Go kubelet writes nothing but phase and reason. `kubectl wait` and controllers that read conditions see that it is not ready.",
    scenarios: [
      ...["node-selector-mismatch", "out-of-cpu", "outranked", "greedy", "misplaced", "plain"],
      ...["rival", "rival-at-an-address", "rival-with-the-host-network", "rival-with-a-sidecar", "rival-of-both"],
      ...["unwelcome", "tolerates-another-value", "tolerates-no-schedule-only"],
    ],
    facts: [
      { subject: /^status fields$/, wherry: /^(conditions|hostIPs?)$/ },
      { subject: /^condition PodReadyToStartContainers$/, wherry: /^False$/ },
      { subject: /^condition (PodScheduled|Initialized)$/, wherry: /^True$/ },
      { subject: /^condition Initialized$/, wherry: /^False ContainersNotInitialized$/ },
      { subject: /^condition (Ready|ContainersReady)$/, wherry: /^False PodFailed$/ },
    ],
  },
  {
    title: "a static pod keeps what its status tells of mounts",
    reason: "The Go kubelet no longer tells it after a restart.",
    scenarios: ["static-with-a-volume"],
    facts: [{ subject: /^container main fields$/, wherry: /^volumeMounts$/ }],
  },
  {
    title: "a pod that ended keeps its address",
    reason: "The Go kubelet no longer knows it after a restart.",
    scenarios: ["succeeded-before"],
    facts: [{ subject: /^status fields$/, wherry: /^podIPs?$/ }],
  },
  {
    title: "a refusal names what is in the way",
    reason: "The Go kubelet does not say which port is taken or which taint is not tolerated.",
    scenarios: [
      ...["rival", "rival-at-an-address", "rival-with-the-host-network", "rival-with-a-sidecar", "rival-of-both"],
      ...["unwelcome", "tolerates-another-value", "tolerates-no-schedule-only"],
    ],
    facts: [
      {
        subject: /^message$/,
        go: /^Pod was rejected: Predicate NodePorts failed: node\(s\) didn't have free ports for the requested pod ports$/,
        wherry: /^Pod was rejected: Predicate NodePorts failed: .* \(TCP\/[\d.]+:\d+ is in use\)$/,
      },
      {
        subject: /^message$/,
        go: /^Pod was rejected: Predicate TaintToleration failed: node\(s\) had taints that the pod didn't tolerate$/,
        wherry: /^Pod was rejected: Predicate TaintToleration failed: .* \(\{example\.com\/leave=now:NoExecute\}\)$/,
      },
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
      "events-of-a-crash-loop",
      "fails-meanwhile",
      "in-back-off",
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
    scenarios: ["post-start-fails", "post-start-fails-always", "post-start-exec-fails", "post-start-exec-unknown"],
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
