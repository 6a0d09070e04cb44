import type { Probe } from "@wherry/kubernetes";
import type { Scenario, ScenarioContainer, Step } from "../scenario.ts";

/** Serves on a port, well while the file "healthz" exists. */
const server = (program: readonly string[], more: Partial<ScenarioContainer> = {}): ScenarioContainer => ({
  name: "main",
  program,
  ports: [{ name: "probed", containerPort: 8080 }],
  volumeMounts: [{ name: "state", mountPath: "/state" }],
  ...more,
});
const healthy = ["write", "/state/healthz", ""];
const http = [...healthy, "serve-files", "/state"];
const httpLater = ["serve-files", "/state"];
const tcp = [...healthy, "serve-tcp", "/state/healthz"];
const state = { volumes: [{ name: "state", emptyDir: {} }] };

const often = { periodSeconds: 1, failureThreshold: 1 };
const byHttp = (more: Partial<Probe> = {}): Probe => ({
  httpGet: { port: "probed", path: "/healthz" },
  ...often,
  ...more,
});
const byTcp = (more: Partial<Probe> = {}): Probe => ({ tcpSocket: { port: 8080 }, ...often, ...more });
/** What a command takes on a machine with little to spare is no difference, so that it has its time. */
const byCommand = (words: readonly string[], more: Partial<Probe> = {}): Probe => ({
  exec: { command: [...words] },
  ...often,
  timeoutSeconds: 20,
  ...more,
});
const looksForFile = ["workload", "cat", "/state/healthz"];
/** Serves nobody: is probed by commands. */
const commanded = (more: Partial<ScenarioContainer>, program: readonly string[] = [...healthy, "hold"]) =>
  server(program, { ports: [], ...more });
const noProgram = ["no-such-program", "--at-all"];
const tooLong = ["workload", "sleep", "20000"];
/** Nothing listens there. */
const nobody = (more: Partial<Probe> = {}): Probe => ({ tcpSocket: { port: 8081 }, ...often, ...more });

const ready: Step = { condition: "Ready", status: "True" };
const notReady: Step = { condition: "Ready", status: "False" };
const unhealthy: Step = { event: "Unhealthy" };
const always = { restartPolicy: "Always", ...state };

