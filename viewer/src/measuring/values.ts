/** What a measurement comes to: computed from its points and the pixels of its image, and put in words. */

import type { KnownFrame } from "~/imaging/frames";
import type { Kind, Point, Value } from "~/server/measurements";
import { type Calibration, calibrationAt, squared, type Trace, valueUnit } from "./calibration";
import type { Pixels } from "./pixels";
import { ellipse, polygon, type Region, statistics } from "./regions";

type Millimetres = [number, number];

/** What is measured on: an image, or a plane of a volume, in pixels. */
export interface Surface {
  calibration: Calibration;
  rows: number;
  columns: number;
  valueUnit: string;
  /** Not there while they are not loaded, and for colours. */
  pixels: Pixels | undefined;
}

/** The values of a measurement on an image; those of pixels only when the pixels are there. */
export function valuesOf(
  kind: Kind,
  points: Point[],
  known: KnownFrame,
  pixels: Pixels | undefined,
): Value[] {
  const { rows, columns } = known.image;
  const calibration = calibrationAt(known, points);
  return valuesOn(kind, points, { calibration, rows, columns, valueUnit: valueUnit(known), pixels });
}

/** The same, on any surface. */
export function valuesOn(kind: Kind, points: Point[], surface: Surface): Value[] {
  const { calibration, pixels } = surface;
  const { unit, trace } = calibration;
  if (trace) return valuesAlong(kind, points, calibration, trace);
  const at = points.map(
    ([x, y]): Millimetres => [x! * calibration.columnSpacing, y! * calibration.rowSpacing],
  );
  switch (kind) {
    case "length":
      return [{ name: "length", number: distance(at[0]!, at[1]!), unit }];
    case "bidirectional": {
      const [long, short] = [distance(at[0]!, at[1]!), distance(at[2]!, at[3]!)];
      return [
        { name: "long_axis", number: long, unit },
        { name: "short_axis", number: short, unit },
      ];
    }
    case "angle":
      return [{ name: "angle", number: angle(step(at[1]!, at[0]!), step(at[1]!, at[2]!)), unit: "deg" }];
    case "cobb_angle":
      return [{ name: "cobb_angle", number: acute(step(at[0]!, at[1]!), step(at[2]!, at[3]!)), unit: "deg" }];
    case "ellipse": {
      const [first, second] = [step(at[0]!, at[1]!), step(at[2]!, at[3]!)];
      const area = (Math.PI / 4) * Math.abs(first[0] * second[1] - first[1] * second[0]);
      return regional(area, ellipse(points), surface);
    }
    case "rectangle":
      return regional(areaOf(at), polygon(points), surface);
    case "freehand": {
      if (!isClosed(points)) return [{ name: "length", number: lengthOf(at), unit }];
      const outline = [{ name: "perimeter", number: lengthOf(at), unit }];
      const open = points.slice(0, -1);
      return [...regional(areaOf(at.slice(0, -1)), polygon(open), surface), ...outline];
    }
    case "probe": {
      const [column, row] = points[0]!.map(Math.floor) as [number, number];
      const { rows, columns } = surface;
      const inside = column >= 0 && row >= 0 && column < columns && row < rows;
      const number = inside && pixels ? pixels(row * columns + column) : Number.NaN;
      return Number.isNaN(number) ? [] : [{ name: "value", number, unit: surface.valueUnit }];
    }
    default:
      return [];
  }
}

/** What the samples alone come to; nothing of sizes. */
export const samplesOn = (kind: Kind, points: Point[], surface: Surface): Value[] =>
  valuesOn(kind, points, surface).filter(({ name }) => OF_SAMPLES.has(name));

const OF_SAMPLES = new Set<Value["name"]>(["mean", "standard_deviation", "minimum", "maximum", "value"]);

/** On a trace of ultrasound what runs along time is no distance: how long, and how much it changes meanwhile. */
function valuesAlong(kind: Kind, points: Point[], { columnSpacing }: Calibration, trace: Trace): Value[] {
  const [from, to] = points as [Point, Point];
  const { unit, perRow, baseline } = trace;
  if (kind === "length") {
    const name = unit === "mm" ? "length" : "velocity";
    return [
      { name: "time", number: Math.abs(to[0]! - from[0]!) * columnSpacing, unit: "s" },
      { name, number: Math.abs((to[1]! - from[1]!) * perRow), unit },
    ];
  }
  if (kind !== "probe" || !baseline) return [];
  // Rows count from the corner of the first, and the baseline is the middle of one.
  const number = baseline.value + (from[1]! - 0.5 - baseline.row) * perRow;
  return [{ name: "velocity", number, unit }];
}

function regional(area: number, region: Region, surface: Surface): Value[] {
  const { calibration, pixels, valueUnit: unit } = surface;
  const found = pixels && statistics(region, surface, pixels);
  const values: Value[] = [{ name: "area", number: area, unit: squared(calibration.unit) }];
  if (!found) return values;
  return [
    ...values,
    { name: "mean", number: found.mean, unit },
    { name: "standard_deviation", number: found.deviation, unit },
    { name: "minimum", number: found.minimum, unit },
    { name: "maximum", number: found.maximum, unit },
  ];
}

/** Whether a freehand line ends where it begins. */
export function isClosed(points: Point[]): boolean {
  const [first, last] = [points[0], points.at(-1)];
  return points.length > 3 && first?.[0] === last?.[0] && first?.[1] === last?.[1];
}

export const distance = (a: Millimetres, b: Millimetres): number => Math.hypot(b[0] - a[0], b[1] - a[1]);
const step = (a: Millimetres, b: Millimetres): Millimetres => [b[0] - a[0], b[1] - a[1]];

const angle = (a: Millimetres, b: Millimetres): number =>
  (Math.abs(Math.atan2(a[0] * b[1] - a[1] * b[0], a[0] * b[0] + a[1] * b[1])) * 180) / Math.PI;

/** The angle of two lines, that have no direction. */
function acute(a: Millimetres, b: Millimetres): number {
  const found = angle(a, b);
  return Math.min(found, 180 - found);
}

function areaOf(points: Millimetres[]): number {
  const doubled = points.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = points[(index + 1) % points.length]!;
    return sum + x * nextY - nextX * y;
  }, 0);
  return Math.abs(doubled) / 2;
}

const lengthOf = (points: Millimetres[]): number =>
  points.slice(1).reduce((sum, point, index) => sum + distance(points[index]!, point), 0);
