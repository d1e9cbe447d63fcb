/** Regions of an image, row by row: which pixels have their centre in one, and what their values come to. */

import type { Point } from "~/server/measurements";

/** From the first column on, up to but without the second. */
export type Span = [number, number];

export interface Region {
  /** The first row, and the row behind the last one. */
  rows: Span;
  /** The columns of a row whose centres are inside. */
  spans(row: number): Span[];
}

export interface Statistics {
  count: number;
  mean: number;
  /** Of all the pixels of the region, which are no sample of others. */
  deviation: number;
  minimum: number;
  maximum: number;
}

// Columns and rows have 0, 0 at the corner of the first pixel: the centre of pixel n is at n + 0.5.
const CENTRE = 0.5;
const firstInside = (edge: number): number => Math.ceil(edge - CENTRE);

/** Inside of a closed line; where it crosses itself, by the even-odd rule. */
export function polygon(points: Point[]): Region {
  const rowsOf = points.map((point) => point[1]!);
  return {
    rows: [firstInside(Math.min(...rowsOf)), firstInside(Math.max(...rowsOf))],
    spans(row) {
      const y = row + CENTRE;
      const crossed: number[] = [];
      points.forEach(([x, from], index) => {
        const [toX, to] = points[(index + 1) % points.length]!;
        if (from! <= y !== to! <= y) crossed.push(x! + ((y - from!) / (to! - from!)) * (toX! - x!));
      });
      crossed.sort((a, b) => a - b);
      const spans: Span[] = [];
      for (let at = 0; at + 1 < crossed.length; at += 2) {
        spans.push([firstInside(crossed[at]!), firstInside(crossed[at + 1]!)]);
      }
      return spans;
    },
  };
}

/** Inside of an ellipse, of which the ends of two axes are known. */
export function ellipse([a, b, c, d]: Point[]): Region {
  const [centreX, centreY] = [(a![0]! + b![0]!) / 2, (a![1]! + b![1]!) / 2];
  const first = [(b![0]! - a![0]!) / 2, (b![1]! - a![1]!) / 2];
  const second = [(d![0]! - c![0]!) / 2, (d![1]! - c![1]!) / 2];
  const turned = first[0]! * second[1]! - first[1]! * second[0]!;
  // A point is centre + s * first + t * second, and inside where s² + t² <= 1.
  const s = [second[1]! / turned, -second[0]! / turned];
  const t = [-first[1]! / turned, first[0]! / turned];
  const squared = s[0]! ** 2 + t[0]! ** 2;
  const mixed = s[0]! * s[1]! + t[0]! * t[1]!;
  const height = Math.hypot(first[1]!, second[1]!);
  return {
    rows: turned ? [firstInside(centreY - height), firstInside(centreY + height) + 1] : [0, 0],
    spans(row) {
      const y = row + CENTRE - centreY;
      const rest = (s[1]! ** 2 + t[1]! ** 2) * y * y - 1;
      const under = (mixed * y) ** 2 - squared * rest;
      if (!(under >= 0)) return [];
      const [middle, half] = [centreX - (mixed * y) / squared, Math.sqrt(under) / squared];
      return [[firstInside(middle - half), Math.floor(middle + half - CENTRE) + 1]];
    },
  };
}

/** What the pixels of a region come to; nothing when there are none. */
export function statistics(
  region: Region,
  size: { rows: number; columns: number },
  valueAt: (index: number) => number,
): Statistics | undefined {
  let [count, mean, squares] = [0, 0, 0];
  let [minimum, maximum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let row = Math.max(0, region.rows[0]); row < Math.min(size.rows, region.rows[1]); row++) {
    for (const [from, to] of region.spans(row)) {
      for (let column = Math.max(0, from); column < Math.min(size.columns, to); column++) {
        const value = valueAt(row * size.columns + column);
        if (Number.isNaN(value)) continue; // outside of a volume
        count++;
        // Welford's way: large values do not swallow small differences.
        const away = value - mean;
        mean += away / count;
        squares += away * (value - mean);
        if (value < minimum) minimum = value;
        if (value > maximum) maximum = value;
      }
    }
  }
  return count ? { count, mean, deviation: Math.sqrt(squares / count), minimum, maximum } : undefined;
}
