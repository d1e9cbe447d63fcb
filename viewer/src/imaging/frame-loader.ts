/** Brings a frame: as it is stored, to be decoded by a worker, or decoded by the server; the description says which. */

import { cache, type Types, utilities } from "@cornerstonejs/core";
import { createImage } from "@cornerstonejs/dicom-image-loader";
import { instanceUrl } from "~/server/dicomweb";
import { ask } from "~/server/http";
import type { ImageDescription } from "~/server/study";
import { drawnSpacing, frameOf, type KnownFrame, paddingOf, SCHEME } from "./frames";
import { asShown, spanning, toldWindow } from "./ramps";

export { SCHEME };

type Samples = Uint8Array | Int16Array | Uint16Array | Float32Array;

const TYPES: Record<string, new (buffer: ArrayBuffer) => Samples> = {
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  float32: Float32Array,
};

/** A frame on its way. Who waits for it takes its promise, each time anew: so it is known whether others do. */
class Loading {
  asked = 0;
  private readonly aborter = new AbortController();
  private readonly coming: Promise<Types.IImage>;

  constructor(imageId: string, options: Record<string, unknown>) {
    const { signal } = this.aborter;
    // Who left the page meanwhile had it forgotten.
    const known = frameOf(imageId);
    this.coming = new Promise((resolve, reject) => {
      load(imageId, options, signal).then(
        // Decoding cannot be stopped, but what nobody waits for is not kept.
        (image) => signal.aborted || resolve(known ? withWindow(image, known) : image),
        (reason) => {
          if (reason instanceof Error) failures.add(reason);
          // An answer would come late: Cornerstone's cache would let go of what was asked for anew meanwhile.
          if (!signal.aborted) reject(reason);
        },
      );
    });
  }

  get promise(): Promise<Types.IImage> {
    this.asked++;
    return this.coming;
  }

  abort(): void {
    this.aborter.abort();
  }
}

/** An image loader of Cornerstone's. */
export const loadFrame = (imageId: string, options: Record<string, unknown> = {}): Types.IImageLoadObject =>
  // Nothing is said of how to cancel it: Cornerstone would whenever it needs room, whoever waits for it.
  new Loading(imageId, options) as unknown as Types.IImageLoadObject;

/**
 * How to give a frame up that one has just asked for, when nobody had before: only while nobody else has since. Its
 * promise is never kept then.
 */
export function givingUp(imageId: string): () => void {
  const loading = cache.getImageLoadObject(imageId);
  if (!(loading instanceof Loading)) return () => {};
  const { asked } = loading;
  return () => {
    if (loading.asked > asked || cache.isLoaded(imageId)) return;
    if (cache.getImageLoadObject(imageId) !== (loading as unknown)) return;
    loading.abort();
    cache.removeImageLoadObject(imageId, { force: true });
  };
}

/** Says with which window Cornerstone begins; of one value only it would make one that has no length. */
function withWindow(image: Types.IImage, known: KnownFrame): Types.IImage {
  const own = known.frame.windows?.[0];
  const shown = own ? asShown(own, known) : spanning(image.minPixelValue, image.maxPixelValue);
  const { center, width } = toldWindow(shown);
  return Object.assign(image, { windowCenter: center, windowWidth: width });
}

const failures = new WeakSet<Error>();

/** Whether an error is why a frame does not come. */
export const isOfFrame = (error: unknown): boolean => error instanceof Error && failures.has(error);

async function load(
  imageId: string,
  options: Record<string, unknown>,
  signal: AbortSignal,
): Promise<Types.IImage> {
  const known = frameOf(imageId);
  if (!known) throw new Error("this frame is of no series that was opened");
  if (known.image.source === "samples") return decodedByServer(imageId, known, signal);
  const url = `${instanceUrl(known.ref)}/frames/${known.number}`;
  const isColour = known.image.photometricInterpretation === "RGB";
  const accept = isColour ? "image/jpeg" : "application/octet-stream; transfer-syntax=*";
  const answer = await ask(url, { accept, signal });
  if (isColour) {
    const bitmap = await bitmapOf(await answer.blob());
    const { columns, rows } = known.image;
    if (bitmap?.width === columns && bitmap.height === rows) return decodedByBrowser(imageId, known, bitmap);
    return decodedByServer(imageId, known, signal);
  }
  const coded = new Uint8Array(await answer.arrayBuffer());
  if (!isAsSaid(coded, known)) return decodedByServer(imageId, known, signal);
  const { transferSyntax } = known.instance;
  if (NATIVE.has(transferSyntax)) clearUnused(coded, known.image);
  const isOurs = isScaledHere(known);
  const how = isOurs ? { ...options, targetBuffer: undefined, preScale: { enabled: false } } : options;
  const decoded: Promise<unknown> = createImage(imageId, coded, transferSyntax, how);
  const image = (await decoded.catch(() => undefined)) as Types.IImage | undefined;
  // The server may know better, or what is wrong.
  if (!image || !isWhole(image, known)) return decodedByServer(imageId, known, signal);
  if (isOurs) return scaled(imageId, known, image.getPixelData());
  if (known.image.padding) withoutPadding(image, known, image.getPixelData() as Samples);
  return image;
}

