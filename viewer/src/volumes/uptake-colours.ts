import { utilities } from "@cornerstonejs/core";
import { COLOUR_MAPS } from "./colour-names";

let registered = false;

/** Tells Cornerstone of the colours for uptake. */
export function registerColours(): void {
  if (registered) return;
  registered = true;
  for (const [Name, RGBPoints] of Object.entries(COLOUR_MAPS)) {
    utilities.colormap.registerColormap({ Name, name: Name, ColorSpace: "RGB", RGBPoints } as never);
  }
}
