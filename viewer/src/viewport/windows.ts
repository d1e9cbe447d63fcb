/** Windows: which one is shown, of those that a file has and a user chooses. */

import type { KnownFrame } from "~/imaging/frames";
import { asShown, linear, rampOf, spanning, windowOf } from "~/imaging/ramps";
import type { Window } from "~/server/study";

export { asShown, linear, rampOf, windowOf };

/** Which window a viewport shows. */
export type Choice =
  /** That of the file, by its number; of each image its own. Without any, as `filmless.pixels.render` does. */
  | { kind: "file"; number: number }
  /** From the least to the greatest value of each image. */
  | { kind: "auto" }
  | { kind: "set"; window: Window };

export interface Preset {
  key: string;
  name: string;
  center: number;
  width: number;
}

/** Windows of CT, in HU, by the digit that chooses them. */
export const CT_PRESETS: Preset[] = [
  { key: "1", name: "Soft tissue", center: 50, width: 400 },
  { key: "2", name: "Lung", center: -600, width: 1500 },
  { key: "3", name: "Bone", center: 450, width: 1800 },
  { key: "4", name: "Brain", center: 40, width: 80 },
  { key: "5", name: "Stroke", center: 35, width: 40 },
  { key: "6", name: "Liver", center: 80, width: 160 },
  { key: "7", name: "Mediastinum", center: 40, width: 350 },
  { key: "8", name: "Angiography", center: 300, width: 600 },
  { key: "9", name: "Temporal bone", center: 600, width: 2800 },
];

/**
 * A window that a user asks for. A sigmoid stays one. Otherwise it counts values, as LINEAR does and centre and width
 * alone do for `filmless.pixels.render`, where values are whole numbers; where they lie between (uptake, maps of
 * floats) it is exact: of LINEAR the ramp is one shorter than is said, and below a width of 1 there is none.
 */
export function askedWindow(
  center: number,
  width: number,
  before: Window | undefined,
  known?: KnownFrame,
): Window {
  const how = functionFor(before, known);
  return { center, width: how === "LINEAR" ? Math.max(width, 1) : width, function: how, name: "" };
}

/** The same of a range of values, from black to white. */
export function askedRange(
  lower: number,
  upper: number,
  before: Window | undefined,
  known?: KnownFrame,
): Window {
  if (functionFor(before, known) === "LINEAR") return windowOf(lower, upper);
  return askedWindow((lower + upper) / 2, upper - lower, before, known);
}

function functionFor(before: Window | undefined, known: KnownFrame | undefined): Window["function"] {
  if (before?.function === "SIGMOID") return "SIGMOID";
  return known?.image.isFractional ? "LINEAR_EXACT" : "LINEAR";
}

/** What is shown of an image: `extremes` are the least and the greatest of its values, without padding. */
export function chosenWindow(choice: Choice, known: KnownFrame, extremes: [number, number]): Window {
  if (choice.kind === "set") return choice.window;
  if (known.image.photometricInterpretation === "RGB") return spanning(0, 255);
  if (choice.kind === "file") {
    const own = known.frame.windows ?? [];
    const found = own[choice.number] ?? own[0];
    if (found) return asShown(found, known);
    const { bitsStored, signed, isRescaled } = known.image;
    if (bitsStored <= 8 && !signed && !isRescaled) return spanning(0, 2 ** bitsStored - 1);
  }
  return spanning(...extremes);
}

/** A centre or a width as people read it. */
export const inShort = (value: number): string => {
  if (Math.abs(value) < 1) return String(Number(value.toPrecision(3)));
  return value.toFixed(Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : 1);
};
