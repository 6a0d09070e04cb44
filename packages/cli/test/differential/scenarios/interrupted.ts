import type { InterruptedScenario, Scenario, ScenarioContainer, Step } from "../scenario.ts";

const state = { volumes: [{ name: "state", emptyDir: {} }] };
const volumeMounts = [{ name: "state", mountPath: "/state" }];
const ready: Step = { condition: "Ready", status: "True" };
const notReady: Step = { condition: "Ready", status: "False" };
const held: ScenarioContainer = { name: "main", program: ["hold"], volumeMounts };
/** What tells that it has got as far as `go` lets it before it goes on. */
const waits = (...then: readonly string[]) => ["await", "/state/go", "write", "/state/gone", "", ...then];
const letsGo: readonly Step[] = [{ make: "go" }, { made: "gone" }];
const probe = { httpGet: { port: 8080, path: "/healthz" }, periodSeconds: 1, failureThreshold: 2 };
const server: ScenarioContainer = {
  name: "main",
  program: ["write", "/state/healthz", "", "serve-files", "/state"],
  ports: [{ containerPort: 8080 }],
  volumeMounts,
};

type Interruption = Omit<InterruptedScenario, "name" | "containers"> & Partial<Pick<Scenario, "containers">>;

function interrupted(name: string, { containers = [held], spec, ...rest }: Interruption): InterruptedScenario {
  return { name, containers, spec: { restartPolicy: "Always", ...state, ...spec }, ...rest };
}

/** Pods whose kubelet is restarted. */
export const interruptedScenarios: readonly InterruptedScenario[] = [
  interrupted("running", { steps: [ready], afterwards: [] }),
  interrupted("running-with-a-sidecar", {
    initContainers: [{ ...held, name: "beside", restartPolicy: "Always" }],
    steps: [ready],
    afterwards: [],
  }),
  interrupted("static-with-a-volume", { static: true, steps: [ready], afterwards: [] }),
  interrupted("ready-by-a-probe", {
    containers: [{ ...server, readinessProbe: probe }],
    steps: [ready],
    afterwards: [{ remove: "healthz" }, notReady, { make: "healthz" }, ready],
  }),
  interrupted("fails-its-liveness-probe", {
    containers: [{ ...server, livenessProbe: probe }],
    steps: [ready],
    afterwards: [{ remove: "healthz" }, { restarts: 1 }, ready],
  }),
  interrupted("not-started-by-a-probe", {
    containers: [
      {
        ...server,
        program: ["serve-files", "/state"],
        startupProbe: { ...probe, failureThreshold: 100 },
        readinessProbe: probe,
      },
    ],
    steps: [{ event: "Unhealthy" }],
    afterwards: [{ make: "healthz" }, ready],
  }),
  interrupted("initializing", {
    initContainers: [{ ...held, name: "first", program: waits() }],
    steps: [{ started: "first" }],
    afterwards: [...letsGo, ready],
  }),
  interrupted("initialized-meanwhile", {
    initContainers: [{ ...held, name: "first", program: waits() }],
    steps: [{ started: "first" }],
    meanwhile: letsGo,
    afterwards: [ready],
  }),
  interrupted("in-back-off", {
    containers: [{ name: "main", program: ["sleep", "2500", "exit", "1"] }],
    steps: [{ waiting: "CrashLoopBackOff" }, { restarts: 1 }],
    afterwards: [{ restarts: 3 }],
    maxRestarts: 1,
  }),
  interrupted("without-its-image", {
    containers: [{ name: "main", image: "{registry}/nothing:v1" }],
    steps: [{ waiting: "ImagePullBackOff" }],
    afterwards: [{ event: "Pulling", count: 2 }],
  }),
  interrupted("succeeds-meanwhile", {
    containers: [{ ...held, program: waits("exit", "0") }],
    spec: { restartPolicy: "Never" },
    steps: [{ started: "main" }],
    meanwhile: letsGo,
    afterwards: [{ phase: "Succeeded" }],
  }),
  interrupted("fails-meanwhile", {
    containers: [{ ...held, program: waits("print", "said before the end", "exit", "3") }],
    spec: { restartPolicy: "OnFailure" },
    steps: [{ started: "main" }],
    meanwhile: letsGo,
    afterwards: [{ restarts: 1 }],
    maxRestarts: 0,
  }),
  interrupted("one-of-two-ends-meanwhile", {
    containers: [{ ...held, name: "brief", program: waits("exit", "0") }, held],
    spec: { restartPolicy: "OnFailure" },
    steps: [ready],
    meanwhile: letsGo,
    afterwards: [notReady],
  }),
  interrupted("succeeded-before", {
    containers: [{ name: "main", program: ["sleep", "1500"] }],
    spec: { restartPolicy: "Never" },
    steps: [{ phase: "Succeeded" }],
    afterwards: [],
  }),
  interrupted("deleted-meanwhile", {
    steps: [ready],
    meanwhile: [{ delete: undefined }],
    afterwards: [{ gone: true }],
  }),
  interrupted("deleted-without-grace-meanwhile", {
    steps: [ready],
    meanwhile: [{ delete: 0 }, { gone: true }],
    afterwards: [],
  }),
  interrupted("while-it-is-being-deleted", {
    containers: [{ ...held, lifecycle: { preStop: { sleep: { seconds: 8 } } } }],
    spec: { terminationGracePeriodSeconds: 20 },
    steps: [ready, { delete: undefined }, { event: "Killing" }],
    afterwards: [{ gone: true }],
  }),
  interrupted("past-its-deadline-meanwhile", {
    steps: [ready],
    meanwhile: [{ deadline: 1 }],
    afterwards: [{ phase: "Failed" }],
  }),
  interrupted("resized-meanwhile", {
    containers: [{ ...held, resources: { limits: { cpu: "20m", memory: "32Mi" } } }],
    steps: [ready],
    meanwhile: [{ resize: { main: { requests: { cpu: "40m" }, limits: { cpu: "40m" } } } }],
    afterwards: [{ event: "ResizeCompleted" }, { resized: true }],
    resources: true,
  }),
  interrupted("made-meanwhile", { madeMeanwhile: true, steps: [], afterwards: [ready] }),
];
