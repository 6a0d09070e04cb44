import {
  type Container,
  configSourceAnnotation,
  type LifecycleHandler,
  type Pod,
  type Probe,
} from "@wherry/kubernetes";
import type { ContainerScript } from "@wherry/testkit";
import fc from "fast-check";
import { podOf } from "./kubelet-harness.ts";

/** What one container is and does. */
export interface ContainerPlan {
  readonly exitAfterMs: number | undefined;
  readonly exitCodes: readonly number[];
  readonly obeysStop: boolean;
  readonly sidecar: boolean;
  readonly ownPolicy: "Always" | "OnFailure" | "Never" | undefined;
  /** Exit codes after which it starts again, whatever the pod's policy says. */
  readonly restartsOn: readonly number[] | undefined;
  /** Exit code after which all of the pod starts again. */
  readonly restartsAllOn: number | undefined;
  readonly cpu: string;
  readonly resizeRestarts: boolean;
  /** `private:v1` is never there, and nobody has its credentials. */
  readonly image: "app:v1" | "remote:v1" | "private:v1";
  readonly pullPolicy: "Always" | "IfNotPresent" | "Never";
  readonly probes: readonly ("startup" | "liveness" | "readiness")[];
  readonly probeGraceSeconds: number | undefined;
  readonly postStart: LifecycleHandler | undefined;
  readonly preStop: LifecycleHandler | undefined;
}

export interface PodPlan {
  readonly restartPolicy: "Always" | "OnFailure" | "Never";
  readonly graceSeconds: number;
  readonly deadlineSeconds: number | undefined;
  readonly critical: boolean;
  readonly hostPort: boolean;
  readonly gated: boolean;
  /** From a file of the node and not from the API. */
  readonly isStatic: boolean;
  readonly init: readonly ContainerPlan[];
  readonly apps: readonly ContainerPlan[];
}

/** The condition type of readiness gates. */
export const gate = "example.com/gate";

const sometimes = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
const seldom: fc.Arbitrary<boolean> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(false) },
  { weight: 1, arbitrary: fc.constant(true) },
);

const hook: fc.Arbitrary<LifecycleHandler | undefined> = fc.option(
  fc.oneof(
    fc.record({ sleep: fc.record({ seconds: fc.nat(50) }) }),
    fc.constant<LifecycleHandler>({ httpGet: { port: 80, path: "/hook" } }),
  ),
  { nil: undefined, freq: 1 },
);

const containerPlan: fc.Arbitrary<ContainerPlan> = fc.record({
  exitAfterMs: fc.option(fc.nat(20_000), { nil: undefined, freq: 2 }),
  exitCodes: fc.array(fc.constantFrom(0, 1, 2), { minLength: 1, maxLength: 3 }),
  obeysStop: fc.boolean(),
  sidecar: fc.boolean(),
  ownPolicy: sometimes(fc.constantFrom("Always", "OnFailure", "Never")),
  restartsOn: sometimes(fc.subarray([0, 1, 2], { minLength: 1 })),
  restartsAllOn: sometimes(fc.nat(2)),
  cpu: fc.constantFrom("0", "500m", "1", "2"),
  resizeRestarts: seldom,
  image: fc.oneof(
    { weight: 6, arbitrary: fc.constant("app:v1" as const) },
    { weight: 3, arbitrary: fc.constant("remote:v1" as const) },
    { weight: 1, arbitrary: fc.constant("private:v1" as const) },
  ),
  pullPolicy: fc.oneof(
    { weight: 6, arbitrary: fc.constant("IfNotPresent" as const) },
    { weight: 2, arbitrary: fc.constant("Always" as const) },
    { weight: 1, arbitrary: fc.constant("Never" as const) },
  ),
  probes: fc.subarray(["startup", "liveness", "readiness"]),
  probeGraceSeconds: sometimes(fc.integer({ min: 1, max: 40 })),
  postStart: hook,
  preStop: hook,
});

export const podPlan: fc.Arbitrary<PodPlan> = fc.record({
  restartPolicy: fc.constantFrom("Always", "OnFailure", "Never"),
  graceSeconds: fc.nat(40),
  deadlineSeconds: sometimes(fc.integer({ min: 1, max: 120 })),
  critical: seldom,
  hostPort: seldom,
  gated: seldom,
  isStatic: fc.constant(false),
  init: fc.array(containerPlan, { maxLength: 3 }),
  apps: fc.array(containerPlan, { minLength: 1, maxLength: 3 }),
});

/** A pod that has room, and of which an exit with 1 restarts all, as the first one of each container does. */
export const restartingPlan: fc.Arbitrary<PodPlan> = podPlan.map((plan) => {
  const restarting = (container: ContainerPlan): ContainerPlan => ({
    ...container,
    exitCodes: [1, ...container.exitCodes],
    ownPolicy: undefined,
    restartsOn: undefined,
    restartsAllOn: 1,
    cpu: "0",
    image: "app:v1",
    pullPolicy: "IfNotPresent",
  });
  return { ...plan, init: plan.init.map(restarting), apps: plan.apps.map(restarting) };
});

/** A pod of a file, which is critical and has no deadline. Of ports it would be given those that a pod of the API has, after a restart. */
export const staticPlan: fc.Arbitrary<PodPlan> = podPlan.map((plan) => ({
  ...plan,
  isStatic: true,
  deadlineSeconds: undefined,
  hostPort: false,
  gated: false,
}));

