/** What Cornerstone asks about a frame, answered from the server's description of it. */

import { Enums } from "@cornerstonejs/core";
import { drawnSpacing, frameOf, type KnownFrame } from "./frames";
import { asShown, toldWindow } from "./ramps";

type Answer = (known: KnownFrame) => unknown;

const { MetadataModules } = Enums;

const ANSWERS: Record<string, Answer> = {
  [MetadataModules.IMAGE_PIXEL]: ({ image }) => ({
    samplesPerPixel: image.photometricInterpretation === "RGB" ? 3 : 1,
    photometricInterpretation: image.photometricInterpretation,
    rows: image.rows,
    columns: image.columns,
    bitsAllocated: image.bitsAllocated,
    bitsStored: image.bitsStored,
    highBit: image.bitsStored - 1,
    pixelRepresentation: image.signed ? 1 : 0,
    planarConfiguration: 0,
  }),
  [MetadataModules.IMAGE_PLANE]: ({ image, frame }) => {
    const orientation = frame.orientation ?? [1, 0, 0, 0, 1, 0];
    const spacing = drawnSpacing({ image, frame });
    return {
      frameOfReferenceUID: image.frameOfReferenceUID || undefined,
      rows: image.rows,
      columns: image.columns,
      imageOrientationPatient: orientation,
      rowCosines: orientation.slice(0, 3),
      columnCosines: orientation.slice(3),
      imagePositionPatient: frame.position ?? [0, 0, 0],
      sliceThickness: frame.thickness,
      pixelSpacing: spacing,
      rowPixelSpacing: spacing[0],
      columnPixelSpacing: spacing[1],
      usingDefaultValues: !(frame.orientation && frame.position && frame.spacing),
    };
  },
  [MetadataModules.VOI_LUT]: (known) => {
    const told = known.frame.windows?.map((window) => toldWindow(asShown(window, known)));
    return { windowCenter: told?.map(({ center }) => center), windowWidth: told?.map(({ width }) => width) };
  },
  [MetadataModules.MODALITY_LUT]: ({ image, frame }) => ({
    rescaleSlope: frame.rescale?.[0] ?? 1,
    rescaleIntercept: frame.rescale?.[1] ?? 0,
    rescaleType: image.rescaleType,
  }),
  [MetadataModules.SCALING]: ({ image }) => (image.suvbw === undefined ? undefined : { suvbw: image.suvbw }),
  [MetadataModules.GENERAL_SERIES]: ({ ref, modality }) => ({
    modality,
    seriesInstanceUID: ref.series,
    studyInstanceUID: ref.study,
  }),
  [MetadataModules.GENERAL_IMAGE]: ({ ref, instance }) => ({
    sopInstanceUID: ref.instance,
    instanceNumber: instance.number,
  }),
  [MetadataModules.SOP_COMMON]: ({ ref, instance }) => ({
    sopClassUID: instance.sopClass,
    sopInstanceUID: ref.instance,
  }),
  [MetadataModules.CINE]: ({ image }) => ({
    cineRate: image.frameTimesMs?.[0] ? 1000 / image.frameTimesMs[0] : undefined,
    numberOfFrames: image.frames.length,
  }),
  [MetadataModules.MULTIFRAME]: ({ image }) => ({ NumberOfFrames: image.frames.length }),
  transferSyntax: ({ instance }) => ({ transferSyntaxUID: instance.transferSyntax }),
};

/** A metadata provider of Cornerstone's. */
export function frameMetadata(type: string, imageId: unknown): unknown {
  const answer = ANSWERS[type];
  if (!answer || typeof imageId !== "string") return undefined;
  const known = frameOf(imageId);
  return known && answer(known);
}