/**
 * Whether values are made of the samples here. Cornerstone chooses their type by what becomes of the least and of the
 * largest sample: fractions between whole ones would be cut off, and with a slope below 0 all that is below 0.
 */
function isScaledHere({ image, frame }: KnownFrame): boolean {
  const [slope, intercept] = frame.rescale ?? [1, 0];
  return image.suvbw !== undefined || slope < 0 || !Number.isInteger(slope) || !Number.isInteger(intercept);
}

function scaled(imageId: string, known: KnownFrame, stored: Types.PixelDataTypedArray): Types.IImage {
  const { modality, image, frame } = known;
  const [rescaleSlope, rescaleIntercept] = frame.rescale ?? [1, 0];
  const { suvbw } = image;
  const values = Float32Array.from(
    stored,
    (value) => (value * rescaleSlope + rescaleIntercept) * (suvbw ?? 1),
  );
  const scalingParameters = {
    rescaleSlope,
    rescaleIntercept,
    modality,
    ...(suvbw !== undefined && { suvbw }),
  };
  const preScale = { enabled: true, scaled: true, scalingParameters };
  return { ...imageFrom(imageId, known, values), preScale } as Types.IImage;
}

async function decodedByServer(
  imageId: string,
  known: KnownFrame,
  signal: AbortSignal,
): Promise<Types.IImage> {
  const { study, series, instance } = known.ref;
  const url = `/viewer/studies/${study}/series/${series}/instances/${instance}/frames/${known.number}/samples`;
  const answer = await ask(url, { signal });
  const type = TYPES[answer.headers.get("Filmless-Samples") ?? ""];
  if (!type) throw new Error("the server sent samples of a kind that is not known");
  const values = new type(await answer.arrayBuffer());
  const { suvbw } = known.image;
  // Of frames that it decodes, Cornerstone makes uptake itself.
  return imageFrom(imageId, known, suvbw ? Float32Array.from(values, (value) => value * suvbw) : values);
}

/** A JPEG as the browser decodes it; undefined when that is none for it: the server may know better. */
const bitmapOf = (jpeg: Blob): Promise<ImageBitmap | undefined> =>
  createImageBitmap(jpeg, { colorSpaceConversion: "none", imageOrientation: "none" }).catch(() => undefined);

// JPEG 2000, with and without its high throughput (PS3.5 A.4.4, A.4.9).
const JPEG_2000 = /^1\.2\.840\.10008\.1\.2\.4\.(9[01]|20[123])$/;

/**
 * Whether a frame of JPEG 2000 has samples as the header says: so many, of one component, of that sign and depth. Where
 * they differ the header counts (PS3.5 8.2.4), and the browser's decoder goes by the codestream, whose SIZ comes first;
 * what has something before it is looked at by the server. Other streams do not say.
 */
export function isAsSaid(
  coded: Uint8Array,
  { instance, image }: Pick<KnownFrame, "instance" | "image">,
): boolean {
  if (!JPEG_2000.test(instance.transferSyntax)) return true;
  if (coded.byteLength <= SIZ.depth) return false;
  const said = new DataView(coded.buffer, coded.byteOffset);
  const sizes = [8, 12, 16, 20].map((at) => said.getUint32(at)) as [number, number, number, number];
  const [right, bottom, left, top] = sizes;
  return (
    said.getUint32(0) === SIZ.beginning &&
    right - left === image.columns &&
    bottom - top === image.rows &&
    said.getUint16(SIZ.components) === 1 &&
    said.getUint8(SIZ.depth) === image.bitsStored - 1 + (image.signed ? 0x80 : 0)
  );
}

/** The markers SOC and SIZ, and where in the latter is what. */
const SIZ = { beginning: 0xff4f_ff51, components: 40, depth: 42 };

