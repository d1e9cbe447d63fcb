/** Where images lie in the patient, and what follows for what is drawn on them. */

import type { Frame } from "~/server/study";

export type Vector = [number, number, number];

export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const along = (from: Vector, way: Vector, far: number): Vector => [
  from[0] + way[0] * far,
  from[1] + way[1] * far,
  from[2] + way[2] * far,
];
const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

/** The plane of a frame: its corner (the centre of the first pixel), its axes, and its normal. */
export interface Plane {
  origin: Vector;
  across: Vector;
  down: Vector;
  normal: Vector;
}

/** Undefined when the frame does not say where it is. */
export function planeOf({ position, orientation }: Frame): Plane | undefined {
  if (!position || !orientation) return undefined;
  const across = orientation.slice(0, 3) as Vector;
  const down = orientation.slice(3) as Vector;
  return { origin: position, across, down, normal: cross(across, down) };
}

const POSITIVE = ["L", "P", "H"] as const;
const NEGATIVE = ["R", "A", "F"] as const;
// About 20 degrees: what leans less is not said.
const LEANS = 0.34;

/** The direction of a vector in the patient in letters, the strongest first: `R`, `RA`, `HAL` (PS3.3 C.7.6.1.1.1). */
export function letters(vector: Vector): string {
  const length = Math.hypot(...vector);
  if (!length) return "";
  return vector
    .map((part, axis) => ({ part: part / length, axis }))
    .filter(({ part }) => Math.abs(part) > LEANS)
    .sort((one, other) => Math.abs(other.part) - Math.abs(one.part))
    .map(({ part, axis }) => (part > 0 ? POSITIVE : NEGATIVE)[axis])
    .join("");
}

const OPPOSITE: Record<string, string> = { A: "P", P: "A", L: "R", R: "L", H: "F", F: "H" };

/** The opposite of a direction in letters; other letters (of paws) stay away. */
export const opposite = (direction: string): string =>
  [...direction].map((letter) => OPPOSITE[letter] ?? "").join("");

/** Where a slice is along its normal, in mm. */
export const depthOf = (plane: Plane): number => dot(plane.origin, plane.normal);

/** Whether two planes look the same way, within a few degrees. */
export const areParallel = (one: Plane, other: Plane): boolean =>
  Math.abs(dot(one.normal, other.normal)) > 0.995;

/** The number of the frame whose plane is nearest to a point; undefined when no frame says where it is. */
export function nearest(
  frames: (Frame | undefined)[],
  point: Vector,
): { index: number; distance: number } | undefined {
  let found: { index: number; distance: number } | undefined;
  frames.forEach((frame, index) => {
    const plane = frame && planeOf(frame);
    if (!plane) return;
    const distance = Math.abs(dot(minus(point, plane.origin), plane.normal));
    if (!found || distance < found.distance) found = { index, distance };
  });
  return found;
}

/** The line in which an image, of a size in mm, cuts a plane: its two ends, or undefined when it does not. */
export function cutOf(
  image: Plane,
  width: number,
  height: number,
  plane: Plane,
): [Vector, Vector] | undefined {
  if (areParallel(image, plane)) return undefined;
  const right = along(image.origin, image.across, width);
  const corners = [
    image.origin,
    right,
    along(right, image.down, height),
    along(image.origin, image.down, height),
  ];
  const ends: Vector[] = [];
  corners.forEach((from, number) => {
    const to = corners[(number + 1) % 4]!;
    const before = dot(minus(from, plane.origin), plane.normal);
    const after = dot(minus(to, plane.origin), plane.normal);
    if (before < 0 === after < 0) return;
    ends.push(along(from, minus(to, from), before / (before - after)));
  });
  return ends.length === 2 ? [ends[0]!, ends[1]!] : undefined;
}

/** A length in mm that is easy to read, and at most `most` long: 1, 2 or 5 and zeros. */
export function barLength(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  return (most / power >= 5 ? 5 : most / power >= 2 ? 2 : 1) * power;
}

/** A length in mm, as it is written beside a bar: on slides those are micrometres. */
export function besideBar(mm: number): string {
  if (mm >= 10) return `${mm / 10} cm`;
  return mm >= 0.1 ? `${Number(mm.toPrecision(1))} mm` : `${Number((mm * 1000).toPrecision(1))} µm`;
}
