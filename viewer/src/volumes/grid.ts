/**
 * Whether the frames of a series make a volume, and which: even slices one upon the other (PS3.3 C.7.6.2). Spaces come
 * from positions: Slice Thickness says how thick a slice is, not how far the next one is.
 */

import type { KnownFrame } from "~/imaging/frames";
import { cross, dot, length, minus, plus, unit, type Vector } from "./vectors";

export type Samples = "Uint8Array" | "Uint16Array" | "Int16Array" | "Float32Array";

/** A volume: where its voxels lie, and the frames that they come from. */
export interface Grid {
  /** Ids of its slices, along the normal. */
  imageIds: string[];
  /** Voxels along rows, along columns, and slices. */
  dimensions: Vector;
  /** Between voxels, in mm. */
  spacing: Vector;
  /** The centre of the first voxel. */
  origin: Vector;
  /** Unit vectors along rows, along columns, along the normal. */
  axes: [Vector, Vector, Vector];
  /** How far a slice begins off the one before, in columns and rows; not 0 where the gantry was tilted. */
  shift: [number, number];
  samples: Samples;
  frameOfReference: string;
  modality: string;
  /** What the user has to know of it. */
  notes: string[];
}

/** A volume, or why there is none, in words. */
export type Verdict = { grid: Grid; reason?: never } | { grid?: never; reason: string };

const FEWEST = 3;
const TOO_FEW = `a volume takes ${FEWEST} images or more`;
const PARALLEL = 1e-3; // sine of the angle between directions that may be rounding
const SAME_PLACE_MM = 1e-2;
const UNEVEN = 0.1; // of the space between slices: positions are rounded
const STRAIGHT_PIXELS = 0.5; // how far the last slice may lie off the first before it counts as tilt

type Placed = KnownFrame & { id: string; place: Vector; axes: [Vector, Vector] };

/** Decides. `frames` as they lie in the series. */
export function volumeOf(frames: { id: string; known: KnownFrame }[]): Verdict {
  if (!frames.length) return no("there are no images in this series");
  const placed = frames.flatMap(placedOf);
  if (frames.length === 1) return no("a volume takes several images, and this series has one");
  if (frames.length < FEWEST) return no(TOO_FEW);
  if (placed.length < FEWEST) return no("the images do not say where in the patient they lie");
  const groups = groupsOf(placed);
  const largest = groups.reduce((best, group) => (group.length > best.length ? group : best));
  if (largest.length < FEWEST) {
    return no(groups.length > 1 ? "the images lie in different directions, as localizers do" : TOO_FEW);
  }
  if (largest[0]!.image.photometricInterpretation === "RGB") return no("the images are in colour");
  return stacked(largest, frames.length - largest.length);
}

const no = (reason: string): Verdict => ({ reason });

function placedOf({ id, known }: { id: string; known: KnownFrame }): Placed[] {
  const { position, orientation, spacing } = known.frame;
  if (!position || !orientation || !spacing || !(spacing[0] > 0 && spacing[1] > 0)) return [];
  const [rx, ry, rz, cx, cy, cz] = orientation;
  const along: Vector = [rx, ry, rz];
  const down: Vector = [cx, cy, cz];
  if (Math.abs(dot(along, down)) > 0.01 || Math.abs(length(along) - 1) > 0.01) return [];
  return [{ ...known, id, place: position, axes: [unit(along), unit(down)] }];
}

/** Frames of one direction, size and frame of reference. */
function groupsOf(placed: Placed[]): Placed[][] {
  const groups: Placed[][] = [];
  for (const frame of placed) {
    const found = groups.find(([first]) => isAlike(first!, frame));
    if (found) found.push(frame);
    else groups.push([frame]);
  }
  return groups;
}

function isAlike(a: Placed, b: Placed): boolean {
  return (
    a.image.rows === b.image.rows &&
    a.image.columns === b.image.columns &&
    a.image.frameOfReferenceUID === b.image.frameOfReferenceUID &&
    a.image.photometricInterpretation === b.image.photometricInterpretation &&
    a.frame.spacing!.every((space, index) => Math.abs(space / b.frame.spacing![index]! - 1) < PARALLEL) &&
    a.axes.every((axis, index) => length(minus(axis, b.axes[index]!)) < PARALLEL)
  );
}

