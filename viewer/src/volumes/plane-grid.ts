/** The pixels of a plane that is cut through a volume: as many wherever it is looked at from near or far. */

import type { Grid } from "./grid";
import { dot, plus, type Vector } from "./vectors";

export interface PlaneGrid {
  /** The centre of the first pixel. */
  position: Vector;
  right: Vector;
  down: Vector;
  /** Between pixels, in mm. */
  step: number;
  rows: number;
  columns: number;
}

const MOST_ALONG = 640;
/** Lines of structures, and doses, are finer than voxels. */
const PER_VOXEL = 2;

type Lies = Pick<Grid, "origin" | "axes" | "dimensions" | "spacing">;

/** The rectangle of the plane through a point that holds all of the volume. */
export function planeGrid(grid: Lies, right: Vector, down: Vector, normal: Vector, point: Vector): PlaneGrid {
  const [rightward, downward, inward] = [right, down, normal].map(rounded) as [Vector, Vector, Vector];
  const [low, high] = [rightward, downward].reduce<[number[], number[]]>(
    ([least, most], way) => {
      const along = cornersOf(grid).map((corner) => dot(corner, way));
      return [
        [...least, Math.min(...along)],
        [...most, Math.max(...along)],
      ];
    },
    [[], []],
  );
  const [width, height] = [high[0]! - low[0]!, high[1]! - low[1]!];
  const step = Math.max(Math.min(...grid.spacing) / PER_VOXEL, Math.max(width, height) / MOST_ALONG);
  const across = plus([0, 0, 0], rightward, low[0]! + step / 2);
  const corner = plus(across, downward, low[1]! + step / 2);
  return {
    position: plus(corner, inward, dot(point, inward)),
    right: rightward,
    down: downward,
    step,
    rows: Math.max(1, Math.round(height / step)),
    columns: Math.max(1, Math.round(width / step)),
  };
}

/** The corners of the volume, at the edges of its outermost voxels. */
function cornersOf({ origin, axes, dimensions, spacing }: Lies): Vector[] {
  const ends = [0, 1].flatMap((x) => [0, 1].flatMap((y) => [0, 1].map((z) => [x, y, z] as const)));
  return ends.map((end) =>
    axes.reduce((corner, way, axis) => {
      const voxels = end[axis] ? dimensions[axis]! - 0.5 : -0.5;
      return plus(corner, way, voxels * spacing[axis]!);
    }, origin),
  );
}

/** The same plane has the same numbers, however the camera came there. */
const rounded = (way: Vector): Vector => way.map((one) => Math.round(one * 1e6) / 1e6) as Vector;

/** Where a place of the grid lies, 0, 0 at the corner of the first pixel. */
export function pointOf({ position, right, down, step }: PlaneGrid, x: number, y: number): Vector {
  return plus(plus(position, right, (x - 0.5) * step), down, (y - 0.5) * step);
}
