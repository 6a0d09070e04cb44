import { expect, test } from "vitest";
import { stopSignalNumber } from "../src/wasm/stop-signal.ts";

test.each([
  ["SIGTERM", 15],
  ["SIGUSR1", 10],
  ["usr1", 10],
  ["9", 9],
  ["SIGRTMIN", 34],
  ["SIGRTMIN+3", 37],
  ["RTMAX-2", 62],
])("stopSignalNumber() reads %j", (name, number) => {
  expect(stopSignalNumber(name)).toBe(number);
});

test.each(["", "SIGNOTHING", "0", "65", "SIGRTMAX+1", "toString"])(
  "stopSignalNumber() takes SIGTERM for %j",
  (name) => {
    expect(stopSignalNumber(name)).toBe(15);
  },
);