/** Whether a picture has the size that the header says: a stream may have another. */
const isWhole = ({ rows, columns, voxelManager }: Types.IImage, { image }: KnownFrame): boolean =>
  rows === image.rows && columns === image.columns && voxelManager!.getScalarDataLength() === rows * columns;

const NATIVE = new Set(["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"]);

/** Bits above the samples hold nothing that is to be seen, but need not be zero, nor go on with the sign (PS3.5 8.1.2). */
export function clearUnused(
  coded: Uint8Array,
  { bitsAllocated, bitsStored, signed }: Pick<ImageDescription, "bitsAllocated" | "bitsStored" | "signed">,
): void {
  const unused = 32 - bitsStored;
  if (bitsStored >= bitsAllocated) return;
  const count = Math.floor(coded.byteLength / (bitsAllocated / 8));
  const samples = bitsAllocated === 16 ? new Uint16Array(coded.buffer, coded.byteOffset, count) : coded;
  for (let index = 0; index < count; index++) {
    const high = samples[index]! << unused;
    samples[index] = signed ? high >> unused : high >>> unused;
  }
}

function decodedByBrowser(imageId: string, known: KnownFrame, bitmap: ImageBitmap): Types.IImage {
  const { columns, rows } = known.image;
  const canvas = new OffscreenCanvas(columns, rows);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const rgba = context.getImageData(0, 0, columns, rows).data;
  const rgb = new Uint8Array(columns * rows * 3);
  for (let from = 0, to = 0; to < rgb.length; from += 4) {
    rgb[to++] = rgba[from]!;
    rgb[to++] = rgba[from + 1]!;
    rgb[to++] = rgba[from + 2]!;
  }
  return imageFrom(imageId, known, rgb);
}

function imageFrom(imageId: string, known: KnownFrame, samples: Samples): Types.IImage {
  const { image } = known;
  const { rows, columns } = image;
  const isColour = image.photometricInterpretation === "RGB";
  const components = isColour ? 3 : 1;
  if (samples.length !== rows * columns * components)
    throw new Error("the frame is not of the size that its header says");
  const [minPixelValue, maxPixelValue] = isColour ? [0, 255] : extremes(samples);
  const spacing = drawnSpacing(known);
  const made = {
    imageId,
    dataType: samples.constructor.name,
    minPixelValue,
    maxPixelValue,
    slope: 1,
    intercept: 0,
    rows,
    columns,
    height: rows,
    width: columns,
    color: isColour,
    rgba: false,
    numberOfComponents: components,
    invert: image.photometricInterpretation === "MONOCHROME1",
    rowPixelSpacing: spacing[0],
    columnPixelSpacing: spacing[1],
    sizeInBytes: samples.byteLength,
    getPixelData: () => samples,
    getCanvas: undefined,
    voxelManager: utilities.VoxelManager.createImageVoxelManager({
      scalarData: samples,
      width: columns,
      height: rows,
      numberOfComponents: components,
    }),
  } as unknown as Types.IImage;
  if (image.padding && !isColour) withoutPadding(made, known, samples);
  return made;
}

/**
 * Leaves padding out of the extremes, of which windows are made, and sees to it that it is black (PS3.3 C.7.5.1.1.2):
 * it is no value, so that where it would not be, it becomes the one that is the blackest.
 */
function withoutPadding(made: Types.IImage, { image }: KnownFrame, samples: Samples): void {
  const [from, to] = paddingOf(image)!;
  const isInverse = image.photometricInterpretation === "MONOCHROME1";
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const sample of samples) {
    if (sample >= from && sample <= to) continue;
    if (sample < least) least = sample;
    if (sample > most) most = sample;
  }
  if (least > most) [least, most] = [from, from];
  [made.minPixelValue, made.maxPixelValue] = [least, most];
  if (isInverse ? from > most : to < least) return;
  const blackest = isInverse ? LARGEST[samples.constructor.name]! : LEAST[samples.constructor.name]!;
  samples.forEach((sample, index) => {
    if (sample >= from && sample <= to) samples[index] = blackest;
  });
}

const LEAST: Record<string, number> = {
  Int8Array: -128,
  Uint8Array: 0,
  Int16Array: -32768,
  Uint16Array: 0,
  Float32Array: -1e30,
};
const LARGEST: Record<string, number> = {
  Int8Array: 127,
  Uint8Array: 255,
  Int16Array: 32767,
  Uint16Array: 65535,
  Float32Array: 1e30,
};

function extremes(samples: Samples): [number, number] {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const sample of samples) {
    if (sample < least) least = sample;
    if (sample > most) most = sample;
  }
  return [least, most];
}
