/** The colours of a quantity: dark blue for little, over green and yellow to red, as doses are usually shown. */

import type { Colour } from "./objects";

const STOPS: [number, Colour][] = [
  [0, [30, 30, 140]],
  [0.25, [0, 140, 255]],
  [0.5, [0, 200, 90]],
  [0.75, [250, 220, 0]],
  [1, [230, 30, 20]],
];
const STEPS = 256;

const TABLE: Colour[] = Array.from({ length: STEPS }, (_, step) => between(step / (STEPS - 1)));

function between(part: number): Colour {
  const above = STOPS.findIndex(([at]) => at >= part);
  const [high, upper] = STOPS[Math.max(above, 1)]!;
  const [low, lower] = STOPS[Math.max(above, 1) - 1]!;
  const weight = (part - low) / (high - low);
  return lower.map((value, index) => Math.round(value + weight * (upper[index]! - value))) as Colour;
}

/** The colour of a part of the range, which is held within 0 and 1. */
export const colourOf = (part: number): Colour =>
  TABLE[Math.round(Math.min(1, Math.max(0, part)) * (STEPS - 1))]!;

/** The colours as a gradient of CSS, from below. */
export const gradient = `linear-gradient(to top, ${STOPS.map(([at, colour]) => `rgb(${colour.join(" ")}) ${at * 100}%`).join(", ")})`;
