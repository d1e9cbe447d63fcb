import { expect, test } from "vitest";
import type { KnownFrame } from "~/imaging/frames";
import { asShown, linear } from "~/viewport/windows";
import { stateWindow } from "./states";

const known = (image: object = {}) =>
  ({ image: { photometricInterpretation: "MONOCHROME2", ...image } }) as KnownFrame;
const window = linear(40, 400);

test("a window that was chosen is the state's; the image's own is its own", () => {
  expect(stateWindow({ kind: "set", window }, window, known())).toEqual([40, 400, "LINEAR"]);
  expect(stateWindow({ kind: "file", number: 1 }, window, known())).toEqual([40, 400, "LINEAR"]);
  expect(stateWindow({ kind: "file", number: 0 }, window, known())).toBeUndefined();
});

test("it keeps its function", () => {
  const exact = { ...window, function: "LINEAR_EXACT" as const };
  expect(stateWindow({ kind: "auto" }, exact, known())).toEqual([40, 400, "LINEAR_EXACT"]);
  const curve = { ...window, function: "SIGMOID" as const };
  expect(stateWindow({ kind: "set", window: curve }, curve, known())).toEqual([40, 400, "SIGMOID"]);
});

test("uptake becomes activity again, and is uptake when the state is shown", () => {
  const pet = known({ suvbw: 0.0005 });
  const uptake = { center: 2.5, width: 5, function: "LINEAR_EXACT" as const, name: "" };
  const [center, width, how] = stateWindow({ kind: "set", window: uptake }, uptake, pet)!;
  expect([center, width, how]).toEqual([5000, 10_000, "LINEAR_EXACT"]);
  expect(asShown({ center, width, function: how, name: "" }, pet)).toEqual(uptake);
});

test("colours, and greys that a table made, have no window", () => {
  expect(stateWindow({ kind: "auto" }, window, known({ photometricInterpretation: "RGB" }))).toBeUndefined();
  expect(stateWindow({ kind: "auto" }, window, known({ isDrawn: true }))).toBeUndefined();
});
