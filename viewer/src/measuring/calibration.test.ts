import { expect, test } from "vitest";
import type { KnownFrame } from "~/imaging/frames";
import { calibrationAt, squared, valueUnit } from "./calibration";

const known = (modality: string, image: object, frame: object = {}) =>
  ({ modality, frame, image: { rescaleType: "", ...image } }) as KnownFrame;

test("distances are those of the patient, of the detector, or pixels", () => {
  expect(calibrationAt(known("CT", {}, { spacing: [0.5, 0.7] }), [])).toEqual({
    rowSpacing: 0.5,
    columnSpacing: 0.7,
    unit: "mm",
  });
  expect(calibrationAt(known("DX", { imagerPixelSpacing: [0.1, 0.2] }), [])).toEqual({
    rowSpacing: 0.1,
    columnSpacing: 0.2,
    unit: "mm{imager}",
  });
  expect(calibrationAt(known("XC", {}), [])).toEqual({ rowSpacing: 1, columnSpacing: 1, unit: "{pixels}" });
});

test("the spacing of a projection is that of the patient when it was calibrated", () => {
  const unit = (spacing: number, image: object = {}) =>
    calibrationAt(
      known("DX", { imagerPixelSpacing: [0.2, 0.2], ...image }, { spacing: [spacing, spacing] }),
      [],
    ).unit;
  expect(unit(0.2)).toBe("mm{imager}");
  expect(unit(0.15)).toBe("mm");
  expect(unit(0.2, { spacingCalibration: "FIDUCIAL" })).toBe("mm");
  expect(unit(0.15, { spacingCalibration: "GEOMETRY" })).toBe("mm");
});

test("units of areas", () => {
  expect(["mm", "mm{imager}", "{pixels}"].map(squared)).toEqual(["mm2", "mm2{imager}", "{pixels}2"]);
});

test("values are in the unit of the modality", () => {
  expect(valueUnit(known("CT", {}))).toBe("[hnsf'U]");
  expect(valueUnit(known("CT", { rescaleType: "US" }))).toBe("1");
  expect(valueUnit(known("MR", {}))).toBe("1");
});

test("values of PET are uptake where that is known, else activity or counts", () => {
  expect(valueUnit(known("PT", { suvbw: 0.0002, unit: "Bq/ml" }))).toBe("{SUVbw}g/ml");
  expect(valueUnit(known("PT", { unit: "Bq/ml" }))).toBe("Bq/ml");
  expect(valueUnit(known("PT", { unit: "counts" }))).toBe("{counts}");
  expect(valueUnit(known("PT", { unit: "g/ml SUV LBM" }))).toBe("{SUVlbm}g/ml");
  expect(valueUnit(known("PT", { unit: "" }))).toBe("1");
});
