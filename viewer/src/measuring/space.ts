/**
 * Measurements in space: those on planes of a volume, which are no images of the study. Their numbers are of the
 * volume's own samples: the voxels whose centres are nearest to the plane.
 */

import { cache, type Types } from "@cornerstonejs/core";
import type { Types as ToolTypes } from "@cornerstonejs/tools";
import { frameOf } from "~/imaging/frames";
import type { Kind, Point } from "~/server/measurements";
import type { SeriesVolume } from "~/volumes/series-volume";
import type { Target } from "~/volumes/turning";
import { cross, dot, length, minus, plus, unit, type Vector } from "~/volumes/vectors";
import { frameIdOf, VOLUME_SCHEME, volumeIdOf } from "~/volumes/volume-id";
import { valueUnit } from "./calibration";
import type { Surface } from "./values";

/** Where a measurement was made that is on no image. */
export interface Space {
  study: string;
  /** Of the volume. */
  series: string;
  frameOfReference: string;
  /** At a right angle to the plane, where that was told: what is read from a report is on any plane that it fits. */
  normal?: Vector;
}

type Volume = Pick<SeriesVolume, "dimensions" | "grid" | "voxelManager" | "state">;

const volumeOf = (series: string): Volume | undefined =>
  cache.getVolume(volumeIdOf(series)) as unknown as Volume | undefined;

/** The space that an annotation was drawn in, by its viewport; undefined when that shows images. */
export function spaceOf({ metadata }: ToolTypes.Annotation, viewport: Types.IViewport): Space | undefined {
  const { viewPlaneNormal } = metadata as { viewPlaneNormal?: Vector };
  // What is laid over it comes later.
  const volumeId = (viewport as { getAllVolumeIds?: () => string[] }).getAllVolumeIds?.()[0];
  if (!volumeId?.startsWith(VOLUME_SCHEME)) return undefined;
  const series = volumeId.slice(VOLUME_SCHEME.length + 1);
  const grid = volumeOf(series)?.grid;
  const known = grid && frameOf(frameIdOf(grid.imageIds[0]!));
  if (!grid || !known) return undefined;
  return {
    study: known.ref.study,
    series,
    frameOfReference: grid.frameOfReference,
    ...(viewPlaneNormal && { normal: [...viewPlaneNormal] as Vector }),
  };
}

/** The direction at a right angle to all points, or to as many as there are. */
export function normalOf(points: Point[]): Vector {
  const ways = points.slice(1).map((point) => minus(point as Vector, points[0] as Vector));
  // The largest of all triangles: few points may lie in a line, and many may wind around nothing.
  let found: Vector = [0, 0, 0];
  for (const [at, way] of ways.slice(0, MOST_WAYS).entries()) {
    for (const other of ways.slice(at + 1)) {
      const normal = cross(way, other);
      if (length(normal) > length(found)) found = normal;
    }
  }
  const longest = ways.reduce((best, way) => (length(way) > length(best) ? way : best), [0, 0, 0] as Vector);
  if (length(found) > FLAT * length(longest) ** 2) return unit(found);
  const axes: Vector[] = [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ];
  const way = unit(longest);
  const aside = axes.reduce((best, axis) =>
    Math.abs(dot(axis, way)) < Math.abs(dot(best, way)) - FLAT ? axis : best,
  );
  return unit(plus(aside, way, -dot(aside, way)));
}

const MOST_WAYS = 64;
const FLAT = 1e-5;

/** Along which line points lie, and at a right angle to what: two points lie in many planes, and one in all. */
function layOf(points: Vector[]): { along?: Vector; normal?: Vector } {
  const [first, ...others] = points as [Vector, ...Vector[]];
  const second = others.find((point) => length(minus(point, first)) > 0);
  if (!second) return {};
  const along = unit(minus(second, first));
  const isFlat = others.some((point) => length(cross(along, minus(point, first))) > 1e-3);
  return { along, ...(isFlat && { normal: normalOf(points) }) };
}

/** On which planes points are seen: those that they lie along. For Cornerstone, which knows how near they are. */
export function restrictionOf(space: Space, points: Vector[]): object {
  const { along, normal } = layOf(points);
  return {
    FrameOfReferenceUID: space.frameOfReference,
    point: points[0],
    ...(along && { inPlaneVector1: along }),
    ...(along && normal && { inPlaneVector2: cross(normal, along) }),
  };
}

/** Where planes have to go to show points. */
export function targetOf(points: Point[], { normal }: Space): Target {
  const lay = normal ? { normal } : layOf(points as Vector[]);
  return { point: points[0] as Vector, ...lay };
}

/**
 * A plane through points, in pixels of the volume's voxels, and the points on it: as on an image. Of another series in
 * the same coordinates, the voxels of that.
 */
