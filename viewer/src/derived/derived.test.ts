import { expect, test } from "vitest";
import type { KnownFrame } from "~/imaging/frames";
import { colourOf } from "./colour-map";
import { shownIn } from "./displayed-area";
import { isAmong, isDrawnByServer, placing, type State, windowFor } from "./state";

const KNOWN = {
  ref: { study: "1", series: "1.1", instance: "1.1.1" },
  number: 3,
  image: { rows: 100, columns: 200, source: "stored", photometricInterpretation: "MONOCHROME2" },
  frame: {},
} as KnownFrame;

const STATE = {
  ...{ kind: "GRAYSCALE", images: [], vois: [], areas: [], rotation: 0, flipped: false },
  ...{ modality: null, presentation: "IDENTITY", overlay_groups: [], shutter: null },
} as unknown as State;
const image = (uid: string, ...frames: number[]) => ({ sop_class_uid: "1", sop_instance_uid: uid, frames });

test("a reference is to an image and, from 0, to frames of it", () => {
  expect(isAmong([], KNOWN)).toBe(true);
  expect(isAmong([image("1.1.1")], KNOWN)).toBe(true);
  expect(isAmong([image("1.1.1", 2)], KNOWN)).toBe(true);
  expect(isAmong([image("1.1.1", 3)], KNOWN)).toBe(false);
  expect(isAmong([image("9")], KNOWN)).toBe(false);
});

test("the first window that is for the image counts", () => {
  const vois = [
    { images: [image("9")], views: [{ center: 1, width: 2 }] },
    { images: [], views: [{ center: 40, width: 400 }] },
  ] as State["vois"];
  const state = { ...STATE, vois, label: "SOFT" };
  expect(windowFor(state, KNOWN)).toEqual({ center: 40, width: 400, function: "LINEAR", name: "SOFT" });
  vois[1]!.views[0]!.function = "SIGMOID";
  expect(windowFor(state, KNOWN)?.function).toBe("SIGMOID");
  expect(windowFor(STATE, KNOWN)).toBeUndefined();
});

test("a window is of the values that the state makes, whatever the image makes of them", () => {
  const vois = [{ images: [], views: [{ center: 1064, width: 400 }] }] as State["vois"];
  const stored = { ...STATE, vois, modality: null };
  const known = { ...KNOWN, frame: { rescale: [2, -2048] } } as unknown as KnownFrame;
  // LINEAR is from 864 to 1263 of what is stored.
  expect(windowFor(stored, known)).toMatchObject({ center: 79, width: 798, function: "LINEAR_EXACT" });
  const same = { ...STATE, vois, modality: { slope: 2, intercept: -2048 } };
  expect(windowFor(same, known)).toMatchObject({ center: 1064, width: 400, function: "LINEAR" });
  expect(windowFor({ ...STATE, vois, modality: { bits: 12 } }, known)).toBeUndefined();
});

test("tables, palettes and overlays are for the server", () => {
  const vois = [{ images: [], views: [{ center: 1, width: 2 }] }] as State["vois"];
  const plain = { ...STATE, vois };
  expect(isDrawnByServer(plain, KNOWN)).toBe(false);
  expect(isDrawnByServer({ ...plain, vois: [] }, KNOWN)).toBe(true);
  expect(isDrawnByServer({ ...plain, presentation: { bits: 8 } }, KNOWN)).toBe(true);
  expect(isDrawnByServer({ ...plain, kind: "PSEUDO-COLOR" }, KNOWN)).toBe(true);
  expect(isDrawnByServer({ ...plain, overlay_groups: [0x6000] }, KNOWN)).toBe(true);
});

test("how an image lies in a cell is said as states say it", () => {
  const image = { rows: 100, columns: 200 };
  const cell = { width: 400, height: 300 };
  const whole = shownIn(([x, y]) => [x * 2, 50 + y * 2], image, cell);
  expect(whole).toEqual({ rotation: 0, flipped: false });
  // Four times as large, from column 50 and row 20 on.
  const part = shownIn(([x, y]) => [(x - 50) * 4, (y - 20) * 4], image, cell);
  expect(part).toEqual({ rotation: 0, flipped: false, area: [50, 20, 150, 95] });
  const turned = shownIn(([x, y]) => [300 - y, x], image, cell);
  expect(turned).toMatchObject({ rotation: 90, flipped: false });
  // Turned clockwise, and then flipped: the upper left corner is where it was, and rows run down.
  const both = shownIn(([x, y]) => [y, x], image, cell);
  expect(both).toMatchObject({ rotation: 90, flipped: true });
  expect(shownIn(([x, y]) => [400 - x, y], image, cell)).toMatchObject({ rotation: 0, flipped: true });
  expect(shownIn(([x, y]) => [x, 300 - y], image, cell)).toMatchObject({ rotation: 180, flipped: true });
});

test("points in units of the display lie within the displayed area", () => {
  const areas = [{ images: [], edges: [10, 20, 110, 70] }] as unknown as State["areas"];
  expect(placing({ ...STATE, areas }, KNOWN)([0.5, 1], "DISPLAY")).toEqual([60, 70]);
  expect(placing(STATE, KNOWN)([0.5, 1], "DISPLAY")).toEqual([100, 100]);
  expect(placing(STATE, KNOWN)([7, 8], "PIXEL")).toEqual([7, 8]);
});

test("a display that is turned measures its fractions after that", () => {
  // Turned by 90 degrees clockwise, the upper left corner of the display is the lower left one of the image.
  expect(placing({ ...STATE, rotation: 90 }, KNOWN)([0, 0], "DISPLAY")).toEqual([0, 100]);
  expect(placing({ ...STATE, flipped: true }, KNOWN)([0, 0], "DISPLAY")).toEqual([200, 0]);
});

test("colours go from blue to red, and are held there", () => {
  expect(colourOf(-1)).toEqual(colourOf(0));
  expect(colourOf(2)).toEqual([230, 30, 20]);
  const [red, , blue] = colourOf(0.1);
  expect(blue).toBeGreaterThan(red);
});
