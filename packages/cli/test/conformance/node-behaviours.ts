import { type BehaviourGroup, covered, missing, notApplicable, type TestReference } from "./behaviour.ts";
import {
  conformance,
  deletion,
  lifecycle,
  logs,
  refusals,
  restarts,
  standardLifecycle,
  volumes,
} from "./test-references.ts";

const environment = volumes("has values, references and what they expand to, and nothing of the kubelet's own");
const wholeMaps = volumes("takes whole config maps and secrets, with a prefix");
const downward = conformance("Downward API environment: limits, requests, the node's allocatable, addresses");
const commandLine = volumes("gives command and arguments with variables expanded");
const runtimeClass = standardLifecycle(
  "a runtime class the node has is used; one with an unknown handler refuses the pod; a missing one waits",
);
const message = lifecycle("has the message that the guest wrote for it, or the end of its log if it failed");
const command = (title: string): TestReference => ["packages/cli/test/pods/commands.integration.test.ts", title];
const probe = (title: string): TestReference => ["packages/cli/test/pods/probes.integration.test.ts", title];
const probedGuest = (title: string): TestReference => [
  "packages/cli/test/pods/probed-guests.integration.test.ts",
  title,
];
const probeUnit = (title: string): TestReference => ["packages/kubelet/test/standard/probes.test.ts", title];
const debug = (title: string): TestReference => [
  "packages/cli/test/pods/ephemeral-containers.integration.test.ts",
  title,
];
const readiness = probe("decide when a pod is ready, and when no more");
const hook = probe("run after the start and before the stop of a container");
const noLinux = "A Linux process's privileges; a WebAssembly guest has none of them.";
const noHosts = "A guest resolves no names, and has no root file system where /etc/hosts could be.";

