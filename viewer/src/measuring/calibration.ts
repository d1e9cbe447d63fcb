/** How large a pixel is, and in what unit its value is. */

import type { KnownFrame } from "~/imaging/frames";
import type { Point } from "~/server/measurements";
import type { ImageDescription, Region } from "~/server/study";

/** How long a step of one row and one column is, and in what unit of UCUM. */
export interface Calibration {
  rowSpacing: number;
  columnSpacing: number;
  unit: string;
  /** Of what runs along time: no distance lies across it. */
  trace?: Trace;
}

/** What a step of one row is, where one of a column is so many seconds. */
export interface Trace {
  unit: "mm" | "cm/s";
  perRow: number;
  /** The row that stands for a velocity, and for which. */
  baseline?: { row: number; value: number };
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
export function calibrationAt({ image, frame, modality }: KnownFrame, points: Point[]): Calibration {
  const { spacing } = frame;
  if (image.regions) return calibrationIn(image.regions, points);
  const imager = image.imagerPixelSpacing;
  if (spacing) {
    const same = imager && imager[0] === spacing[0] && imager[1] === spacing[1];
    const isAtImager = PROJECTIONS.has(modality) && same && !image.spacingCalibration;
    const unit = isAtImager ? AT_IMAGER : "mm";
    return { rowSpacing: spacing[0], columnSpacing: spacing[1], unit };
  }
  if (imager) return { rowSpacing: imager[0], columnSpacing: imager[1], unit: AT_IMAGER };
  return NOTHING;
}

const NOTHING: Calibration = { rowSpacing: 1, columnSpacing: 1, unit: PIXELS };
const MM_PER_CM = 10;

/** Of ultrasound, the calibration of the smallest region that all points lie in (PS3.3 C.8.5.5). */
function calibrationIn(regions: Region[], points: Point[]): Calibration {
  const size = ({ edges: [left, top, right, bottom] }: Region) => (right - left) * (bottom - top);
  const [region] = regions
    .filter(({ edges: [left, top, right, bottom] }) =>
      points.every(([x, y]) => x! >= left && x! <= right && y! >= top && y! <= bottom),
    )
    .sort((a, b) => size(a) - size(b));
  if (!region) return NOTHING;
  const { units, deltas, reference, values } = region;
  const [across, down] = units;
  const [perColumn, perRow] = deltas;
  if (across === "cm" && down === "cm") {
    const unit = "mm";
    return { rowSpacing: Math.abs(perRow) * MM_PER_CM, columnSpacing: Math.abs(perColumn) * MM_PER_CM, unit };
  }
  if (across !== "s" || down === "s") return NOTHING;
  const isVelocity = down === "cm/s";
  return {
    rowSpacing: 1,
    columnSpacing: Math.abs(perColumn),
    unit: "s",
    trace: {
      unit: isVelocity ? "cm/s" : "mm",
      perRow: isVelocity ? perRow : perRow * MM_PER_CM,
      ...(isVelocity && reference && values && { baseline: { row: reference[1], value: values[1] } }),
    },
  };
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
