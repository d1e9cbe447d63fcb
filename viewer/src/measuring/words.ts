/** Values as people read them: beside what was drawn, in the list, in a table. */

import type { Code, Value } from "~/server/measurements";

const NAMES: Record<string, string> = {
  length: "Length",
  long_axis: "Long axis",
  short_axis: "Short axis",
  angle: "Angle",
  cobb_angle: "Cobb angle",
  area: "Area",
  perimeter: "Perimeter",
  mean: "Mean",
  standard_deviation: "SD",
  minimum: "Min",
  maximum: "Max",
  value: "Value",
  time: "Time",
  velocity: "Velocity",
};

// By the codes that the server writes for its words.
const WORDS: Record<string, string> = {
  "410668003": "length",
  "103339001": "long_axis",
  "103340004": "short_axis",
  "1483009": "angle",
  "285285000": "cobb_angle",
  "42798000": "area",
  "131191004": "perimeter",
  "110858": "time",
  velocity: "velocity",
  "373098007": "mean",
  "386136009": "standard_deviation",
  "255605001": "minimum",
  "56851009": "maximum",
  // Of a pixel, by what its unit counts.
  "112031": "value",
  "126401": "value",
  "126402": "value",
  "126403": "value",
  "126404": "value",
  "pixel-value": "value",
};

const UNITS: Record<string, string> = {
  mm2: "mm²",
  "mm{imager}": "mm (imager)",
  "mm2{imager}": "mm² (imager)",
  "{pixels}": "px",
  "{pixels}2": "px²",
  deg: "°",
  "[hnsf'U]": "HU",
  "{SUVbw}g/ml": "SUVbw",
  "{SUVlbm}g/ml": "SUVlbm",
  "{SUVbsa}cm2/ml": "SUVbsa",
  "{SUVibw}g/ml": "SUVibw",
  "{counts}": "counts",
  "1": "",
};

export const unitShown = (unit: string): string => UNITS[unit] ?? unit;

/** The word for what a value is: of the server's, or the meaning of a code. */
export function word({ name, derivation }: Value): string {
  if (typeof name === "string") return name;
  return WORDS[derivation?.value ?? name.value] ?? (derivation ?? (name as Code)).meaning;
}

export const nameShown = (value: Value): string => NAMES[word(value)] ?? word(value);

/** A number with as many places as mean something. */
export function numberShown({ number, unit }: Value): string {
  if (unit.startsWith("{SUV")) return number.toFixed(2);
  if (unit === "1" && Number.isInteger(number)) return String(number);
  const size = Math.abs(number);
  if (unit === "s") return number.toFixed(size >= 1 ? 2 : 3);
  const places = size >= 1000 ? 0 : size >= 1 || unit === "deg" || unit === "[hnsf'U]" ? 1 : 3;
  return number
    .toFixed(places)
    .replace(/^-(?=0(\.0+)?$)/, "")
    .replace("-", "−");
}

export function shown(value: Value): string {
  const unit = unitShown(value.unit);
  return `${numberShown(value)}${unit && unit !== "°" ? " " : ""}${unit}`;
}

/** What is understood by its unit alone. */
const ALONE = new Set(["length", "angle", "cobb_angle", "value", "time", "velocity"]);

/** Values with what they are called; those of the PET that lies over what was measured say so. */
export const named = (values: Value[], uptake: Value[]): [string, Value][] => [
  ...values.map((value): [string, Value] => [nameShown(value), value]),
  ...uptake.map((value): [string, Value] => [`PET ${nameShown(value)}`, value]),
];

/** The lines beside what was drawn; below them those of the PET that lies over it. */
export const lines = (values: Value[], uptake: Value[]): string[] => [
  ...linesOf(values),
  ...linesOf(uptake).map((line) => `PET: ${line}`),
];

function linesOf(values: Value[]): string[] {
  const by = new Map(values.map((value) => [word(value), value]));
  const [mean, deviation] = [by.get("mean"), by.get("standard_deviation")];
  const [least, most] = [by.get("minimum"), by.get("maximum")];
  const found: string[] = [];
  for (const [name, value] of by) {
    if (ALONE.has(name)) found.push(shown(value));
    else if (name === "long_axis") found.push(`L ${shown(value)}`);
    else if (name === "short_axis") found.push(`S ${shown(value)}`);
    else if (name === "area") found.push(`Area ${shown(value)}`);
    else if (!(name in NAMES)) found.push(`${name} ${shown(value)}`);
  }
  if (mean && deviation) {
    const unit = unitShown(mean.unit);
    found.push(`Mean ${numberShown(mean)} ± ${numberShown(deviation)} ${unit}`.trim());
  }
  if (least && most) found.push(`Min ${numberShown(least)}   Max ${numberShown(most)}`);
  return found;
}
