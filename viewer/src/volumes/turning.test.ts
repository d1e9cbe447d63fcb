import { expect, test } from "vitest";
import { leastTurn } from "./turning";
import { dot, unit, type Vector } from "./vectors";

const NORMALS: Vector[] = [
  [0, 0, 1],
  [1, 0, 0],
  [0, -1, 0],
];
const point: Vector = [1, 2, 3];

const near = (way: Vector, other: Vector) =>
  way.forEach((one, axis) => {
    expect(one).toBeCloseTo(other[axis]!);
  });

test("the plane that is nearest is turned, and the others with it", () => {
  const normal = unit([0.2, 0.9, 0.1]);
  const { plane, turned } = leastTurn(NORMALS, { point, normal });
  expect(plane).toBe(2);
  near(turned(NORMALS[2]!), normal.map((one) => -one) as Vector);
  expect(dot(turned(NORMALS[0]!), turned(NORMALS[1]!))).toBeCloseTo(0);
  expect(dot(turned(NORMALS[0]!), turned(NORMALS[2]!))).toBeCloseTo(0);
});

test("a plane that lies so is not turned", () => {
  const { plane, turned } = leastTurn(NORMALS, { point, normal: [-1, 0, 0] });
  expect(plane).toBe(1);
  expect(turned([3, 4, 5])).toEqual([3, 4, 5]);
});

test("a line lies in a plane that was turned to it", () => {
  const along = unit([0.1, 0.7, 0.7]);
  const { plane, turned } = leastTurn(NORMALS, { point, along });
  expect(plane).toBe(1);
  expect(dot(turned(NORMALS[1]!), along)).toBeCloseTo(0);
  // A line through a plane at a right angle lies in the others as they are.
  expect(leastTurn(NORMALS, { point, along: [0, 0, 1] }).plane).toBe(1);
});

test("a point lies in all planes", () => {
  expect(leastTurn(NORMALS, { point }).turned([1, 0, 0])).toEqual([1, 0, 0]);
});
