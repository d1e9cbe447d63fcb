import { expect, test } from "vitest";
import type { Point } from "~/server/measurements";
import { ellipse, polygon, type Region, statistics } from "./regions";

const SIZE = { rows: 8, columns: 10 };

/** The columns of each row that are inside. */
function inside(region: Region): Record<number, number[]> {
  const found: Record<number, number[]> = {};
  for (let row = Math.max(0, region.rows[0]); row < Math.min(SIZE.rows, region.rows[1]); row++) {
    const columns = region
      .spans(row)
      .flatMap(([from, to]) => Array.from({ length: to - from }, (_, at) => from + at));
    if (columns.length) found[row] = columns;
  }
  return found;
}

test("a pixel is inside when its centre is", () => {
  const square = (from: number, to: number): Point[] => [
    [from, from],
    [to, from],
    [to, to],
    [from, to],
  ];
  expect(inside(polygon(square(1, 3)))).toEqual({ 1: [1, 2], 2: [1, 2] });
  expect(inside(polygon(square(1.4, 2.6)))).toEqual({ 1: [1, 2], 2: [1, 2] });
  expect(inside(polygon(square(1.6, 2.4)))).toEqual({});
  // It does not matter which way round the line goes.
  expect(inside(polygon(square(1, 3).reverse()))).toEqual({ 1: [1, 2], 2: [1, 2] });
});

test("of a line that crosses itself both sides are inside, and nothing between", () => {
  const bow: Point[] = [
    [0, 0],
    [6, 4],
    [6, 0],
    [0, 4],
  ];
  // Its lines cross at 3, 2: it is a wedge at the left and one at the right.
  expect(inside(polygon(bow))).toEqual({ 0: [0, 5], 1: [0, 1, 4, 5], 2: [0, 1, 4, 5], 3: [0, 5] });
});

test("an ellipse holds the pixels of its equation, also when it is turned", () => {
  for (const turn of [0, 0.4, Math.PI / 2]) {
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
    const at = (along: number, across: number): Point => [
      5.1 + along * cos - across * sin,
      4.2 + along * sin + across * cos,
    ];
    const found = inside(ellipse([at(-3.3, 0), at(3.3, 0), at(0, -1.7), at(0, 1.7)]));
    const expected: Record<number, number[]> = {};
    for (let row = 0; row < SIZE.rows; row++) {
      for (let column = 0; column < SIZE.columns; column++) {
        const [x, y] = [column + 0.5 - 5.1, row + 0.5 - 4.2];
        if (((x * cos + y * sin) / 3.3) ** 2 + ((y * cos - x * sin) / 1.7) ** 2 > 1) continue;
        expected[row] = [...(expected[row] ?? []), column];
      }
    }
    expect(found).toEqual(expected);
  }
});

test("an ellipse without a width has no pixels", () => {
  const flat = ellipse([
    [1, 2],
    [7, 2],
    [4, 2],
    [4, 2],
  ]);
  expect(statistics(flat, SIZE, () => 1)).toBeUndefined();
});

test("statistics are of the pixels of the region that the image has", () => {
  const beyond = polygon([
    [-5, -5],
    [2, -5],
    [2, 2],
    [-5, 2],
  ]);
  // The values 0, 1, 10 and 11.
  expect(statistics(beyond, SIZE, (index) => index)).toEqual({
    count: 4,
    mean: 5.5,
    deviation: Math.sqrt(25.25),
    minimum: 0,
    maximum: 11,
  });
});

test("large values do not swallow small differences", () => {
  const all = polygon([
    [0, 0],
    [10, 0],
    [10, 8],
    [0, 8],
  ]);
  const found = statistics(all, SIZE, (index) => 1e9 + (index % 2));
  expect(found?.count).toBe(80);
  expect(found?.deviation).toBeCloseTo(0.5, 6);
});
