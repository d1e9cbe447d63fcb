/** Colours for uptake, from none to much: value, red, green, blue, each from 0 to 1. */
export const COLOUR_MAPS: Record<string, number[]> = {
  Hot: [0, 0, 0, 0, 0.375, 1, 0, 0, 0.75, 1, 1, 0, 1, 1, 1, 1],
  "Hot metal": [0, 0, 0, 0, 0.35, 0.55, 0, 0.1, 0.65, 1, 0.45, 0, 0.85, 1, 0.85, 0.3, 1, 1, 1, 1],
  Rainbow: [0, 0, 0, 0.4, 0.25, 0, 0.5, 1, 0.5, 0, 0.9, 0.3, 0.75, 1, 0.9, 0, 1, 1, 0, 0],
  "Inverse grey": [0, 1, 1, 1, 1, 0, 0, 0],
};

export const COLOUR_NAMES = Object.keys(COLOUR_MAPS);
