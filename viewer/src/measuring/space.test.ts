import { beforeEach, expect, test, vi } from "vitest";
import { noteFrames } from "~/imaging/frames";
import type { Point, Value } from "~/server/measurements";
import type { Series } from "~/server/study";
import { dot, type Vector } from "~/volumes/vectors";
import { normalOf, restrictionOf, type Space, surfaceIn, targetOf } from "./space";
import { samplesOn, valuesOn } from "./values";

const volumes = vi.hoisted(() => new Map<string, object>());
vi.mock("@cornerstonejs/core", () => ({ cache: { getVolume: (id: string) => volumes.get(id) } }));

const SPACE: Space = { study: "1", series: "1.1", frameOfReference: "1.9" };
const SPACING: Vector = [2, 2, 5];
const frames = [0, 5, 10, 15].map((z) => ({
  position: [0, 0, z],
  orientation: [1, 0, 0, 0, 1, 0],
  spacing: [2, 2],
  thickness: 5,
}));
const image = { rows: 20, columns: 30, frameOfReferenceUID: "1.9", rescaleType: "HU", frames };
const [imageIds] = [
  ...noteFrames(
    "1",
    { uid: "1.1", instances: [{ uid: "1.1.1", image }] } as unknown as Series,
    "CT",
  ).values(),
];

/** Its voxels say where they are. */
beforeEach(() => {
  const grid = {
    imageIds,
    origin: [0, 0, 0],
    axes: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    spacing: SPACING,
  };
  volumes.set("filmless-volume:1.1", {
    grid,
    dimensions: [30, 20, 4],
    state: { come: 4, failed: 0 },
    voxelManager: { getAtIJK: (i: number, j: number, k: number) => i + 100 * j + 10000 * k },
  });
});

function measured(kind: "rectangle" | "probe" | "length" | "angle", points: Point[], space = SPACE) {
  const on = surfaceIn(space, points);
  const values = valuesOn(kind, on.points, on.surface);
  return Object.fromEntries(values.map(({ name, number, unit }: Value) => [name as string, [number, unit]]));
}

test("a probe is the nearest voxel, in the unit of the series; outside there is none", () => {
  expect(measured("probe", [[10.9, 4.2, 9]])).toEqual({ value: [5 + 200 + 20000, "[hnsf'U]"] });
  expect(measured("probe", [[-10, 4, 9]])).toEqual({});
});

test("a rectangle across the slices has the voxels whose centres are in it", () => {
  // In the plane y = 6: columns 2 to 4, slices 1 and 2.
  const found = measured("rectangle", [
    [3, 6, 3],
    [9, 6, 3],
    [9, 6, 12],
    [3, 6, 12],
  ]);
  expect(found.area).toEqual([expect.closeTo(54), "mm2"]);
  expect(found.mean![0]).toBeCloseTo(3 + 300 + 15000, 6);
  expect([found.minimum![0], found.maximum![0]]).toEqual([2 + 300 + 10000, 4 + 300 + 20000]);
});

test("lengths and angles are those in space, on any plane", () => {
  expect(
    measured("length", [
      [0, 0, 0],
      [3, 4, 12],
    ]),
  ).toEqual({ length: [expect.closeTo(13), "mm"] });
  expect(
    measured("angle", [
      [5, 0, 0],
      [0, 0, 0],
      [0, 3, 3],
    ]).angle![0],
  ).toBeCloseTo(90);
});

test("what is drawn on an oblique plane and read again comes to the same", () => {
  const half = Math.SQRT1_2;
  const normal: Vector = [half, -half, 0];
  const points = [
    [10, 10, 2],
    [22, 22, 2],
    [22, 22, 13],
    [10, 10, 13],
  ];
  const drawn = measured("rectangle", points, { ...SPACE, normal });
  const other = measured("rectangle", points, { ...SPACE, normal: [-half, half, 0] });
  const single = points.map((point) => point.map(Math.fround));
  expect(measured("rectangle", single)).toEqual(drawn);
  expect(other).toEqual(drawn);
  expect(drawn.area![0]).toBeCloseTo(12 * Math.SQRT2 * 11, 3);
});