function stacked(group: Placed[], others: number): Verdict {
  const [along, down] = group[0]!.axes;
  const normal = unit(cross(along, down));
  const sorted = group
    .map((frame) => ({ frame, distance: dot(frame.place, normal) }))
    .sort((a, b) => a.distance - b.distance);
  const slices = sorted.filter(
    (one, index) => index === 0 || one.distance - sorted[index - 1]!.distance > SAME_PLACE_MM,
  );
  if (slices.length < FEWEST) return no("the images lie at one place, one after the other in time");
  const notes: string[] = [];
  if (others > 0) notes.push(`${counted(others, "image")} of another size or direction, and left out`);
  const times = group.length / slices.length;
  if (times > 1) notes.push(`the first of ${Math.round(times)} images at each place is shown`);
  const count = slices.length;
  const space = (slices[count - 1]!.distance - slices[0]!.distance) / (count - 1);
  const uneven = slices.some(
    ({ distance }, index) => Math.abs(distance - slices[0]!.distance - index * space) > space * UNEVEN + 1e-3,
  );
  if (uneven) return no(unevenReason(slices.map((one) => one.distance)));
  const first = slices[0]!.frame;
  const frames = slices.map((one) => one.frame);
  const lean = leanOf(frames, normal);
  if (!lean) return no("the images do not lie one upon the other");
  const [rowSpace, columnSpace] = first.frame.spacing!;
  const shift: [number, number] = [dot(lean, along) / columnSpace, dot(lean, down) / rowSpace];
  const isTilted = shift.some((one) => Math.abs(one) * (count - 1) > STRAIGHT_PIXELS);
  if (isTilted) {
    const degrees = (Math.atan(length(lean) / space) * 180) / Math.PI;
    notes.push(`the gantry was tilted by ${degrees.toFixed(1)}°: slices are moved to where they belong`);
  }
  return {
    grid: {
      imageIds: frames.map((frame) => frame.id),
      dimensions: [first.image.columns, first.image.rows, count],
      spacing: [columnSpace, rowSpace, space],
      origin: first.place,
      axes: [along, down, normal],
      shift: isTilted ? shift : [0, 0],
      samples: samplesOf(frames),
      frameOfReference: first.image.frameOfReferenceUID,
      modality: first.modality,
      notes,
    },
  };
}

/** How a slice begins off the one before in their plane, in mm; nothing when that differs from slice to slice. */
function leanOf(frames: Placed[], normal: Vector): Vector | undefined {
  const origin = frames[0]!.place;
  const sideways = frames.map(({ place }) => {
    const off = minus(place, origin);
    return plus(off, normal, -dot(off, normal));
  });
  const last = sideways.at(-1)!;
  const lean = plus([0, 0, 0], last, 1 / (frames.length - 1));
  const most = Math.min(...frames[0]!.frame.spacing!);
  const isEven = sideways.every((off, index) => length(minus(off, plus([0, 0, 0], lean, index))) <= most);
  return isEven ? lean : undefined;
}

function unevenReason(distances: number[]): string {
  const gaps = distances.slice(1).map((distance, index) => distance - distances[index]!);
  const usual = [...gaps].sort((a, b) => a - b)[Math.floor(gaps.length / 2)]!;
  const isWhole = (gap: number) =>
    Math.abs(gap / usual - Math.round(gap / usual)) < UNEVEN && gap > usual * 0.9;
  if (gaps.every(isWhole)) {
    const missing = gaps.reduce((sum, gap) => sum + Math.round(gap / usual) - 1, 0);
    return `${counted(missing, "slice")} missing between the others`;
  }
  const [least, most] = [Math.min(...gaps), Math.max(...gaps)].map((gap) => gap.toFixed(2));
  return `the slices are spaced unevenly, ${least} to ${most} mm`;
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? " is" : "s are"}`;

/** The smallest type that holds every value that the headers allow. */
function samplesOf(frames: KnownFrame[]): Samples {
  let least = 0;
  let most = 0;
  for (const { image, frame } of frames) {
    const [slope, intercept] = frame.rescale ?? [1, 0];
    const isWhole = Number.isInteger(slope) && Number.isInteger(intercept);
    // What the server decodes may be any value; uptake is a fraction.
    if (image.source === "samples" || image.suvbw !== undefined || !isWhole) return "Float32Array";
    const range = 2 ** image.bitsStored;
    const stored = image.signed ? [-range / 2, range / 2 - 1] : [0, range - 1];
    for (const value of stored.map((one) => one * slope + intercept)) {
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
  }
  if (least >= 0) return most < 256 ? "Uint8Array" : most < 65536 ? "Uint16Array" : "Float32Array";
  return least >= -32768 && most < 32768 ? "Int16Array" : "Float32Array";
}
