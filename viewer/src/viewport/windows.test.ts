import { expect, test } from "vitest";
import type { KnownFrame } from "~/imaging/frames";
import { askedRange, askedWindow, inShort, linear } from "./windows";

const known = (image: object) => ({ image }) as KnownFrame;
const whole = known({});
const fractions = known({ isFractional: true });

test("a window that is asked for counts whole values, and is exact between them", () => {
  expect(askedWindow(40, 400, undefined, whole)).toEqual(linear(40, 400));
  expect(askedWindow(2.5, 5, undefined, fractions)).toEqual({ ...linear(2.5, 5), function: "LINEAR_EXACT" });
  expect(askedRange(0, 255, undefined, whole)).toEqual(linear(128, 256));
  expect(askedRange(0, 5, undefined, fractions)).toMatchObject({
    center: 2.5,
    width: 5,
    function: "LINEAR_EXACT",
  });
});

test("LINEAR is no narrower than one value", () => {
  expect(askedWindow(40, 0.25, undefined, whole).width).toBe(1);
  expect(askedWindow(0.5, 0.25, undefined, fractions).width).toBe(0.25);
});

test("a sigmoid stays one", () => {
  const before = { ...linear(40, 400), function: "SIGMOID" as const };
  expect(askedWindow(30, 300, before, whole)).toEqual({ ...linear(30, 300), function: "SIGMOID" });
  expect(askedRange(-100, 100, before, whole)).toMatchObject({ center: 0, width: 200, function: "SIGMOID" });
});

test("small numbers are written so that they can be told from others", () => {
  expect([0.00052341, 0.5, 2.512, 40, 1234.5].map(inShort)).toEqual(["0.000523", "0.5", "2.5", "40", "1235"]);
});
