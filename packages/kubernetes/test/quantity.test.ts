import { describe, expect, test } from "vitest";
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  QuantityError,
  quantityMilliValue,
  quantityValue,
} from "../src/index.ts";

describe("canonicalQuantity()", () => {
  test.each([
    ["0.5", "500m"],
    ["1024Mi", "1Gi"],
    ["1.5Gi", "1536Mi"],
    ["1000m", "1"],
    ["1000", "1k"],
    ["1e3", "1e3"],
    ["1E6", "1e6"],
    ["1E", "1E"],
    ["0.1m", "100u"],
    ["0.5Ki", "512"],
    ["1.1Ki", "1127"],
    ["-1500m", "-1500m"],
    ["+2", "2"],
    ["0", "0"],
    ["0Mi", "0"],
    ["0.0000000001", "1n"],
    [".5", "500m"],
    ["5.", "5"],
    ["100Mi", "100Mi"],
    ["12e-3", "12e-3"],
  ])("canonicalQuantity() brings %s to %s", (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
    expect(canonicalQuantity(canonical)).toBe(canonical);
  });

  test.each(["", "abc", "1.2.3", "1 Gi", "Gi", "1ki", "--1", "1e", "1e99999", "0x10", "1".repeat(200)])(
    "parseQuantity() refuses %j",
    (text) => {
      expect(() => parseQuantity(text)).toThrow(QuantityError);
    },
  );
});

test("parseQuantity() caps what 64 bits cannot hold, as upstream does", () => {
  expect(formatQuantity(parseQuantity("1000000000000E"))).toBe(String(2n ** 63n - 1n));
});

test("quantityValue() and quantityMilliValue() round up", () => {
  expect(quantityValue(parseQuantity("1m"))).toBe(1);
  expect(quantityValue(parseQuantity("1001m"))).toBe(2);
  expect(quantityMilliValue(parseQuantity("1u"))).toBe(1);
  expect(quantityMilliValue(parseQuantity("2"))).toBe(2000);
  expect(quantityValue(parseQuantity("1Gi"))).toBe(2 ** 30);
});

test("addQuantities() keeps the format of the first amount that is not zero", () => {
  expect(formatQuantity(addQuantities(parseQuantity("512Mi"), parseQuantity("512Mi")))).toBe("1Gi");
  expect(formatQuantity(addQuantities(parseQuantity("0"), parseQuantity("2Ki")))).toBe("2Ki");
});

test("compareQuantities() compares amounts, not texts", () => {
  expect(compareQuantities(parseQuantity("1"), parseQuantity("1000m"))).toBe(0);
  expect(compareQuantities(parseQuantity("1Mi"), parseQuantity("1M"))).toBe(1);
  expect(compareQuantities(parseQuantity("-1"), parseQuantity("0"))).toBe(-1);
});
