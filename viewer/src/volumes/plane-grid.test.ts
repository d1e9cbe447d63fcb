import { expect, test } from "vitest";
import { planeGrid, pointOf } from "./plane-grid";
import type { Vector } from "./vectors";

const GRID = {
  origin: [-10, -20, 5] as Vector,
  axes: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ] as [Vector, Vector, Vector],
  dimensions: [10, 20, 5] as Vector,
  spacing: [2, 2, 4] as Vector,
};

test("a plane along slices has their pixels, halved", () => {
  const plane = planeGrid(GRID, [1, 0, 0], [0, 1, 0], [0, 0, -1], [3, 4, 9]);
  expect(plane).toEqual({
    position: [-10.5, -20.5, 9],
    right: [1, 0, 0],
    down: [0, 1, 0],
    step: 1,
    rows: 40,
    columns: 20,
  });
  expect(pointOf(plane, 0.5, 0.5)).toEqual([-10.5, -20.5, 9]);
  expect(pointOf(plane, 0, 2)).toEqual([-11, -19, 9]);
});

test("a plane across slices has pixels of the finest voxels", () => {
  const plane = planeGrid(GRID, [1, 0, 0], [0, 0, -1], [0, 1, 0], [0, 1, 0]);
  // From the head, which is 2 mm above the centre of the last slice, to the feet.
  expect(plane.position).toEqual([-10.5, 1, 22.5]);
  expect([plane.rows, plane.columns]).toEqual([20, 20]);
});

test("an oblique plane holds all of the volume, in no more pixels than are looked at", () => {
  const half = Math.SQRT1_2;
  const large = { ...GRID, dimensions: [2000, 2000, 5] as Vector };
  const plane = planeGrid(large, [half, half, 0], [0, 0, -1], [half, -half, 0], [0, 0, 0]);
  expect(plane.columns).toBe(640);
  expect(plane.step).toBeCloseTo((4000 * Math.SQRT2) / 640, 3);
  // Where it is looked at from makes no difference to its pixels.
  const moved = planeGrid(large, [half, half, 0], [0, 0, -1], [half, -half, 0], [50, 50, 30]);
  for (const axis of [0, 1, 2]) expect(moved.position[axis]).toBeCloseTo(plane.position[axis]!, 6);
});