/** What upstream's sig-node and sig-network ask. */
export const nodeBehaviours: readonly BehaviourGroup[] = [
  {
    area: "[sig-node] ConfigMap",
    behaviours: [
      covered("should be consumable via environment variable", environment),
      covered("should be consumable via the environment", wholeMaps),
      covered("should update ConfigMap successfully", volumes("a config map's change reaches the running guest")),
    ],
  },
  {
    area: "[sig-node] Secrets",
    behaviours: [
      covered("should be consumable from pods in env vars", environment),
      covered("should be consumable via the environment", wholeMaps),
    ],
  },
  {
    area: "[sig-node] Downward API",
    behaviours: [
      covered("should provide container's limits.cpu/memory and requests.cpu/memory as env vars", downward),
      covered("should provide default limits.cpu/memory from node allocatable", downward),
      covered("should provide host IP as an env var", environment),
      covered("should provide hostIPs as an env var", downward),
      covered("should provide pod UID as env vars", environment),
      covered("should provide pod name, namespace and IP address as env vars", environment, downward),
    ],
  },
  {
    area: "[sig-node] Variable Expansion",
    behaviours: [
      covered("should allow composing env vars into new env vars", environment),
      covered("should allow substituting values in a container's args", commandLine),
      covered("should allow substituting values in a container's command", [
        "packages/kubelet/test/environment/environment-resolver.test.ts",
        "expandCommand() expands words and leaves unknown names",
      ]),
    ],
  },
  {
    area: "[sig-node] Pods",
    behaviours: [
      covered(
        "should allow activeDeadlineSeconds to be updated",
        conformance("Pods should allow activeDeadlineSeconds to be updated"),
      ),
      covered(
        "should be submitted and removed",
        deletion("ends the guest, its process and its directory, and the object goes last"),
      ),
      covered(
        "should be updated",
        conformance("downward API volumes show name, limits and requests, and follow labels and annotations"),
      ),
      covered(
        "should contain environment variables for services",
        conformance("Pods should contain environment variables for services"),
      ),
      covered("should get a host IP", environment),
      covered("should support retrieving logs from the container over websockets", [
        "packages/cli/test/peers/websocket-logs.peer.test.ts",
        "Pods should support retrieving logs from the container over websockets",
      ]),
      missing(
        "should support remote command execution over websockets",
        "Commands run for probes and hooks; the node's HTTP API streams none yet.",
      ),
    ],
  },
  {
    area: "[sig-node] Kubelet",
    behaviours: [
      covered(
        "when scheduling a busybox command in a pod should print the output to logs",
        logs("follows a pod from the registry until it has Succeeded"),
      ),
      covered(
        "when scheduling a busybox command that always fails in a pod should be possible to delete",
        deletion("of a pod in back-off and of one that cannot start is not held up"),
      ),
      covered(
        "when scheduling a busybox command that always fails in a pod should have an terminated reason",
        restarts("a container that fails again and again waits in CrashLoopBackOff, with a count that only rises"),
      ),
      ...notApplicable(
        "A guest has no root file system, only what is mounted; a read-only mount is tested.",
        "when scheduling a read only busybox container should not write to root filesystem",
      ),
      ...notApplicable(noHosts, "when scheduling an agnhost Pod with hostAliases should write entries to /etc/hosts"),
    ],
  },
  {
    area: "[sig-node] KubeletManagedEtcHosts",
    behaviours: notApplicable(noHosts, "should test kubelet managed /etc/hosts file"),
  },
  {
    area: "[sig-node] Container Runtime blackbox test",
    behaviours: [
      covered(
        "when starting a container that exits should run with the expected status",
        restarts("OnFailure restarts a failed container until it succeeds, and shows the instance before"),
        restarts("Always restarts a container that succeeded"),
        restarts("Never leaves a failed container as it is"),
      ),
      covered(
        "on terminated container should report termination message as empty when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set",
        conformance("termination messages with FallbackToLogsOnError: empty on success, the file's where there is one"),
      ),
      covered(
        "on terminated container should report termination message from file when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set",
        conformance("termination messages with FallbackToLogsOnError: empty on success, the file's where there is one"),
      ),
      covered(
        "on terminated container should report termination message from log output if TerminationMessagePolicy FallbackToLogsOnError is set",
        message,
      ),
      ...notApplicable(
        "A guest has no user; another path is tested.",
        "on terminated container should report termination message if TerminationMessagePath is set as non-root user and at a non-default path",
      ),
    ],
  },
  {
    area: "[sig-node] InitContainer",
    behaviours: [
      covered(
        "should invoke init containers on a RestartAlways pod",
        conformance("InitContainer should invoke init containers on a RestartAlways pod"),
      ),
      covered(
        "should invoke init containers on a RestartNever pod",
        lifecycle("run one after the other, to their end, before the others start"),
      ),
      covered(
        "should not start app containers and fail the pod if init containers fail on a RestartNever pod",
        lifecycle("that fail keep the others from starting, and end a pod that never restarts"),
      ),
      covered(
        "should not start app containers if init containers fail on a RestartAlways pod",
        conformance("InitContainer should not start app containers if init containers fail on a RestartAlways pod"),
      ),
    ],
  },
  {
    area: "[sig-node] Containers",
    behaviours: [
      ...[
        "should use the image defaults if command and args are blank",
        "should be able to override the image's default arguments (container cmd)",
        "should be able to override the image's default command (container entrypoint)",
        "should be able to override the image's default command and arguments",
      ].map((name) =>
        covered(name, conformance("Containers use the image's entry point and arguments, and what overrides them")),
      ),
    ],
  },
  {
    area: "[sig-node] Probing container",
    behaviours: [
      ...[
        "should *not* be restarted with a /healthz http liveness probe",
        "should *not* be restarted with a GRPC liveness probe",
        "should *not* be restarted with a tcp:8080 liveness probe",
        "should be restarted with a /healthz http liveness probe",
        "should be restarted with a GRPC liveness probe",
        "should have monotonically increasing restart count",
      ].map((name) => covered(name, probedGuest(name))),
      covered(
        "with readiness probe should not be ready before initial delay and never restart",
        probeUnit("initialDelaySeconds counts from the start of the container, periodSeconds between probes"),
      ),
      covered("with readiness probe that fails should never be ready and never restart", readiness),
      ...[
        'should *not* be restarted with a exec "cat /tmp/health" liveness probe',
        'should be restarted with a exec "cat /tmp/health" liveness probe',
      ].map((name) => covered(name, command(name))),
    ],
  },
  {
    area: "[sig-node] Container Lifecycle Hook when create a pod with lifecycle hook",
    behaviours: [
      covered("should execute poststart http hook properly", hook),
      covered("should execute prestop http hook properly", hook),
      ...["should execute poststart exec hook properly", "should execute prestop exec hook properly"].map((name) =>
        covered(name, command(name)),
      ),
    ],
  },
  {
    area: "[sig-node] Ephemeral Containers",
    behaviours: [
      covered(
        "will start an ephemeral container in an existing pod",
        debug("runs once beside the pod's containers, sees its volumes, and has a log"),
      ),
      covered(
        "should update the ephemeral containers in an existing pod",
        debug("that cannot start waits with the reason, and the pod goes on"),
      ),
    ],
  },
  {
    area: "[sig-node] RuntimeClass",
    behaviours: [
      covered("should reject a Pod requesting a deleted RuntimeClass", runtimeClass),
      covered(
        "should reject a Pod requesting a non-existent RuntimeClass",
        runtimeClass,
        refusals("an unknown runtime class is told"),
      ),
      covered("should schedule a Pod requesting a RuntimeClass without PodOverhead", runtimeClass),
      covered(
        "should schedule a Pod requesting a RuntimeClass and initialize its Overhead",
        conformance("RuntimeClass should schedule a Pod requesting a RuntimeClass and initialize its Overhead"),
      ),
    ],
  },
  {
    area: "[sig-node] Sysctls",
    behaviours: [
      covered("should reject invalid sysctls", conformance("Sysctls should reject invalid sysctls")),
      ...notApplicable("A kernel's setting: there is no kernel below a guest.", "should support sysctls"),
    ],
  },
  {
    area: "[sig-node] Security Context",
    behaviours: notApplicable(
      noLinux,
      "When creating a container with runAsUser should run the container with uid 65534",
      "When creating a pod with privileged should run the container as unprivileged when false",
      "When creating a pod with readOnlyRootFilesystem should run the container with writable rootfs when readOnlyRootFilesystem=false",
      "when creating containers with AllowPrivilegeEscalation should not allow privilege escalation when false",
    ),
  },
  {
    area: "[sig-network] Networking Granular Checks: Pods",
    behaviours: notApplicable(
      "Needs servers and clients of arbitrary addresses; WASI preview 1 has neither, and there is no network between pods.",
      "should function for intra-pod communication: http",
      "should function for intra-pod communication: udp",
      "should function for node-pod communication: http",
      "should function for node-pod communication: udp",
    ),
  },
];
