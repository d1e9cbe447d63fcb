/** The measurements of each page that studies are read on: its tool bar begins them, its panel shows them. */

import type { Reading } from "~/reading/reading";
import { volumesOf } from "~/volumes/state";
import { Measurements } from "./measurements";

const pages = new WeakMap<Reading, Measurements>();

export function measurementsOf(reading: Reading): Measurements {
  const found = pages.get(reading) ?? new Measurements((series) => volumesOf(reading).above(series));
  pages.set(reading, found);
  return found;
}
