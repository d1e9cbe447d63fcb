/** Windows: from what a file or a user says to the range of values that is spread over all greys, and back. */

import type { KnownFrame } from "~/imaging/frames";
import type { Window } from "~/server/study";

/** The values that are drawn black and white, and by which function those between. */
export interface Ramp {
  lower: number;
  upper: number;
  sigmoid: boolean;
}

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

export const linear = (center: number, width: number, name = ""): Window => ({
  center,
  width,
  function: "LINEAR",
  name,
});

/** PS3.3 C.11.2.1.2: LINEAR counts values, so that its ramp is one shorter than its width. */
export function rampOf({ center, width, function: how }: Window): Ramp {
  if (how === "LINEAR") {
    const half = (Math.max(width, 1) - 1) / 2;
    // A ramp of no length is a threshold.
    return { lower: center - 0.5 - half, upper: center - 0.5 + Math.max(half, 1e-3), sigmoid: false };
  }
  return { lower: center - width / 2, upper: center + width / 2, sigmoid: how === "SIGMOID" };
}

/** The window of a range, as LINEAR. */
export const windowOf = (lower: number, upper: number): Window =>
  linear((lower + upper) / 2 + 0.5, upper - lower + 1);

/** The window whose ramp runs from one value to another; a single value is black. */
export const spanning = (least: number, most: number): Window =>
  most > least && Number.isFinite(most - least)
    ? { center: (least + most) / 2, width: most - least, function: "LINEAR_EXACT", name: "" }
    : linear(least + 0.5, 1);

/** A window in values of the modality as one in those that are shown: of PET, where it can be told, they are uptake. */
export function asShown(window: Window, { image: { suvbw } }: Pick<KnownFrame, "image">): Window {
  if (suvbw === undefined) return window;
  const { lower, upper, sigmoid } = rampOf(window);
  return {
    ...window,
    center: ((lower + upper) / 2) * suvbw,
    width: (upper - lower) * suvbw,
    // Values of uptake are no whole numbers that a window could count.
    function: sigmoid ? "SIGMOID" : "LINEAR_EXACT",
  };
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
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 1 ? 1 : 3;
  return value.toFixed(digits);
};
