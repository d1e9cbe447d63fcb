import { expect, test } from "vitest";
import { noteFrames } from "~/imaging/frames";
import type { Series } from "~/server/study";
import { holds, imageNearest, imageThrough } from "./images";

const SPACE = "1.9";
let noted = 0;

/** The ids of images that lie at heights. */
function stack(heights: number[], more: object = {}, frameOfReferenceUID = SPACE): string[] {
  const uid = `1.${++noted}`;
  const frames = heights.map((z) => ({
    position: [0, 0, z],
    orientation: [1, 0, 0, 0, 1, 0],
    spacing: [2, 2],
    thickness: 1,
    ...more,
  }));
  const image = { rows: 20, columns: 30, frameOfReferenceUID, frames };
  const series = { uid, instances: [{ uid: `${uid}.1`, image }] } as unknown as Series;
  return [...noteFrames("1", series, "CT").values()][0]!;
}

const square = (z: number) => [
  [0, 0, z],
  [5, 0, z],
  [5, 5, z],
];

test("the image that holds all points is found, if there is one", () => {
  const ids = stack([0, 5, 10, 15]);
  expect(imageThrough(ids, SPACE, square(11))).toBe(ids[2]);
  expect(imageThrough(ids, SPACE, square(17.4))).toBe(ids[3]);
  expect(imageThrough(ids, SPACE, square(17.6))).toBeUndefined();
  expect(imageThrough(ids, "1.8", square(11))).toBeUndefined();
  const line = [
    [0, 0, 5],
    [0, 0, 12],
  ];
  expect(imageThrough(ids, SPACE, line)).toBeUndefined();
  expect(imageNearest(ids, SPACE, line)).toBe(ids[2]);
  expect(imageNearest(ids, "1.8", line)).toBeUndefined();
});

test("an image holds what is nearer to it than to the next, also where slices overlap or leave gaps", () => {
  const [apart, alone] = [stack([0, 5, 10]), stack([5])];
  expect([6.4, 7.4, 7.6].map((z) => holds(apart, apart[1]!, square(z)))).toEqual([true, true, false]);
  expect([5.4, 5.6].map((z) => holds(alone, alone[0]!, square(z)))).toEqual([true, false]);
  // Taken again and again at each place, each holds it.
  const again = stack([0, 0, 5, 5]);
  expect(again.map((id) => holds(again, id, square(1)))).toEqual([true, true, false, false]);
});

test("a small region across the images is in none of them", () => {
  const ids = stack([0, 5, 10]);
  const across = [
    [0, 0, 4],
    [2, 0, 4],
    [2, 0, 6],
  ];
  expect(holds(ids, ids[1]!, across)).toBe(false);
  expect(holds(ids, ids[1]!, across.slice(1))).toBe(true);
});

test("what lies nowhere holds nothing", () => {
  const ids = stack([0, 5], { position: undefined });
  expect(holds(ids, ids[0]!, square(0))).toBe(false);
});