/** Long-running containers that nothing but a fault ends: their pod has to be well once all faults are over. */
export const steadyPlan: fc.Arbitrary<PodPlan> = podPlan.map((plan) => {
  const steady = (container: ContainerPlan): ContainerPlan => ({
    ...container,
    exitAfterMs: undefined,
    ownPolicy: undefined,
    restartsOn: undefined,
    restartsAllOn: undefined,
    image: container.image === "private:v1" ? "remote:v1" : container.image,
    pullPolicy: container.pullPolicy === "Never" ? "Always" : container.pullPolicy,
  });
  const init = plan.init.map((container) =>
    container.sidecar ? steady(container) : { ...steady(container), exitAfterMs: 500, exitCodes: [0] },
  );
  return { ...plan, restartPolicy: "Always", deadlineSeconds: undefined, init, apps: plan.apps.map(steady) };
});

/** Whether the pod comes to rest once all faults are over, so that what it shows can be compared with what there is. */
export function isQuiet({ init, apps }: PodPlan): boolean {
  const goesOn = ({ exitAfterMs }: ContainerPlan) => exitAfterMs === undefined;
  const succeeds = ({ exitCodes }: ContainerPlan) => exitCodes.every((code) => code === 0);
  return apps.every(goesOn) && init.every((one) => goesOn(one) || (!one.sidecar && succeeds(one)));
}

/** Whether nothing but faults ends the pod or keeps it from being ready. */
export function isSteady({ restartPolicy, deadlineSeconds, init, apps }: PodPlan): boolean {
  const isSound = ({ ownPolicy, restartsOn, restartsAllOn, image, pullPolicy }: ContainerPlan) =>
    [ownPolicy, restartsOn, restartsAllOn].every((own) => own === undefined) &&
    image !== "private:v1" &&
    pullPolicy !== "Never";
  const runs = (container: ContainerPlan) => isSound(container) && container.exitAfterMs === undefined;
  const succeeds = (container: ContainerPlan) =>
    isSound(container) && container.exitAfterMs !== undefined && container.exitCodes.every((code) => code === 0);
  return (
    restartPolicy === "Always" &&
    deadlineSeconds === undefined &&
    apps.every(runs) &&
    init.every((container) => (container.sidecar ? runs(container) : succeeds(container)))
  );
}

let created = 0;

/** A new pod of the plan; its containers are noted in `scripts` by `pod/container`. */
export function makePod(name: string, plan: PodPlan, scripts: Map<string, ContainerPlan>): Pod {
  const container = (containerName: string, containerOf: ContainerPlan, init: boolean): Container => {
    scripts.set(`${name}/${containerName}`, containerOf);
    const resizePolicy = [{ resourceName: "cpu", restartPolicy: "RestartContainer" }];
    return {
      name: containerName,
      image: containerOf.image,
      imagePullPolicy: containerOf.pullPolicy,
      resources: { requests: { cpu: containerOf.cpu } },
      ...(containerOf.resizeRestarts ? { resizePolicy } : {}),
      ...rulesOf(containerOf),
      ...(init && containerOf.sidecar ? { restartPolicy: "Always" } : {}),
      ...(init && !containerOf.sidecar ? {} : healthOf(containerOf)),
    };
  };
  const hostPorts = plan.hostPort ? { ports: [{ containerPort: 80, hostPort: 8080 }] } : {};
  const { critical, gated, isStatic } = plan;
  const pod = podOf(name, {
    restartPolicy: plan.restartPolicy,
    terminationGracePeriodSeconds: plan.graceSeconds,
    activeDeadlineSeconds: plan.deadlineSeconds,
    ...(critical || isStatic ? { priority: isStatic ? 2_000_001_000 : 2_000_000_000 } : {}),
    ...(gated ? { readinessGates: [{ conditionType: gate }] } : {}),
    initContainers: plan.init.map((init, index) => container(`init-${index}`, init, true)),
    containers: plan.apps.map((app, index) => ({
      ...container(`app-${index}`, app, false),
      ...(index === 0 ? hostPorts : {}),
    })),
  });
  const uid = `uid-${name}-${++created}`;
  const annotations = isStatic ? { [configSourceAnnotation]: "file", "kubernetes.io/config.hash": uid } : undefined;
  return { ...pod, metadata: { ...pod.metadata, uid, ...(annotations && { annotations }) } };
}

function rulesOf({ ownPolicy, restartsOn, restartsAllOn }: ContainerPlan): Partial<Container> {
  const rule = (action: string, values: readonly number[]) => ({
    action,
    exitCodes: { operator: "In", values: [...values] },
  });
  const restartPolicyRules = [
    ...(restartsOn === undefined ? [] : [rule("Restart", restartsOn)]),
    ...(restartsAllOn === undefined ? [] : [rule("RestartAllContainers", [restartsAllOn])]),
  ];
  if (restartPolicyRules.length > 0) return { restartPolicy: ownPolicy ?? "Never", restartPolicyRules };
  return ownPolicy === undefined ? {} : { restartPolicy: ownPolicy };
}

/** Other init containers have neither probes nor hooks. */
function healthOf({ probes, probeGraceSeconds, postStart, preStop }: ContainerPlan): Partial<Container> {
  const probe = (kind: ContainerPlan["probes"][number]): Probe | undefined => {
    if (!probes.includes(kind)) return undefined;
    const grace = kind === "readiness" ? undefined : probeGraceSeconds;
    return { httpGet: { port: 80, path: `/${kind}` }, periodSeconds: 3, terminationGracePeriodSeconds: grace };
  };
  return {
    startupProbe: probe("startup"),
    livenessProbe: probe("liveness"),
    readinessProbe: probe("readiness"),
    lifecycle: { postStart, preStop },
  };
}

/** What an instance of a planned container does; others run until they are stopped. */
export function scriptOf(plan: ContainerPlan | undefined, attempt: number): ContainerScript | undefined {
  if (plan === undefined) return undefined;
  const { exitAfterMs, exitCodes, obeysStop } = plan;
  return { exitAfterMs, exitCode: exitCodes[attempt % exitCodes.length], obeysStop };
}
