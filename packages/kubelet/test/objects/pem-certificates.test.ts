import { expect, test } from "vitest";
import { certificatesIn, pemOf } from "../../src/objects/pem-certificates.ts";

const block = (body: string, type = "CERTIFICATE") => `-----BEGIN ${type}-----\n${body}\n-----END ${type}-----\n`;

test("certificatesIn() finds certificates among whatever else there is, without their headers", () => {
  const text = [
    "# our own\r\n",
    block("QUJD\r\nREVG"),
    "between ",
    block("a: b\nProc-Type: 4,ENCRYPTED\n\nR0hJ"),
    block("c2VjcmV0", "PRIVATE KEY"),
    block("SktM"),
    "after",
  ].join("");
  expect(certificatesIn(text)).toEqual(["QUJDREVG", "R0hJ", "SktM"]);
});

test.each([
  ["nothing", ""],
  ["a block without end", "-----BEGIN CERTIFICATE-----\nQUJD\n"],
  ["an end without beginning", "QUJD\n-----END CERTIFICATE-----\n"],
  ["no base64", block("äöü=")],
  ["half a group of base64", block("QUJDR")],
  ["an empty block", block("")],
  ["a header that never ends", block("a: b\nQUJD")],
])("certificatesIn() leaves out %s", (_, text) => {
  expect(certificatesIn(text)).toEqual([]);
  expect(certificatesIn(`${text}${block("QUJD")}`)).toEqual(["QUJD"]);
});

test("certificatesIn() looks at no text twice, however many blocks begin", () => {
  const beginnings = "-----BEGIN CERTIFICATE-----\n".repeat(200_000);
  expect(certificatesIn(beginnings)).toEqual([]);
  expect(certificatesIn(`${beginnings}QUJD\n-----END CERTIFICATE-----`)).toEqual(["QUJD"]);
  expect(certificatesIn("-----END CERTIFICATE-----".repeat(200_000))).toEqual([]);
});

test("pemOf() writes lines of 64 characters that certificatesIn() reads again", () => {
  const certificates = ["QUJD".repeat(40), "SktM"];
  const text = pemOf(certificates);
  expect(text.split("\n").map((line) => line.length)).toEqual([27, 64, 64, 32, 25, 27, 4, 25, 0]);
  expect(certificatesIn(text)).toEqual(certificates);
});
