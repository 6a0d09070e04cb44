import { FakeClock, silentLogger } from "@wherry/base";
import { describe, expect, test } from "vitest";
import { watchHeartbeats } from "../src/client/heartbeat.ts";
import { eventually, startPod } from "./test-engine.ts";

describe("watchHeartbeats()", () => {
  test("watchHeartbeats() kills a host that does not answer, and leaves the others", async () => {
    const [stalled, fine] = await Promise.all([startPod({}, { id: "stalled" }), startPod({}, { id: "fine" })]);
    await stalled.run("spin");
    await fine.run("spin");
    process.kill(stalled.host.pid, "SIGSTOP");
    const clock = new FakeClock();
    const controller = new AbortController();
    const hosts = [stalled.host, fine.host].map((host) => ({
      id: host.id,
      pid: host.pid,
      get alive() {
        return host.alive;
      },
      ping: () => host.stats("main").then(() => undefined),
      kill: () => process.kill(host.pid, "SIGKILL"),
    }));
    const watching = watchHeartbeats(() => hosts, { clock, logger: silentLogger }, controller.signal);
    await eventually(async () => {
      await clock.advance(1000);
      // The clock is faster than any host: a round trip gives the other one its chance to answer.
      await fine.host.stats("main");
      return !stalled.host.alive;
    }, "the stalled host's end");
    controller.abort();
    await watching;
    expect(await stalled.host.waitGuest("main")).toMatchObject({ exitCode: 137 });
    expect((await fine.host.guestState("main")).state).toBe("running");
  });
});
