import { createLogger, FakeClock, type LogEntry } from "@wherry/base";
import type { Container, LifecycleHandler } from "@wherry/kubernetes";
import { failing } from "@wherry/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { ActionError } from "../../src/errors.ts";
import { FakeActions } from "../support/fake-actions.ts";
import { type HarnessOptions, KubeletHarness, podOf } from "../support/kubelet-harness.ts";

let harness: KubeletHarness;
let actions: FakeActions;

afterEach(() => harness.stop());

function start(options: HarnessOptions = {}): void {
  const clock = new FakeClock();
  actions = new FakeActions(clock);
  harness = new KubeletHarness({
    ...options,
    clock,
    provider: {
      actions,
      ...options.provider,
    },
  });
  harness.start();
}

const sleep = (seconds: number): LifecycleHandler => ({ sleep: { seconds } });
const http: LifecycleHandler = { httpGet: { port: 80, path: "/hook" } };
const httpUrl = "http://10.0.0.1/hook";
const main = () => harness.status("web").containerStatuses?.[0];
const messages = (reason: string) =>
  harness.events.filter((event) => event.reason === reason).map(({ message }) => message);
const calls = (verb: string) => harness.runtime.injector.calls.filter((call) => call.verb === verb);
/** Seconds from `sinceMs` to the stop signals, by container. */
const stops = (sinceMs: number) =>
  calls("stopContainer").map(({ subject, atMs }) => [subject, (atMs - sinceMs) / 1000] as const);

describe("standard provider, postStart hooks", () => {
  test("a container is not shown as running, and the next does not start, before its hook has returned", async () => {
    start();
    const second: Container = { name: "second", image: "app:v1" };
    const spec = podOf("web", {}, { lifecycle: { postStart: sleep(5) } }).spec;
    harness.api.create(podOf("web", { containers: [...(spec?.containers ?? []), second] }));
    await harness.advance(4000);
    expect(harness.runtime.find("web", "main").state).toBe("running");
    expect(main()?.state?.waiting?.reason).toBe("ContainerCreating");
    expect(harness.status("web").phase).toBe("Pending");
    expect(calls("startContainer")).toHaveLength(1);
    await harness.advance(1000);
    expect(harness.status("web").phase).toBe("Running");
    expect(calls("startContainer")).toHaveLength(2);
  });

  test("a hook that fails kills the container, tells it without details, and shows PostStartHookError", async () => {
    start();
    // The cause is in upstream's words already, and was told twice.
    actions.answer = new ActionError("Failed", `Get "${httpUrl}": EOF`, { cause: new Error("read ECONNRESET") });
    harness.api.create(podOf("web", {}, { lifecycle: { postStart: http } }));
    await harness.settle();
    expect(main()?.state?.waiting).toEqual({
      reason: "PostStartHookError",
      message: `HTTP lifecycle hook (/hook) for Container "main" in Pod "web_default(uid-web)" failed - error: Get "${httpUrl}": EOF`,
    });
    expect(main()?.lastState?.terminated?.exitCode).toBe(143);
    expect(messages("FailedPostStartHook")).toEqual(["PostStartHook failed"]);
    expect(messages("Killing")).toEqual(["FailedPostStartHook"]);
    await harness.advance(2100);
    expect(main()?.restartCount).toBe(1);
    expect(harness.api.states("web", "main").at(-1)).toBe("waiting:CrashLoopBackOff");
    actions.answer = "ok";
    await harness.advance(20_000);
    expect(main()?.state?.running).toBeDefined();
  });

  test("with restartPolicy Never a hook that fails is the pod's end, and the log alone says why", async () => {
    const log: LogEntry[] = [];
    start({ logger: createLogger((entry) => void log.push(entry), "warn") });
    actions.answer = new ActionError("Failed", "EOF");
    harness.api.create(podOf("web", { restartPolicy: "Never" }, { lifecycle: { postStart: http } }));
    await harness.advance(2000);
    expect(harness.status("web").phase).toBe("Failed");
    const { fields } = log.find(({ message }) => message === "postStart hook failed") ?? {};
    expect(fields).toMatchObject({ container: "main", error: expect.stringContaining("EOF") });
  });

  test("a deletion cuts a hook short", async () => {
    start();
    harness.api.create(podOf("web", {}, { lifecycle: { postStart: sleep(3600) } }));
    await harness.settle();
    harness.api.delete("web");
    await harness.settle();
    expect(harness.api.deletions).toEqual(["web"]);
    expect(messages("FailedPostStartHook")).toEqual([]);
  });

  test("any HTTP answer will do, with the user agent of hooks", async () => {
    start();
    actions.answer = 500;
    harness.api.create(podOf("web", {}, { lifecycle: { postStart: http } }));
    await harness.settle();
    expect(harness.status("web").phase).toBe("Running");
    expect(actions.requests[0]?.headers).toContainEqual(["User-Agent", "kube-lifecycle/1.36"]);
  });

  test("an HTTPS hook falls back to HTTP where the server speaks that, without credentials", async () => {
    start();
    actions.answers.set("https://10.0.0.1:8443/", new ActionError("PlainHttp", "server gave HTTP response"));
    const httpHeaders = [
      { name: "Authorization", value: "secret" },
      { name: "X-Other", value: "1" },
    ];
    const httpGet = { port: 8443, scheme: "HTTPS", httpHeaders };
    harness.api.create(podOf("web", {}, { lifecycle: { postStart: { httpGet } } }));
    await harness.settle();
    expect(harness.status("web").phase).toBe("Running");
    expect(actions.calls.map(({ target }) => target)).toEqual(["https://10.0.0.1:8443/", "http://10.0.0.1:8443/"]);
    expect(actions.requests[1]?.headers.map(([name]) => name)).not.toContain("Authorization");
    expect(messages("LifecycleHTTPFallback")).toEqual([
      "request to HTTPS lifecycle hook 10.0.0.1:8443 got HTTP response, retry with HTTP succeeded",
    ]);
  });

  test("exec hooks run in the container where the runtime can, and fail with their exit code", async () => {
    start({ provider: { execSupported: true } });
    actions.answers.set("bad", 3);
    const exec = (command: string): Partial<Container> => ({
      lifecycle: { postStart: { exec: { command: [command] } } },
    });
    harness.api.create(podOf("good", {}, exec("good")));
    harness.api.create(podOf("web", {}, exec("bad")));
    await harness.settle();
    expect(harness.status("good").phase).toBe("Running");
    expect(main()?.state?.waiting?.message).toContain('command "bad" exited with 3: , message: "output"');
  });

  test("a tcpSocket hook fails, as the API says", async () => {
    start();
    harness.api.create(podOf("web", {}, { lifecycle: { postStart: { tcpSocket: { port: 80 } } } }));
    await harness.settle();
    expect(main()?.state?.waiting?.reason).toBe("PostStartHookError");
  });
});

