/** How large a pixel is, and in what unit its value is. */

import type { KnownFrame } from "~/imaging/frames";
import type { Point } from "~/server/measurements";
import type { ImageDescription } from "~/server/study";

/** How long a step of one row and one column is, and in what unit of UCUM. */
export interface Calibration {
  rowSpacing: number;
  columnSpacing: number;
  unit: string;
}

/** Distances at the detector: a patient in front of it is smaller than its shadow. */
export const AT_IMAGER = "mm{imager}";
export const PIXELS = "{pixels}";

const PROJECTIONS = new Set(["CR", "DX", "MG", "RF", "XA", "IO", "PX", "RG", "XC"]);

/** Pixel Spacing Calibration Type in words (PS3.3 10.7.1.3). */
export const CALIBRATIONS = {
  FIDUCIAL: "calibrated by an object of known size",
  GEOMETRY: "calibrated by the geometry of the exposure",
};

/** The calibration for points of an image: that of the patient, of the imager, or none, which is pixels. */
export function calibrationAt({ image, frame, modality }: KnownFrame, _points: Point[]): Calibration {
  const { spacing } = frame;
  const imager = image.imagerPixelSpacing;
  if (spacing) {
    const same = imager && imager[0] === spacing[0] && imager[1] === spacing[1];
    const isAtImager = PROJECTIONS.has(modality) && same && !image.spacingCalibration;
    const unit = isAtImager ? AT_IMAGER : "mm";
    return { rowSpacing: spacing[0], columnSpacing: spacing[1], unit };
  }
  if (imager) return { rowSpacing: imager[0], columnSpacing: imager[1], unit: AT_IMAGER };
  return { rowSpacing: 1, columnSpacing: 1, unit: PIXELS };
}

/** The unit of an area, of that of its sides. */
export const squared = (unit: string): string => unit.replace(/^(mm|\{pixels\})/, "$12");

/** The unit of the values of an image. */
export function valueUnit({ image, modality }: KnownFrame): string {
  if (modality === "PT") return uptakeUnit(image);
  const type = image.rescaleType.toUpperCase();
  // A CT that does not say has Hounsfield units (PS3.3 C.8.2.1.1.2).
  return type === "HU" || (!type && modality === "CT") ? "[hnsf'U]" : "1";
}

// As the server calls what PET values are counted in, when they are not shown as uptake by body weight.
const ACTIVITIES: Record<string, string> = {
  "Bq/ml": "Bq/ml",
  counts: "{counts}",
  "g/ml SUV LBM": "{SUVlbm}g/ml",
  "g/ml SUV BSA": "{SUVbsa}cm2/ml",
  "g/ml SUV IBW": "{SUVibw}g/ml",
};

const uptakeUnit = ({ suvbw, unit }: ImageDescription): string =>
  suvbw === undefined ? (ACTIVITIES[unit ?? ""] ?? "1") : "{SUVbw}g/ml";
