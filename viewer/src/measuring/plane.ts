/** Where a pixel lies in space, and what of an image lies at a place. */

import { drawnSpacing, type KnownFrame } from "~/imaging/frames";
import type { Point } from "~/server/measurements";

export type Vector = [number, number, number];

/** How an image lies in space; as `frame-metadata` says it to Cornerstone, which draws by it. */
export interface Plane {
  position: Vector;
  row: Vector;
  column: Vector;
  /** Between rows, between columns. */
  spacing: [number, number];
}

export function planeOf({ image, frame }: KnownFrame): Plane {
  const orientation = frame.orientation ?? [1, 0, 0, 0, 1, 0];
  return {
    position: frame.position ?? [0, 0, 0],
    row: orientation.slice(0, 3) as Vector,
    column: orientation.slice(3) as Vector,
    spacing: drawnSpacing({ image, frame }),
  };
}

// Cornerstone and the Image Plane Module have 0, 0 at the centre of the first pixel; graphics of the Standard at its
// upper left corner (PS3.3 C.18.6.1.2, C.10.5.1.2).
const CENTRE = 0.5;

/** Column and row of a place, 0, 0 at the upper left corner of the first pixel. */
export function toImage({ position, row, column, spacing }: Plane, world: Point): [number, number] {
  const from = [0, 1, 2].map((axis) => world[axis]! - position[axis]!);
  return [dot(from, row) / spacing[1] + CENTRE, dot(from, column) / spacing[0] + CENTRE];
}

/** The place of a column and row. */
export function toWorld({ position, row, column, spacing }: Plane, [x, y]: Point): Vector {
  const right = (x! - CENTRE) * spacing[1];
  const down = (y! - CENTRE) * spacing[0];
  return [0, 1, 2].map((axis) => position[axis]! + right * row[axis]! + down * column[axis]!) as Vector;
}

export const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, one, axis) => sum + one * b[axis]!, 0);