describe("standard provider, preStop hooks", () => {
  async function running(
    seconds: number,
    container: Partial<Container>,
    options: HarnessOptions = {},
  ): Promise<number> {
    start(options);
    harness.api.create(podOf("web", { terminationGracePeriodSeconds: seconds }, container));
    await harness.settle();
    return harness.clock.now();
  }

  test("a hook runs before the stop signal, and its time is part of the grace period", async () => {
    const stubborn = { runtime: { script: () => ({ obeysStop: false }) } };
    const begin = await running(20, { lifecycle: { preStop: sleep(8) } }, stubborn);
    harness.api.delete("web");
    await harness.advance(7900);
    expect(messages("Killing")).toEqual(["Stopping container main"]);
    expect(stops(begin)).toEqual([]);
    await harness.advance(200);
    expect(stops(begin)).toEqual([["main", 8]]);
    await harness.advance(11_800);
    expect(harness.api.deletions).toEqual([]);
    await harness.advance(200);
    expect(harness.api.deletions).toEqual(["web"]);
    expect(messages("FailedPreStopHook")).toEqual([]);
  });

  test("a hook ends with the grace period, and two seconds stay for the stop", async () => {
    const stubborn = { runtime: { script: () => ({ obeysStop: false }) } };
    const begin = await running(5, { lifecycle: { preStop: sleep(60) } }, stubborn);
    harness.api.delete("web");
    await harness.advance(5000);
    expect(stops(begin)).toEqual([["main", 5]]);
    await harness.advance(1900);
    expect(harness.api.deletions).toEqual([]);
    await harness.advance(200);
    expect(harness.api.deletions).toEqual(["web"]);
    expect(messages("FailedPreStopHook")).toEqual([]);
  });

  test("a later deletion shortens the grace period while the hook runs", async () => {
    const begin = await running(600, { lifecycle: { preStop: sleep(300) } });
    harness.api.delete("web");
    await harness.advance(4000);
    harness.api.delete("web", 10);
    await harness.advance(5900);
    expect(stops(begin)).toEqual([]);
    await harness.advance(200);
    expect(stops(begin)).toEqual([["main", 10]]);
    expect(harness.api.deletions).toEqual(["web"]);
  });

  test("a later deletion that is already due ends the hook at once", async () => {
    const begin = await running(600, { lifecycle: { preStop: sleep(300) } });
    harness.api.delete("web");
    await harness.advance(20_000);
    harness.api.delete("web", 10);
    await harness.settle();
    expect(stops(begin)).toEqual([["main", 20]]);
  });

  test("a command that the grace period cuts off has failed, as the Go kubelet's event says", async () => {
    const exec = { exec: { command: ["flush"] } };
    const begin = await running(5, { lifecycle: { preStop: exec } }, { provider: { execSupported: true } });
    actions.answer = "hang";
    harness.api.delete("web");
    await harness.advance(5000);
    expect(stops(begin)).toEqual([["main", 5]]);
    expect(messages("FailedPreStopHook")).toEqual(["PreStopHook failed"]);
  });

  test("a hook that fails is an event without details, and the container is stopped all the same", async () => {
    const begin = await running(30, { lifecycle: { preStop: http } });
    actions.answer = new ActionError("Failed", "EOF");
    harness.api.delete("web");
    await harness.settle();
    expect(stops(begin)).toEqual([["main", 0]]);
    expect(messages("FailedPreStopHook")).toEqual(["PreStopHook failed"]);
    expect(harness.api.deletions).toEqual(["web"]);
  });

  test("a hook is not run for a container that ended by itself", async () => {
    start({ runtime: { script: () => ({ exitAfterMs: 1000 }) } });
    harness.api.create(podOf("web", { restartPolicy: "Never" }, { lifecycle: { preStop: http } }));
    await harness.advance(2000);
    expect(harness.status("web").phase).toBe("Succeeded");
    harness.api.delete("web");
    await harness.settle();
    expect(actions.calls).toEqual([]);
  });

  test("a hook that has run is not run again when the stop has to be tried again", async () => {
    await running(30, { lifecycle: { preStop: http } });
    harness.runtime.injector.plan = failing("stopContainer", 2);
    harness.api.delete("web");
    await harness.advance(5000);
    expect(harness.api.deletions).toEqual(["web"]);
    expect(actions.calls).toHaveLength(1);
  });

  test("a forced deletion with grace 0 gives the hook one second", async () => {
    const begin = await running(30, { lifecycle: { preStop: sleep(60) } });
    harness.api.delete("web", 0);
    await harness.advance(1000);
    expect(stops(begin)).toEqual([["main", 1]]);
  });

  test("hooks of all containers begin at once; sidecars wait with their stop signal for the others", async () => {
    start();
    const initContainers: Container[] = [
      { name: "proxy", image: "app:v1", restartPolicy: "Always", lifecycle: { preStop: sleep(2) } },
      { name: "logs", image: "app:v1", restartPolicy: "Always", lifecycle: { preStop: sleep(6) } },
    ];
    harness.api.create(podOf("web", { initContainers }, { lifecycle: { preStop: sleep(4) } }));
    await harness.settle();
    const begin = harness.clock.now();
    harness.api.delete("web");
    await harness.advance(10_000);
    expect(stops(begin)).toEqual([
      ["main", 4],
      ["logs", 6],
      ["proxy", 6],
    ]);
    expect(harness.api.deletions).toEqual(["web"]);
  });

  test("a container that fails its liveness probe gets its hook too", async () => {
    start();
    const begin = harness.clock.now();
    actions.answers.set("http://10.0.0.1/live", 500);
    const livenessProbe = { httpGet: { port: 80, path: "/live" }, failureThreshold: 1 };
    harness.api.create(podOf("web", {}, { livenessProbe, lifecycle: { preStop: sleep(3) } }));
    await harness.advance(3900);
    expect(stops(begin)).toEqual([]);
    await harness.advance(200);
    expect(stops(begin)).toEqual([["main", 4]]);
    expect(main()?.restartCount).toBe(1);
  });
});