export function surfaceIn(
  space: Space,
  points: Point[],
  series = space.series,
): { surface: Surface; points: Point[] } {
  const volume = volumeOf(series);
  const vectors = points as Vector[];
  const normal = upward(unit(space.normal ?? normalOf(points)));
  const { origin, right, down, steps } = volume
    ? pixelsAlong(volume.grid, normal, vectors[0]!)
    : { ...across(normal, [1, 0, 0]), origin: vectors[0]!, steps: [1, 1] as const };
  const flat = vectors.map((point) => {
    const from = minus(point, origin);
    return [dot(from, right) / steps[0] + 0.5, dot(from, down) / steps[1] + 0.5];
  });
  // The grid begins where the points do.
  const [left, top] = [0, 1].map((axis) => Math.floor(Math.min(...flat.map((point) => point[axis]!))) - 1);
  const [far, deep] = [0, 1].map((axis) => Math.ceil(Math.max(...flat.map((point) => point[axis]!))) + 1);
  const [columns, rows] = [far! - left!, deep! - top!];
  const first = volume && frameOf(frameIdOf(volume.grid.imageIds[0]!));
  const isWhole = volume && volume.state.come === volume.grid.imageIds.length;
  const valueAt = (index: number): number => {
    const column = (index % columns) + left!;
    const row = Math.floor(index / columns) + top!;
    return sampleOf(volume!, plus(plus(origin, right, column * steps[0]), down, row * steps[1]));
  };
  return {
    surface: {
      calibration: { rowSpacing: steps[1], columnSpacing: steps[0], unit: "mm" },
      rows,
      columns,
      valueUnit: first ? valueUnit(first) : "1",
      // While slices are missing, others stand in for them.
      pixels: isWhole ? valueAt : undefined,
    },
    points: flat.map(([x, y]) => [x! - left!, y! - top!]),
  };
}

/** The images of a series whose voxels are nearest to what has some points. */
export function imagesAmong(series: string, kind: Kind, points: Point[]): string[] {
  const grid = volumeOf(series)?.grid;
  if (!grid) return [];
  const heights = points.map((point) => dot(minus(point as Vector, grid.origin), grid.axes[2]));
  const slices = ends(kind, heights).map((height) => Math.round(height / grid.spacing[2]));
  return grid.imageIds.slice(Math.max(0, slices[0]!), Math.max(0, slices[1]! + 1)).map(frameIdOf);
}

/** How low and how high something is, by the heights of its points. */
function ends(kind: Kind, heights: number[]): [number, number] {
  if (kind !== "ellipse") return [Math.min(...heights), Math.max(...heights)];
  const [a, b, c, d] = heights as [number, number, number, number];
  const [middle, half] = [(a + b) / 2, Math.hypot(b - a, d - c) / 2];
  return [middle - half, middle + half];
}

/** The same direction for both sides of a plane, however it was drawn. */
function upward(normal: Vector): Vector {
  const most = normal.reduce((best, one) => (Math.abs(one) > Math.abs(best) + FLAT ? one : best), 0);
  return most < 0 ? minus([0, 0, 0], normal) : normal;
}

type Pixels = { origin: Vector; right: Vector; down: Vector; steps: readonly [number, number] };

/** The pixels of a plane: along slices, or across them at a right angle, its own voxels; else as small as the finest. */
function pixelsAlong(grid: Volume["grid"], normal: Vector, point: Vector): Pixels {
  const { axes, spacing } = grid;
  const through = axes.findIndex((axis) => Math.abs(dot(axis, normal)) > 1 - 1e-6);
  if (through >= 0) {
    const [one, other] = [(through + 1) % 3, (through + 2) % 3];
    const depth = Math.round(dot(minus(point, grid.origin), axes[through]!) / spacing[through]!);
    const origin = plus(grid.origin, axes[through]!, depth * spacing[through]!);
    return { origin, right: axes[one]!, down: axes[other]!, steps: [spacing[one]!, spacing[other]!] };
  }
  const finest = Math.min(...spacing);
  // The volume's own corner, seen on the plane: the same pixels whatever is drawn on them.
  const origin = plus(grid.origin, normal, dot(minus(point, grid.origin), normal));
  return { origin, ...across(normal, axes[0]), steps: [finest, finest] };
}

/** Two directions in a plane, the first as near to another as can be. */
function across(normal: Vector, like: Vector): { right: Vector; down: Vector } {
  const leaning = Math.abs(dot(normal, like)) > 0.9 ? ([like[1], like[2], like[0]] as Vector) : like;
  const right = unit(plus(leaning, normal, -dot(normal, leaning)));
  return { right, down: cross(normal, right) };
}

/** The voxel that is nearest to a point; not a number outside. */
function sampleOf({ grid, dimensions, voxelManager }: Volume, point: Vector): number {
  const from = minus(point, grid.origin);
  const index = grid.axes.map((axis, at) => Math.round(dot(from, axis) / grid.spacing[at]!));
  const isInside = index.every((one, axis) => one >= 0 && one < dimensions[axis]!);
  const value = isInside ? voxelManager?.getAtIJK(index[0]!, index[1]!, index[2]!) : undefined;
  return typeof value === "number" ? value : Number.NaN;
}
