import { expect, test } from "vitest";
import type { KnownFrame } from "~/imaging/frames";
import { planeOf, toImage, toWorld } from "./plane";

const known = (frame: object, image: object = {}) => ({ frame, image }) as KnownFrame;

test("the corner of an image is half a pixel before the centre of its first", () => {
  // A sagittal plane: columns run to the back, rows to the feet.
  const plane = planeOf(
    known({ position: [5, -100, 80], orientation: [0, 1, 0, 0, 0, -1], spacing: [2, 0.5] }),
  );
  expect(toWorld(plane, [0.5, 0.5])).toEqual([5, -100, 80]);
  expect(toWorld(plane, [0, 0])).toEqual([5, -100.25, 81]);
  expect(toWorld(plane, [10.5, 3.5])).toEqual([5, -95, 74]);
});

test("a point goes to space and back", () => {
  const [cos, sin] = [Math.cos(0.3), Math.sin(0.3)];
  const plane = planeOf(
    known({ position: [1, 2, 3], orientation: [cos, sin, 0, -sin, cos, 0], spacing: [0.7, 0.9] }),
  );
  const [column, row] = toImage(plane, toWorld(plane, [33.25, 71.75]));
  expect(column).toBeCloseTo(33.25, 10);
  expect(row).toBeCloseTo(71.75, 10);
});

test("an image that does not say where it is lies in a plane of its own", () => {
  expect(planeOf(known({}, { imagerPixelSpacing: [0.2, 0.3] })).spacing).toEqual([0.2, 0.3]);
  expect(planeOf(known({}))).toEqual({
    position: [0, 0, 0],
    row: [1, 0, 0],
    column: [0, 1, 0],
    spacing: [1, 1],
  });
});
