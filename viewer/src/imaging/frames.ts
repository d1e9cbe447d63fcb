/** The frames that the page knows, by the id that Cornerstone calls them by: where each is, and what is said of it. */

import type { InstanceRef } from "~/server/dicomweb";
import type { Frame, ImageDescription, Instance, SaidFrame, Series } from "~/server/study";
import { shownPerValue } from "./ramps";

export interface KnownFrame {
  ref: InstanceRef;
  /** From 1, as in the Standard and in addresses. */
  number: number;
  instance: Instance;
  image: ImageDescription;
  /** Whole: what the description leaves out because the frame before has it is filled in. */
  frame: Frame;
  modality: string;
}

const known = new Map<string, KnownFrame>();

export const SCHEME = "filmless";

export const imageIdOf = (ref: InstanceRef, number: number): string =>
  `${SCHEME}:${ref.study}/${ref.series}/${ref.instance}/${number}`;

/** The frame behind an id of Cornerstone's; undefined for images that others made. */
export const frameOf = (imageId: string): KnownFrame | undefined => known.get(imageId);

/** A frame whole, after the one before it: what is null it lacks. */
function follow(before: Frame, said: SaidFrame): Frame {
  const all = Object.entries({ ...before, ...said });
  return Object.fromEntries(all.filter(([, value]) => value !== null)) as Frame;
}

/** Notes the frames of a series, and returns their ids by instance, in the order of the series. */
export function noteFrames(study: string, series: Series, modality: string): Map<string, string[]> {
  const ids = new Map<string, string[]>();
  for (const instance of series.instances) {
    const { image } = instance;
    if (!image) continue;
    const ref = { study, series: series.uid, instance: instance.uid };
    let frame: Frame = {};
    const own = image.frames.map((said, index) => {
      frame = follow(frame, said);
      const imageId = imageIdOf(ref, index + 1);
      known.set(imageId, { ref, number: index + 1, instance, image, frame, modality });
      return imageId;
    });
    ids.set(instance.uid, own);
  }
  return ids;
}

/** How high and how wide pixels are drawn: in mm, or else as the one is to the other. */
export function drawnSpacing({ image, frame }: Pick<KnownFrame, "image" | "frame">): [number, number] {
  const [height, width] = image.pixelAspectRatio ?? [1, 1];
  return frame.spacing ?? image.imagerPixelSpacing ?? [height / width, 1];
}

/** Forgets frames that no page shows any more. */
export function forgetFrames(imageIds: Iterable<string>): void {
  for (const imageId of imageIds) known.delete(imageId);
}

/** Which values are padding, as they are shown: of PET as uptake, and in the precision of what they are compared with. */
export function paddingOf(image: ImageDescription): [number, number] | undefined {
  const { padding } = image;
  const per = shownPerValue({ image });
  return padding && [Math.fround(padding[0] * per), Math.fround(padding[1] * per)];
}

/** What a frame takes of memory once it is decoded, about. */
export function bytesOf(imageId: string): number {
  const image = known.get(imageId)?.image;
  if (!image) return 0;
  const perPixel = image.photometricInterpretation === "RGB" ? 3 : image.bitsAllocated > 16 ? 4 : 2;
  return image.rows * image.columns * perPixel;
}
