/**
 * Slices of a volume that are not frames as they are: of a tilted gantry, moved sideways to where they belong; of a
 * volume that is too large, with fewer pixels. Each is made when Cornerstone asks for its id.
 */

import { imageLoader, metaData, type Types, utilities } from "@cornerstonejs/core";
import type { Grid } from "./grid";
import { plus, type Vector } from "./vectors";

const SCHEME = "filmless-slice";

interface Made {
  /** The frame that it is made of. */
  of: string;
  columns: number;
  rows: number;
  /** Where the slice's first pixel lies in the frame, in columns and rows of the frame. */
  from: [number, number];
  /** Pixels of the frame for one of the slice. */
  step: number;
  position: Vector;
  spacing: [number, number];
}

const made = new Map<string, Made>();

/** Gives a grid whose slices stand straight, and have fewer voxels by `step` along rows and columns. */
export function straightened(grid: Grid, step: number, every: number): Grid {
  const isPlain = grid.shift.every((one) => one === 0) && step === 1;
  const kept = grid.imageIds.filter((_, index) => index % every === 0);
  const spacing: Vector = [grid.spacing[0] * step, grid.spacing[1] * step, grid.spacing[2] * every];
  if (isPlain) {
    return {
      ...grid,
      imageIds: kept,
      spacing,
      dimensions: [...grid.dimensions.slice(0, 2), kept.length] as Vector,
    };
  }
  const last = grid.imageIds.length - 1;
  const ends = grid.shift.map((one) => one * last);
  const low = ends.map((end) => Math.min(0, end));
  const size = [0, 1].map((axis) => {
    const wide = grid.dimensions[axis]! + Math.ceil(Math.abs(ends[axis]!));
    return Math.max(1, Math.floor(wide / step));
  });
  // A voxel of several pixels has its centre in their middle.
  const middle = (step - 1) / 2;
  const start = low.map((one) => one + middle);
  const [along, down, normal] = grid.axes;
  const origin = plus(
    plus(grid.origin, along, start[0]! * grid.spacing[0]),
    down,
    start[1]! * grid.spacing[1],
  );
  const imageIds = kept.map((id, index) => {
    const slice = index * every;
    const own = `${SCHEME}:${step}/${id}`;
    made.set(own, {
      of: id,
      columns: size[0]!,
      rows: size[1]!,
      from: [start[0]! - slice * grid.shift[0], start[1]! - slice * grid.shift[1]],
      step,
      position: plus(origin, normal, slice * grid.spacing[2]),
      spacing: [spacing[1], spacing[0]],
    });
    return own;
  });
  return { ...grid, imageIds, spacing, origin, shift: [0, 0], dimensions: [size[0]!, size[1]!, kept.length] };
}

/** Forgets the slices of a volume that is shown no more; others are no slices of ours. */
export function forgetSlices(imageIds: Iterable<string>): void {
  for (const imageId of imageIds) made.delete(imageId);
}

/** An image loader of Cornerstone's. */
function loadSlice(imageId: string): Types.IImageLoadObject {
  const slice = made.get(imageId);
  const promise = slice
    ? imageLoader.loadImage(slice.of).then((frame) => imageOf(imageId, slice, frame as Types.IImage))
    : Promise.reject(new Error("this slice is of no volume that was opened"));
  return { promise } as Types.IImageLoadObject;
}

function imageOf(imageId: string, slice: Made, frame: Types.IImage): Types.IImage {
  const pixels = resampled(frame.getPixelData(), frame.columns, frame.rows, slice, frame.minPixelValue);
  return {
    ...frame,
    imageId,
    rows: slice.rows,
    columns: slice.columns,
    height: slice.rows,
    width: slice.columns,
    rowPixelSpacing: slice.spacing[0],
    columnPixelSpacing: slice.spacing[1],
    sizeInBytes: pixels.byteLength,
    getPixelData: () => pixels,
    voxelManager: utilities.VoxelManager.createImageVoxelManager({
      scalarData: pixels,
      width: slice.columns,
      height: slice.rows,
      numberOfComponents: 1,
    }),
  } as Types.IImage;
}

type Pixels = Types.PixelDataTypedArray;

/** Samples a frame where the pixels of a slice lie, between pixels linearly; outside there is `outside`. */
export function resampled(
  frame: Pixels,
  columns: number,
  rows: number,
  slice: Pick<Made, "columns" | "rows" | "from" | "step">,
  outside: number,
): Pixels {
  const Type = frame.constructor as new (size: number) => Pixels;
  const out = new Type(slice.columns * slice.rows).fill(outside);
  const isFraction = out instanceof Float32Array;
  for (let row = 0, to = 0; row < slice.rows; row++) {
    const y = slice.from[1] + row * slice.step;
    const top = Math.floor(y + 1e-6);
    const below = Math.min(top + 1, rows - 1);
    const down = Math.max(0, y - top);
    for (let column = 0; column < slice.columns; column++, to++) {
      const x = slice.from[0] + column * slice.step;
      const left = Math.floor(x + 1e-6);
      if (top < 0 || left < 0 || top >= rows || left >= columns) continue;
      const right = Math.min(left + 1, columns - 1);
      const across = Math.max(0, x - left);
      const upper = frame[top * columns + left]! * (1 - across) + frame[top * columns + right]! * across;
      const lower = frame[below * columns + left]! * (1 - across) + frame[below * columns + right]! * across;
      const value = upper * (1 - down) + lower * down;
      out[to] = isFraction ? value : Math.round(value);
    }
  }
  return out;
}

/** What is said of a slice is what is said of its frame, but for size and place. */
function sliceMetadata(type: string, imageId: unknown): unknown {
  const slice = typeof imageId === "string" ? made.get(imageId) : undefined;
  if (!slice) return undefined;
  const said: unknown = metaData.get(type, slice.of);
  if (!said || (type !== "imagePlaneModule" && type !== "imagePixelModule")) return said;
  const { rows, columns, spacing, position } = slice;
  return {
    ...said,
    rows,
    columns,
    pixelSpacing: spacing,
    rowPixelSpacing: spacing[0],
    columnPixelSpacing: spacing[1],
    imagePositionPatient: position,
  };
}

export function registerSlices(): void {
  imageLoader.registerImageLoader(SCHEME, loadSlice);
  metaData.addProvider(sliceMetadata, 10_001);
}
