/** Which images marks in space lie in: those whose plane holds all of their points. */

import { frameOf, type KnownFrame } from "~/imaging/frames";
import type { Point } from "~/server/measurements";
import { cross, dot, minus, plus, type Vector } from "~/volumes/vectors";
import { planeOf } from "./plane";
import { normalOf } from "./space";

/** An image that says where it lies. */
interface Lying {
  id: string;
  known: KnownFrame;
  position: Vector;
  normal: Vector;
}

const PARALLEL = 1 - 1e-3; // cosine of the angle between directions
const ROUNDING_MM = 1e-3;
const SAME_PLACE_MM = 1e-2;

function lying(id: string): Lying | undefined {
  const known = frameOf(id);
  if (!known?.frame.position || !known.frame.orientation) return undefined;
  const { position, row, column } = planeOf(known);
  return { id, known, position, normal: cross(row, column) };
}

const lyingIn = (imageIds: string[], frameOfReference: string): Lying[] =>
  imageIds.flatMap((id) => {
    const found = lying(id);
    return found?.known.image.frameOfReferenceUID === frameOfReference ? [found] : [];
  });

const away = ({ position, normal }: Lying, point: Vector): number =>
  Math.abs(dot(minus(point, position), normal));

const farthest = (image: Lying, points: Point[]): number =>
  Math.max(...points.map((point) => away(image, point as Vector)));

const reaches = new WeakMap<KnownFrame, number>();

/** How far an image of a stack stands for what is there: half of the way to the next one, else half of its thickness. */
function reachOf(imageIds: string[], { known, position, normal }: Lying): number {
  const before = reaches.get(known);
  if (before !== undefined) return before;
  let space = Number.POSITIVE_INFINITY;
  for (const id of imageIds) {
    const other = lying(id);
    if (!other || Math.abs(dot(other.normal, normal)) < PARALLEL) continue;
    const between = Math.abs(dot(minus(other.position, position), normal));
    if (between > SAME_PLACE_MM) space = Math.min(space, between);
  }
  const reach = (Number.isFinite(space) ? space : (known.frame.thickness ?? 1)) / 2 + ROUNDING_MM;
  reaches.set(known, reach);
  return reach;
}

const isHeld = (imageIds: string[], image: Lying, points: Point[]): boolean =>
  farthest(image, points) <= reachOf(imageIds, image) &&
  // Two points lie in many planes.
  (points.length < 3 || Math.abs(dot(normalOf(points), image.normal)) > PARALLEL);

/** Whether an image of a stack holds all points. */
export function holds(imageIds: string[], imageId: string, points: Point[]): boolean {
  const image = lying(imageId);
  return image !== undefined && isHeld(imageIds, image, points);
}

/** The image that holds all points; undefined when there is none. */
export function imageThrough(
  imageIds: string[],
  frameOfReference: string,
  points: Point[],
): string | undefined {
  const image = least(lyingIn(imageIds, frameOfReference), (one) => farthest(one, points));
  return image && isHeld(imageIds, image, points) ? image.id : undefined;
}

/** The image that is nearest to the middle of points, however they lie to it. */
export function imageNearest(
  imageIds: string[],
  frameOfReference: string,
  points: Point[],
): string | undefined {
  const sum = points.reduce<Vector>((all, point) => plus(all, point as Vector), [0, 0, 0]);
  const middle = sum.map((one) => one / points.length) as Vector;
  return least(lyingIn(imageIds, frameOfReference), (one) => away(one, middle))?.id;
}

function least(images: Lying[], measure: (image: Lying) => number): Lying | undefined {
  let found: { image: Lying; size: number } | undefined;
  for (const image of images) {
    const size = measure(image);
    if (!found || size < found.size) found = { image, size };
  }
  return found?.image;
}
