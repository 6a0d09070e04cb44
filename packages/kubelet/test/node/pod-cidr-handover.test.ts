import { type LogFields, type Logger, WherryError } from "@wherry/base";
import type { Node } from "@wherry/kubernetes";
import { expect, test } from "vitest";
import { PodCidrHandover } from "../../src/node/pod-cidr-handover.ts";

const node = (...podCIDRs: string[]): Node => ({
  spec: podCIDRs.length === 0 ? {} : { podCIDR: podCIDRs[0]!, podCIDRs },
});

test("PodCidrHandover tells the provider each range of the node once", async () => {
  const told: string[] = [];
  const provider = { podCidrChanged: async (podCidr: string) => void told.push(podCidr) };
  const handover = new PodCidrHandover({ provider, logger: logger([]) });
  await handover.offer(node());
  await handover.offer(node("10.1.0.0/24", "fd00::/64"));
  await handover.offer(node("10.1.0.0/24", "fd00::/64"));
  await handover.offer({ spec: { podCIDR: "10.2.0.0/24" } });
  expect(told).toEqual(["10.1.0.0/24,fd00::/64", "10.2.0.0/24"]);
});

test("PodCidrHandover logs a refusal, and offers the range again where that may help", async () => {
  const warnings: string[] = [];
  let retryable = true;
  let calls = 0;
  const provider = {
    podCidrChanged: async () => {
      calls += 1;
      throw new WherryError("Unavailable", "no route", { retryable });
    },
  };
  const handover = new PodCidrHandover({ provider, logger: logger(warnings) });
  await handover.offer(node("10.1.0.0/24"));
  retryable = false;
  await handover.offer(node("10.1.0.0/24"));
  await handover.offer(node("10.1.0.0/24"));
  expect(calls).toBe(2);
  expect(warnings).toEqual(Array(2).fill("Pods get no addresses of the node's range no route"));
  await new PodCidrHandover({ provider: {}, logger: logger([]) }).offer(node("10.1.0.0/24"));
});

function logger(warnings: string[]): Logger {
  const warn = (message: string, fields?: LogFields) => void warnings.push(`${message} ${fields?.["error"]}`);
  const silent = () => undefined;
  return { debug: silent, info: silent, warn, error: silent, child: () => logger(warnings) };
}
