import type { Lifecycle, LifecycleHandler } from "@wherry/kubernetes";
import type { Scenario, ScenarioContainer, Step } from "../scenario.ts";

const sleep = (seconds: number): LifecycleHandler => ({ sleep: { seconds } });
const get = (port: number, path = "/healthz"): LifecycleHandler => ({ httpGet: { port, path } });
const run = (...command: readonly string[]): LifecycleHandler => ({ exec: { command: [...command] } });
const noProgram = run("no-such-program", "--at-all");
/** Nothing listens there. */
const nobody = get(8081);
const held = (lifecycle: Lifecycle): ScenarioContainer => ({ name: "main", program: ["hold"], lifecycle });

/** Listens before the containers after it start. */
const server: ScenarioContainer = {
  name: "server",
  program: ["write", "/state/healthz", "", "serve-files", "/state"],
  restartPolicy: "Always",
  ports: [{ containerPort: 8080 }],
  startupProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1, failureThreshold: 30 },
  volumeMounts: [{ name: "state", mountPath: "/state" }],
};
const state = { volumes: [{ name: "state", emptyDir: {} }] };
/** Does what a file asks for that a hook makes. */
const asked = (program: readonly string[], lifecycle: Lifecycle): ScenarioContainer => ({
  name: "main",
  program: ["await", "/state/asked", ...program],
  lifecycle,
  volumeMounts: [{ name: "state", mountPath: "/state" }],
});
const withServer = { initContainers: [server], spec: state };

/** So that a slow machine is no difference. */
const patient = { terminationGracePeriodSeconds: 60 };

const ready: Step = { condition: "Ready", status: "True" };
const deleted: readonly Step[] = [{ delete: undefined }, { gone: true }];

/** What runs after the start and before the stop of containers. */
export const hookScenarios: readonly Scenario[] = [
  {
    name: "post-start-sleep",
    containers: [held({ postStart: sleep(3) })],
    steps: [{ waiting: "ContainerCreating" }, ready],
  },
  { name: "post-start-http", ...withServer, containers: [held({ postStart: get(8080) })], steps: [ready] },
  {
    name: "post-start-http-of-a-missing-page",
    ...withServer,
    containers: [held({ postStart: get(8080, "/absent") })],
    steps: [ready],
  },
  {
    name: "post-start-fails",
    containers: [held({ postStart: nobody })],
    steps: [{ phase: "Failed" }, { event: "FailedPostStartHook" }],
  },
  {
    name: "post-start-fails-always",
    containers: [held({ postStart: nobody })],
    spec: { restartPolicy: "Always" },
    steps: [{ waiting: "PostStartHookError" }, { restarts: 1 }, { event: "FailedPostStartHook" }],
    maxRestarts: 0,
  },
  {
    name: "pre-stop-sleep",
    containers: [held({ preStop: sleep(3) })],
    spec: { terminationGracePeriodSeconds: 30 },
    steps: [ready, ...deleted],
  },
  { name: "pre-stop-http", ...withServer, containers: [held({ preStop: get(8080) })], steps: [ready, ...deleted] },
  {
    name: "pre-stop-fails",
    containers: [held({ preStop: nobody })],
    steps: [ready, ...deleted, { event: "FailedPreStopHook" }],
  },
  {
    name: "pre-stop-outlasts-the-grace-period",
    containers: [held({ preStop: sleep(500) })],
    spec: { terminationGracePeriodSeconds: 600 },
    steps: [ready, { delete: 2 }, { gone: true }],
  },
  {
    name: "pre-stop-of-a-container-that-ended",
    containers: [{ name: "main", program: ["sleep", "2500"], lifecycle: { preStop: nobody } }],
    steps: [{ phase: "Succeeded" }],
  },
  {
    name: "pre-stop-of-a-sidecar",
    initContainers: [{ ...held({ preStop: nobody }), name: "sidecar", restartPolicy: "Always" }],
    containers: [{ name: "main", program: ["sleep", "2500"] }],
    steps: [{ phase: "Succeeded" }, { event: "FailedPreStopHook" }],
  },
  {
    name: "pre-stop-at-the-deadline",
    containers: [held({ preStop: nobody })],
    steps: [ready, { deadline: 1 }, { phase: "Failed" }, { event: "FailedPreStopHook" }],
  },
  {
    name: "post-start-exec",
    containers: [
      asked(["print", "asked", "sleep", "2500"], { postStart: run("workload", "write", "/state/asked", "") }),
    ],
    spec: state,
    steps: [{ phase: "Succeeded" }],
    logs: ["main"],
  },
  {
    name: "post-start-exec-fails",
    containers: [held({ postStart: run("workload", "exit", "3") })],
    steps: [{ phase: "Failed" }, { event: "FailedPostStartHook" }],
  },
  {
    name: "post-start-exec-unknown",
    containers: [held({ postStart: noProgram })],
    steps: [{ phase: "Failed" }, { event: "FailedPostStartHook" }],
  },
  {
    name: "pre-stop-exec",
    containers: [held({ preStop: run("workload", "print", "bye") })],
    spec: patient,
    steps: [ready, ...deleted],
  },
  {
    name: "pre-stop-exec-ends-the-container",
    // The command lasts longer than what it asks to end.
    containers: [asked(["exit", "7"], { preStop: run("workload", "write", "/state/asked", "", "sleep", "60000") })],
    spec: { ...state, terminationGracePeriodSeconds: 30 },
    steps: [ready, ...deleted, { event: "FailedPreStopHook" }],
  },
  {
    name: "pre-stop-exec-fails",
    containers: [held({ preStop: run("workload", "exit", "3") })],
    spec: patient,
    steps: [ready, ...deleted, { event: "FailedPreStopHook" }],
  },
  {
    name: "pre-stop-exec-unknown",
    containers: [held({ preStop: noProgram })],
    spec: patient,
    steps: [ready, ...deleted, { event: "FailedPreStopHook" }],
  },
  {
    name: "pre-stop-exec-outlasts-the-grace-period",
    containers: [held({ preStop: run("workload", "sleep", "500000") })],
    spec: { terminationGracePeriodSeconds: 600 },
    steps: [ready, { delete: 2 }, { gone: true }],
  },
];
