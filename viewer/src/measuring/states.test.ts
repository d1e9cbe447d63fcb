import { expect, test } from "vitest";
import type { KnownFrame } from "~/imaging/frames";
import { asShown, linear } from "~/viewport/windows";
import { stateWindow } from "./states";

const known = (image: object = {}) =>
  ({ image: { photometricInterpretation: "MONOCHROME2", ...image } }) as KnownFrame;
const window = linear(40, 400);

test("a window that was chosen is the state's; the image's own is its own", () => {
  expect(stateWindow({ kind: "set", window }, window, known())).toEqual([40, 400]);
  expect(stateWindow({ kind: "file", number: 1 }, window, known())).toEqual([40, 400]);
  expect(stateWindow({ kind: "file", number: 0 }, window, known())).toBeUndefined();
});

test("a window that counts no values is told as one that does", () => {
  const exact = { ...window, function: "LINEAR_EXACT" as const };
  // 0.5 before the centre there, and a width that is one less.
  expect(stateWindow({ kind: "auto" }, exact, known())).toEqual([40.5, 401]);
});

test("uptake becomes activity again, and curves and colours have no such window", () => {
  const uptake = { center: 2.5, width: 5, function: "LINEAR_EXACT" as const, name: "" };
  const [center, width] = stateWindow({ kind: "set", window: uptake }, uptake, known({ suvbw: 0.0005 }))!;
  expect(center).toBeCloseTo(5000.5);
  expect(width).toBeCloseTo(10001);
  const curve = { ...window, function: "SIGMOID" as const };
  expect(stateWindow({ kind: "set", window: curve }, curve, known())).toBeUndefined();
  expect(stateWindow({ kind: "auto" }, window, known({ photometricInterpretation: "RGB" }))).toBeUndefined();
});

test("a window of uptake is there again when its state is shown", () => {
  const pet = known({ suvbw: 0.0005 });
  const uptake = { center: 2.5, width: 5, function: "LINEAR_EXACT" as const, name: "" };
  const again = asShown(linear(...stateWindow({ kind: "set", window: uptake }, uptake, pet)!), pet);
  expect(again).toMatchObject({
    center: expect.closeTo(2.5),
    width: expect.closeTo(5),
    function: "LINEAR_EXACT",
  });
  expect(asShown(window, known())).toBe(window);
});
