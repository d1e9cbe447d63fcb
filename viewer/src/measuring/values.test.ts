import { expect, test } from "vitest";
import type { KnownFrame } from "~/imaging/frames";
import type { Kind, Point, Value } from "~/server/measurements";
import { isClosed, valuesOf } from "./values";

const IMAGE = { rows: 20, columns: 30, rescaleType: "" };
const CT = { modality: "CT", image: IMAGE, frame: { spacing: [2, 0.5] } } as KnownFrame;
const PET = { ...CT, modality: "PT", image: { ...IMAGE, suvbw: 0.001, unit: "Bq/ml" } } as KnownFrame;
const index = (at: number) => at;

const numbers = (values: Value[]): Record<string, number> =>
  Object.fromEntries(values.map(({ name, number }) => [name as string, number]));
const measured = (kind: Kind, points: Point[], known = CT, pixels: typeof index | undefined = index) =>
  numbers(valuesOf(kind, points, known, pixels));

const SQUARE: Point[] = [
  [2, 3],
  [6, 3],
  [6, 5],
  [2, 5],
];

test("lengths and angles are in the patient, whose pixels are not square", () => {
  const [from, right, down]: Point[] = [
    [0, 0],
    [6, 0],
    [6, 2],
  ];
  expect(measured("length", [from!, down!])).toEqual({ length: 5 });
  expect(measured("bidirectional", [from!, down!, from!, right!])).toEqual({ long_axis: 5, short_axis: 3 });
  expect(measured("angle", [right!, from!, down!]).angle).toBeCloseTo((Math.atan2(4, 3) * 180) / Math.PI);
});

test("the angle of two lines does not mind how they were drawn", () => {
  const line: Point[] = [
    [0, 0],
    [8, 0],
  ];
  const tilted: Point[] = [
    [0, 5],
    [8, 7],
  ];
  expect(measured("cobb_angle", [...line, ...tilted]).cobb_angle).toBeCloseTo(45);
  expect(measured("cobb_angle", [...line, ...tilted.toReversed()]).cobb_angle).toBeCloseTo(45);
});

test("a region has an area, and values of its pixels", () => {
  // Rows 3 and 4, columns 2 to 5: 92 to 95 and 122 to 125.
  expect(measured("rectangle", SQUARE)).toEqual({
    area: 8,
    mean: expect.closeTo(108.5, 10),
    standard_deviation: expect.closeTo(Math.sqrt(15 ** 2 + 1.25), 10),
    minimum: 92,
    maximum: 125,
  });
  expect(numbers(valuesOf("rectangle", SQUARE, CT, undefined))).toEqual({ area: 8 });
  const ends: Point[] = [
    [2, 5],
    [10, 5],
    [6, 3],
    [6, 7],
  ];
  expect(measured("ellipse", ends).area).toBeCloseTo(Math.PI * 2 * 4);
});

test("a freehand line is a region when it is closed", () => {
  expect(isClosed(SQUARE)).toBe(false);
  expect(measured("freehand", SQUARE)).toEqual({ length: 8 });
  const closed = [...SQUARE, SQUARE[0]!];
  expect(isClosed(closed)).toBe(true);
  expect(measured("freehand", closed)).toMatchObject({
    area: 8,
    perimeter: 12,
    mean: expect.closeTo(108.5, 10),
  });
});

test("a pixel has its value, and there is none beside the image", () => {
  expect(measured("probe", [[4.9, 2.1]])).toEqual({ value: 64 });
  expect(measured("probe", [[30.1, 2]])).toEqual({});
  expect(measured("probe", [[-0.1, 2]])).toEqual({});
});

test("words have no values", () => {
  expect(measured("text", [[1, 1]])).toEqual({});
});

test("pixels of PET are told as uptake", () => {
  const units = valuesOf("rectangle", SQUARE, PET, index).map(({ unit }) => unit);
  expect(units).toEqual(["mm2", ...Array(4).fill("{SUVbw}g/ml")]);
  const activity = { ...PET, image: { ...IMAGE, unit: "Bq/ml" } } as KnownFrame;
  expect(valuesOf("probe", [[1, 1]], activity, index)).toEqual([
    { name: "value", number: 31, unit: "Bq/ml" },
  ]);
});
