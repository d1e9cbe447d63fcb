/** The values of the pixels of a frame, as its modality means them. */

import { cache, imageLoader, type Types } from "@cornerstonejs/core";
import { frameOf, type KnownFrame } from "~/imaging/frames";

/** The value at an index, row by row. */
export type Pixels = (index: number) => number;

/** The pixels of a frame that is at hand; nothing for colours, and for what is not loaded. */
export function pixelsOf(imageId: string): Pixels | undefined {
  const known = frameOf(imageId);
  const image = cache.getImage(imageId);
  return known && image && pixelsIn(image, known);
}

/** Brings the pixels of a frame, if it has grey ones. */
export async function loadPixels(imageId: string): Promise<Pixels | undefined> {
  const known = frameOf(imageId);
  if (!known || known.image.photometricInterpretation === "RGB") return undefined;
  return pixelsIn(await imageLoader.loadAndCacheImage(imageId), known);
}

function pixelsIn(image: Types.IImage, known: KnownFrame): Pixels | undefined {
  if (known.image.photometricInterpretation === "RGB") return undefined;
  const samples = image.voxelManager?.getScalarData() ?? image.getPixelData();
  const [slope, intercept] = image.preScale?.scaled ? [1, 0] : (known.frame.rescale ?? [1, 0]);
  return (index) => samples[index]! * slope + intercept;
}
