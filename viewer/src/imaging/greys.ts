/** The greys of values, as nodes of vtk's transfer functions. */

import type { Window } from "~/server/study";
import { rampOf } from "./ramps";

/** A grey, from 0 to 1, for a value: in between they are told linearly, outside as at the ends. */
export interface Grey {
  value: number;
  grey: number;
}

// Up to where a sigmoid is followed, in widths from its centre: what is left out is a quarter of a grey level.
const SIGMOID_ENDS = 1.75;
const SIGMOID_STEPS = 512;

/**
 * The greys of a window (PS3.3 C.11.2.1). A threshold needs the values that are drawn: its ramp lies where none of them
 * does.
 */
export function greysOf(window: Window, values: ArrayLike<number>): Grey[] {
  const { lower, upper, sigmoid } = rampOf(window);
  if (!sigmoid) {
    const [black, white] = upper > lower ? [lower, upper] : around(lower, values);
    return [
      { value: black, grey: 0 },
      { value: white, grey: 1 },
    ];
  }
  const { center, width } = window;
  return Array.from({ length: SIGMOID_STEPS + 1 }, (_, step) => {
    const off = SIGMOID_ENDS * ((2 * step) / SIGMOID_STEPS - 1);
    return { value: center + off * width, grey: 1 / (1 + Math.exp(-4 * off)) };
  });
}

/** The greatest value up to a threshold, which is black, and the least above it. */
function around(threshold: number, values: ArrayLike<number>): [number, number] {
  let black = Number.NEGATIVE_INFINITY;
  let white = Number.POSITIVE_INFINITY;
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (value > threshold) {
      if (value < white) white = value;
    } else if (value > black) black = value;
  }
  const from = Number.isFinite(black) ? black : threshold;
  return [from, Number.isFinite(white) ? white : threshold + 1];
}

interface TransferFunction {
  setNodes(nodes: unknown[]): boolean;
}

/** Has a transfer function draw greys. */
export function drawWith(functionOfValues: TransferFunction, greys: Grey[], isInverse: boolean): void {
  functionOfValues.setNodes(
    greys.map(({ value, grey }) => {
      const shown = isInverse ? 1 - grey : grey;
      return { x: value, r: shown, g: shown, b: shown, midpoint: 0.5, sharpness: 0 };
    }),
  );
}
