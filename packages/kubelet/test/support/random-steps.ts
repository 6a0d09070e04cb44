import type { Fault } from "@wherry/testkit";
import fc from "fast-check";

/** One thing that happens to a node, its pods or what they stand on. Numbers of pods and containers are taken modulo how many there are. */
export type Step =
  | { readonly kind: "advance"; readonly ms: number }
  | { readonly kind: "create" | "ephemeral"; readonly pod: number }
  | { readonly kind: "delete"; readonly pod: number; readonly grace: number | undefined }
  | { readonly kind: "resize"; readonly pod: number; readonly container: number; readonly cpu: string }
  | { readonly kind: "image"; readonly pod: number; readonly container: number; readonly image: string }
  | { readonly kind: "deadline"; readonly pod: number; readonly seconds: number }
  | { readonly kind: "gate"; readonly pod: number; readonly status: "True" | "False" }
  | { readonly kind: "evict"; readonly pod: number; readonly graceMs: number }
  | { readonly kind: "restart" | "stop" | "lose" }
  | { readonly kind: "api"; readonly down: boolean; readonly latencyMs: number }
  | { readonly kind: "answers"; readonly share: number; readonly fault: "fail" | "lose" }
  | { readonly kind: "watch"; readonly stalled: boolean }
  | { readonly kind: "faults"; readonly share: number; readonly fault: Fault }
  | { readonly kind: "health"; readonly failing: number; readonly hanging: number }
  | { readonly kind: "events"; readonly muted: boolean; readonly doubled: boolean }
  | { readonly kind: "registry"; readonly up: boolean }
  | { readonly kind: "volumes"; readonly share: number }
  | { readonly kind: "full"; readonly full: boolean }
  | { readonly kind: "exit"; readonly index: number; readonly exitCode: number }
  | { readonly kind: "vanish" | "break"; readonly index: number };

const pod = fc.nat(2);
const container = fc.nat(2);
const share = fc.double({ min: 0, max: 0.4, noNaN: true });

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.constant<Fault>({ kind: "fail" }),
  fc.constant<Fault>({ kind: "lose" }),
  fc.record({ kind: fc.constant("delay" as const), delayMs: fc.integer({ min: 1, max: 5000 }) }),
);

const weighted: readonly (readonly [number, fc.Arbitrary<Step>])[] = [
  [12, fc.record({ kind: fc.constant("advance" as const), ms: fc.nat(20_000) })],
  [1, fc.record({ kind: fc.constant("advance" as const), ms: fc.nat(400_000) })],
  [6, fc.record({ kind: fc.constant("create" as const), pod })],
  [1, fc.record({ kind: fc.constant("ephemeral" as const), pod })],
  [3, fc.record({ kind: fc.constant("delete" as const), pod, grace: fc.option(fc.nat(5), { nil: undefined }) })],
  [
    2,
    fc.record({
      kind: fc.constant("resize" as const),
      pod,
      container,
      cpu: fc.constantFrom("250m", "1", "2", "3", "8"),
    }),
  ],
  [
    1,
    fc.record({
      kind: fc.constant("image" as const),
      pod,
      container,
      image: fc.constantFrom("app:v1", "app:v2", "remote:v1"),
    }),
  ],
  [1, fc.record({ kind: fc.constant("deadline" as const), pod, seconds: fc.integer({ min: 1, max: 60 }) })],
  [1, fc.record({ kind: fc.constant("gate" as const), pod, status: fc.constantFrom("True", "False") })],
  [1, fc.record({ kind: fc.constant("evict" as const), pod, graceMs: fc.nat(20_000) })],
  [3, fc.record({ kind: fc.constantFrom("restart" as const, "stop" as const) })],
  [1, fc.record({ kind: fc.constant("lose" as const) })],
  [2, fc.record({ kind: fc.constant("api" as const), down: fc.boolean(), latencyMs: fc.nat(200) })],
  [2, fc.record({ kind: fc.constant("answers" as const), share, fault: fc.constantFrom("fail", "lose") })],
  [2, fc.record({ kind: fc.constant("watch" as const), stalled: fc.boolean() })],
  [3, fc.record({ kind: fc.constant("faults" as const), share, fault })],
  [
    2,
    fc.record({
      kind: fc.constant("health" as const),
      failing: fc.double({ min: 0, max: 1, noNaN: true }),
      hanging: fc.double({ min: 0, max: 0.3, noNaN: true }),
    }),
  ],
  [1, fc.record({ kind: fc.constant("events" as const), muted: fc.boolean(), doubled: fc.boolean() })],
  [1, fc.record({ kind: fc.constant("registry" as const), up: fc.boolean() })],
  [1, fc.record({ kind: fc.constant("volumes" as const), share })],
  [1, fc.record({ kind: fc.constant("full" as const), full: fc.boolean() })],
  [2, fc.record({ kind: fc.constant("exit" as const), index: fc.nat(9), exitCode: fc.nat(2) })],
  [2, fc.record({ kind: fc.constantFrom("vanish" as const, "break" as const), index: fc.nat(9) })],
];

export const step: fc.Arbitrary<Step> = fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary })));
