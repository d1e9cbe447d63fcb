import { expect, test } from "vitest";
import type { KnownFrame } from "~/imaging/frames";
import { calibrationAt, squared, valueUnit } from "./calibration";
import { valuesOf } from "./values";

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

const REGIONS = [
  { edges: [0, 0, 300, 200], units: ["cm", "cm"], deltas: [0.02, 0.03], isTissue: true },
  {
    ...{ edges: [0, 200, 300, 400], units: ["s", "cm/s"], deltas: [0.01, -0.5], isTissue: false },
    ...{ reference: [0, 300], values: [0, 0] },
  },
  { edges: [0, 400, 300, 500], units: ["s", "cm"], deltas: [0.01, 0.1], isTissue: false },
];
const ultrasound = known("US", { regions: REGIONS, rows: 500, columns: 300 }, { spacing: [9, 9] });

test("of ultrasound the region counts that all points lie in", () => {
  const inside = calibrationAt(ultrasound, [
    [10, 20],
    [50, 199],
  ]);
  expect(inside.unit).toBe("mm");
  expect([inside.columnSpacing, inside.rowSpacing]).toEqual([expect.closeTo(0.2), expect.closeTo(0.3)]);
  const across = [
    [10, 20],
    [50, 250],
  ];
  expect(calibrationAt(ultrasound, across).unit).toBe("{pixels}");
});

test("on a trace a line is a time and a change, and a point a velocity", () => {
  const line = [
    [10, 220],
    [60, 260],
  ];
  expect(valuesOf("length", line, ultrasound, undefined)).toEqual([
    { name: "time", number: expect.closeTo(0.5), unit: "s" },
    { name: "velocity", number: expect.closeTo(20), unit: "cm/s" },
  ]);
  const depth = valuesOf(
    "length",
    line.map(([x, y]) => [x!, y! + 200]),
    ultrasound,
    undefined,
  );
  expect(depth[1]).toEqual({ name: "length", number: expect.closeTo(40), unit: "mm" });
  // Up is towards the probe: 50 rows above the baseline.
  expect(valuesOf("probe", [[20, 250.5]], ultrasound, undefined)).toEqual([
    { name: "velocity", number: expect.closeTo(25), unit: "cm/s" },
  ]);
  expect(valuesOf("angle", [...line, [70, 230]], ultrasound, undefined)).toEqual([]);
});