/** Probes of servers, through to what follows from them. */
export const probeScenarios: readonly Scenario[] = [
  {
    name: "readiness-http",
    containers: [server(http, { readinessProbe: byHttp() })],
    spec: always,
    steps: [ready, { remove: "healthz" }, notReady, unhealthy, { make: "healthz" }, ready],
  },
  {
    name: "readiness-tcp",
    containers: [server(tcp, { readinessProbe: byTcp() })],
    spec: always,
    steps: [ready, { remove: "healthz" }, notReady, unhealthy],
  },
  {
    name: "readiness-never",
    containers: [server(http, { readinessProbe: nobody() })],
    spec: always,
    steps: [{ phase: "Running" }, unhealthy],
  },
  {
    name: "readiness-thresholds",
    containers: [server(httpLater, { readinessProbe: byHttp({ successThreshold: 2, failureThreshold: 2 }) })],
    spec: always,
    steps: [unhealthy, { make: "healthz" }, ready, { remove: "healthz" }, notReady],
  },
  {
    name: "liveness-passes",
    containers: [
      server(http, { readinessProbe: byHttp(), livenessProbe: byTcp() }),
      { name: "brief", program: ["await", "/state/healthz", "sleep", "6000"], volumeMounts: server([]).volumeMounts! },
    ],
    spec: state,
    steps: [ready, notReady],
  },
  {
    name: "liveness-http-fails",
    containers: [server(http, { livenessProbe: byHttp(), readinessProbe: byHttp() })],
    spec: always,
    steps: [ready, { remove: "healthz" }, { restarts: 1 }, ready],
  },
  {
    name: "liveness-tcp-fails",
    containers: [server(tcp, { livenessProbe: byTcp(), readinessProbe: byTcp() })],
    spec: always,
    steps: [ready, { remove: "healthz" }, { restarts: 1 }, ready],
  },
  {
    name: "liveness-fails-thrice",
    containers: [server(http, { livenessProbe: byHttp({ failureThreshold: 3 }), readinessProbe: byHttp() })],
    spec: always,
    steps: [ready, { remove: "healthz" }, unhealthy, { restarts: 1 }, ready],
  },
  {
    name: "liveness-fails-never-restarts",
    containers: [server(http, { livenessProbe: byHttp(), readinessProbe: byHttp() })],
    spec: state,
    steps: [ready, { remove: "healthz" }, { phase: "Failed" }],
  },
  {
    name: "liveness-fails-again-and-again",
    // Each life is longer than the longest back-off, so that no kill is too soon after the one before.
    containers: [server(http, { livenessProbe: nobody({ initialDelaySeconds: 3 }), readinessProbe: byHttp() })],
    spec: always,
    steps: [ready, { restarts: 3 }],
    maxRestarts: 2,
  },
  {
    name: "liveness-grace-of-the-probe",
    containers: [
      server(http, {
        livenessProbe: byHttp({ terminationGracePeriodSeconds: 1 }),
        readinessProbe: byHttp(),
        lifecycle: { preStop: { sleep: { seconds: 500 } } },
      }),
    ],
    spec: { ...always, terminationGracePeriodSeconds: 600 },
    steps: [ready, { remove: "healthz" }, { restarts: 1 }, ready],
  },
  {
    name: "startup-then-ready",
    containers: [
      server(httpLater, {
        startupProbe: byHttp({ failureThreshold: 100 }),
        livenessProbe: byHttp(),
        readinessProbe: byHttp(),
      }),
    ],
    spec: always,
    steps: [{ phase: "Running" }, unhealthy, { make: "healthz" }, ready],
  },
  {
    name: "startup-fails",
    containers: [server(http, { startupProbe: nobody({ failureThreshold: 2 }) })],
    spec: always,
    steps: [{ restarts: 1 }],
    maxRestarts: 0,
  },
  {
    name: "startup-fails-never-restarts",
    containers: [server(http, { startupProbe: nobody({ failureThreshold: 2 }) })],
    spec: state,
    steps: [{ phase: "Failed" }],
  },
  {
    name: "startup-of-a-sidecar",
    initContainers: [
      server(httpLater, { name: "sidecar", restartPolicy: "Always", startupProbe: byHttp({ failureThreshold: 100 }) }),
      { name: "after", program: ["sleep", "2500"] },
    ],
    containers: [{ name: "main", program: ["hold"] }],
    spec: always,
    steps: [unhealthy, { phase: "Pending" }, { make: "healthz" }, ready],
  },
  {
    name: "startup-of-a-sidecar-fails",
    initContainers: [
      server(http, { name: "sidecar", restartPolicy: "Always", startupProbe: nobody({ failureThreshold: 2 }) }),
    ],
    containers: [{ name: "main", program: ["hold"] }],
    spec: always,
    steps: [{ restarts: 1 }],
    maxRestarts: 0,
  },
  {
    name: "liveness-of-a-sidecar",
    initContainers: [
      server(http, {
        name: "sidecar",
        restartPolicy: "Always",
        livenessProbe: byHttp(),
        readinessProbe: byHttp(),
      }),
    ],
    containers: [{ name: "main", program: ["hold"] }],
    spec: state,
    steps: [ready, { remove: "healthz" }, { restarts: 1 }, ready],
  },
  {
    name: "readiness-of-a-sidecar",
    initContainers: [server(http, { name: "sidecar", restartPolicy: "Always", readinessProbe: byHttp() })],
    containers: [{ name: "main", program: ["hold"] }],
    spec: state,
    steps: [ready, { remove: "healthz" }, notReady, { make: "healthz" }, ready],
  },
  {
    name: "readiness-exec",
    containers: [commanded({ readinessProbe: byCommand(looksForFile) })],
    spec: always,
    steps: [ready, { remove: "healthz" }, notReady, unhealthy, { make: "healthz" }, ready],
  },
  {
    name: "readiness-exec-unknown",
    containers: [commanded({ readinessProbe: byCommand(noProgram) })],
    spec: always,
    steps: [{ phase: "Running" }, unhealthy],
  },
  {
    name: "readiness-exec-too-long",
    containers: [commanded({ readinessProbe: byCommand(tooLong, { timeoutSeconds: 1 }) })],
    spec: always,
    steps: [{ phase: "Running" }, unhealthy],
  },
  {
    name: "liveness-exec-fails",
    containers: [commanded({ livenessProbe: byCommand(looksForFile), readinessProbe: byCommand(looksForFile) })],
    spec: always,
    steps: [ready, { remove: "healthz" }, { restarts: 1 }, ready],
  },
  {
    name: "liveness-exec-fails-with-its-code",
    containers: [commanded({ livenessProbe: byCommand(["workload", "error", "ill", "exit", "7"]) })],
    spec: state,
    steps: [unhealthy, { phase: "Failed" }],
  },
  {
    name: "liveness-exec-unknown",
    // It goes on: a probe that cannot be carried out ends nothing.
    containers: [commanded({ livenessProbe: byCommand(noProgram), readinessProbe: byCommand(looksForFile) })],
    spec: state,
    steps: [ready, unhealthy, { remove: "healthz" }, notReady],
  },
  {
    name: "liveness-exec-too-long",
    containers: [commanded({ livenessProbe: byCommand(tooLong, { timeoutSeconds: 1 }) })],
    spec: state,
    steps: [unhealthy, { phase: "Failed" }],
  },
  {
    name: "startup-exec-then-ready",
    containers: [
      commanded(
        {
          startupProbe: byCommand(looksForFile, { failureThreshold: 100 }),
          livenessProbe: byCommand(looksForFile),
          readinessProbe: byCommand(looksForFile),
        },
        ["hold"],
      ),
    ],
    spec: always,
    steps: [{ phase: "Running" }, unhealthy, { make: "healthz" }, ready],
  },
  {
    name: "startup-exec-fails",
    containers: [commanded({ startupProbe: byCommand(looksForFile, { failureThreshold: 2 }) }, ["hold"])],
    spec: state,
    steps: [{ phase: "Failed" }],
  },
  {
    name: "startup-exec-unknown",
    containers: [commanded({ startupProbe: byCommand(noProgram), readinessProbe: byCommand(looksForFile) })],
    spec: always,
    steps: [{ phase: "Running" }, unhealthy],
  },
];
