/** The letters at the edges of a picture: towards what in the patient it goes there (PS3.3 C.7.6.1.1.1). */

import type { Vector } from "./vectors";

const LETTERS = ["LR", "PA", "HF"] as const;
const SLIGHT = 0.2; // of a unit vector: less of a direction is not named

/** Names a direction in the patient, the main part first: `L`, `AH`. */
export function lettersOf(direction: Vector): string {
  return direction
    .map((part, axis) => ({ size: Math.abs(part), letter: LETTERS[axis]![part > 0 ? 0 : 1]! }))
    .filter(({ size }) => size > SLIGHT)
    .sort((a, b) => b.size - a.size)
    .map(({ letter }) => letter)
    .join("");
}
