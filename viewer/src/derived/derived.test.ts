import { expect, test } from "vitest";
import type { KnownFrame } from "~/imaging/frames";
import { colourOf } from "./colour-map";
import { isAmong, placing, type State, windowFor } from "./state";

const KNOWN = {
  ref: { study: "1", series: "1.1", instance: "1.1.1" },
  number: 3,
  image: { rows: 100, columns: 200 },
} as KnownFrame;

const STATE = { images: [], vois: [], areas: [], rotation: 0, flipped: false } as unknown as State;
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

test("points in units of the display lie within the displayed area", () => {
  const areas = [{ images: [], edges: [10, 20, 110, 70] as [number, number, number, number] }];
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
