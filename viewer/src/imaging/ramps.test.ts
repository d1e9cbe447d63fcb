import { expect, test } from "vitest";
import { asShown, asStored, linear, rampOf, spanning, toldWindow } from "./ramps";

const plain = { image: {} };
const uptake = { image: { suvbw: 0.0005 } };

test("LINEAR counts values: its ramp is one shorter, and of a width of 1 it has no length (PS3.3 C.11.2.1.2.1)", () => {
  expect(rampOf(linear(40, 400))).toEqual({ lower: -160, upper: 239, sigmoid: false });
  expect(rampOf(linear(0.5, 1))).toEqual({ lower: 0, upper: 0, sigmoid: false });
  expect(rampOf({ ...linear(0.5, 1), function: "LINEAR_EXACT" })).toEqual({
    lower: 0,
    upper: 1,
    sigmoid: false,
  });
});

test("one value is black", () => {
  expect(rampOf(spanning(7, 7))).toEqual({ lower: 7, upper: 7, sigmoid: false });
});

test("a window in values of the modality is another one in those that are shown, and back", () => {
  const window = { center: 5000, width: 10_000, function: "SIGMOID" as const, name: "" };
  expect(asShown(window, uptake)).toEqual({ ...window, center: 2.5, width: 5 });
  expect(asStored(asShown(window, uptake), uptake)).toEqual(window);
  expect(asShown(window, plain)).toBe(window);
  expect(rampOf(asStored(linear(3, 6), { image: { doseGridScaling: 0.001 } })).upper).toBeCloseTo(5000);
});

test("a threshold stays one", () => {
  const shown = asShown(linear(5000.5, 1), uptake);
  expect(rampOf(shown)).toEqual({ lower: 2.5, upper: 2.5, sigmoid: false });
  expect(asStored(shown, uptake)).toEqual(linear(5000.5, 1));
});

test("what Cornerstone is told has a length, and is LINEAR", () => {
  expect(toldWindow(linear(40, 400))).toEqual(linear(40, 400));
  expect(toldWindow({ center: 2.5, width: 5, function: "LINEAR_EXACT", name: "" })).toEqual(linear(3, 6));
  expect(toldWindow(linear(7.5, 1)).width).toBeGreaterThan(1);
});