test("of another series in the same coordinates the same region has its own voxels, in its own unit", () => {
  const [ids] = noteFrames(
    "1",
    {
      uid: "1.2",
      instances: [{ uid: "1.2.1", image: { ...image, rescaleType: "", unit: "Bq/ml" } }],
    } as unknown as Series,
    "PT",
  ).values();
  const grid = {
    imageIds: ids,
    origin: [1, 1, 0],
    axes: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    spacing: [4, 4, 5],
  };
  const pet = {
    grid,
    dimensions: [15, 10, 4],
    state: { come: 4, failed: 0 },
    voxelManager: { getAtIJK: (i: number, j: number, k: number) => i + 100 * j + 10000 * k },
  };
  const uptake = (kind: "rectangle" | "probe" | "length", points: Point[]) => {
    const on = surfaceIn(SPACE, points, "1.2");
    return samplesOn(kind, on.points, on.surface).map(({ name, number, unit }) => [name, number, unit]);
  };
  const square = [
    [4, 4, 9],
    [14, 4, 9],
    [14, 10, 9],
    [4, 10, 9],
  ];
  expect(uptake("rectangle", square)).toEqual([]); // it has not come
  volumes.set("filmless-volume:1.2", pet);
  // Columns 1 to 3, whose centres are at 5, 9 and 13, and rows 1 and 2, of slice 2.
  expect(uptake("rectangle", square)).toEqual([
    ["mean", expect.closeTo(2 + 150 + 20000, 6), "Bq/ml"],
    ["standard_deviation", expect.closeTo(Math.hypot(50, Math.sqrt(2 / 3)), 6), "Bq/ml"],
    ["minimum", 1 + 100 + 20000, "Bq/ml"],
    ["maximum", 3 + 200 + 20000, "Bq/ml"],
  ]);
  expect(uptake("probe", [[10.9, 4.2, 9]])).toEqual([["value", 2 + 100 + 20000, "Bq/ml"]]);
  expect(uptake("probe", [[10.9, 4.2, 90]])).toEqual([]);
  expect(uptake("length", square.slice(0, 2))).toEqual([]);
});

test("while slices are missing there are no values of them", () => {
  (volumes.get("filmless-volume:1.1") as { state: { come: number } }).state.come = 3;
  expect(measured("probe", [[10, 4, 9]])).toEqual({});
  volumes.clear();
  expect(
    measured("length", [
      [0, 0, 0],
      [0, 0, 7],
    ]),
  ).toEqual({ length: [7, "mm"] });
});

test("a line is seen on all planes that it lies along, a region on one", () => {
  const line: Vector[] = [
    [0, 0, 0],
    [0, 10, 0],
  ];
  expect(restrictionOf(SPACE, line)).toMatchObject({ point: [0, 0, 0], inPlaneVector1: [0, 1, 0] });
  expect(restrictionOf(SPACE, line)).not.toHaveProperty("inPlaneVector2");
  expect(restrictionOf(SPACE, [...line, [10, 10, 0]])).toHaveProperty("inPlaneVector2");
  expect(dot(normalOf(line), [0, 1, 0])).toBeCloseTo(0);
});

test("planes go to the plane that something was drawn on, else to the one that its points are of", () => {
  const square = [
    [0, 0, 5],
    [5, 0, 10],
    [5, 5, 10],
  ];
  const { normal, point } = targetOf(square, SPACE);
  expect(point).toEqual([0, 0, 5]);
  expect(dot(normal!, [1, 0, 1])).toBeCloseTo(0);
  expect(dot(normal!, [0, 1, 0])).toBeCloseTo(0);
  expect(targetOf(square, { ...SPACE, normal: [0, 0, 1] }).normal).toEqual([0, 0, 1]);
  expect(targetOf(square.slice(1), SPACE)).toEqual({ point: [5, 0, 10], along: [0, 1, 0] });
  expect(targetOf(square.slice(2), SPACE)).toEqual({ point: [5, 5, 10] });
});
