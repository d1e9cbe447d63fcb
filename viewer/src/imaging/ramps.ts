/** Windows as ramps: from what a file or a user says to the range of values that is spread over all greys, and back. */

import type { ImageDescription, Window } from "~/server/study";

/** The values that are drawn black and white, and by which function those between. */
export interface Ramp {
  lower: number;
  upper: number;
  sigmoid: boolean;
}

type Shown = { image: Pick<ImageDescription, "suvbw" | "doseGridScaling"> };

export const linear = (center: number, width: number, name = ""): Window => ({
  center,
  width,
  function: "LINEAR",
  name,
});

/** PS3.3 C.11.2.1.2: LINEAR counts values, so that its ramp is one shorter than its width. One of no length is a threshold. */
export function rampOf({ center, width, function: how }: Window): Ramp {
  if (how === "LINEAR") {
    const half = (Math.max(width, 1) - 1) / 2;
    return { lower: center - 0.5 - half, upper: center - 0.5 + half, sigmoid: false };
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

/** How much of what is shown a value of the modality is: uptake of PET, dose of a plan. */
export const shownPerValue = ({ image }: Shown): number => image.suvbw ?? image.doseGridScaling ?? 1;

/** A window in values of the modality as one in those that are shown. */
export const asShown = (window: Window, known: Shown): Window => scaled(window, shownPerValue(known));

/** A window in values that are shown as one in those of the modality: what a server or a presentation state counts in. */
export const asStored = (window: Window, known: Shown): Window => scaled(window, 1 / shownPerValue(known));

function scaled(window: Window, factor: number): Window {
  if (factor === 1) return window;
  const { lower, upper, sigmoid } = rampOf(window);
  const [center, width] = [((lower + upper) / 2) * factor, (upper - lower) * factor];
  // No other function has a ramp of no length.
  if (width === 0) return { ...window, center: center + 0.5, width: 1, function: "LINEAR" };
  // Such values are no whole numbers that a window could count.
  return { ...window, center, width, function: sigmoid ? "SIGMOID" : "LINEAR_EXACT" };
}

/**
 * A window of what is shown as Cornerstone is told it, which counts as LINEAR. What a stack shows is drawn by us
 * (`painter`); of a threshold, whose range has no length, Cornerstone would make a table of no numbers.
 */
export function toldWindow(window: Window): Window {
  const { lower, upper } = rampOf(window);
  return windowOf(lower, Math.max(upper, lower + 1e-3));
}
