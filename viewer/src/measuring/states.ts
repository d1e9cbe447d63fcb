/** How images are shown, for the presentation states that are saved with measurements. */

import type { KnownFrame } from "~/imaging/frames";
import { asStored } from "~/imaging/ramps";
import type { Reading } from "~/reading/reading";
import type { Window } from "~/server/study";
import type { Choice } from "~/viewport/windows";

/** The windows that were chosen for the series that are shown; that of the active cell counts most. */
export function windowsOf(reading: Reading): Record<string, StateWindow> {
  const found: Record<string, StateWindow> = {};
  for (const view of [...reading.views.value.values(), reading.activeView.value]) {
    const [known, window] = [view?.known, view?.window.value];
    if (!view || !known || !window) continue;
    const chosen = stateWindow(view.choice.value, window, known);
    if (chosen) found[known.ref.series] = chosen;
  }
  return found;
}

/** Centre, width and function, in values of the modality. */
export type StateWindow = [number, number, Window["function"]];

/**
 * A window as a state says it: uptake is counted as activity there. Nothing for what a state has by itself, which is the
 * image's own window, and for greys that a table made.
 */
export function stateWindow(
  choice: Choice,
  window: Window,
  known: Pick<KnownFrame, "image">,
): StateWindow | undefined {
  if (choice.kind === "file" && choice.number === 0) return undefined;
  if (known.image.isDrawn || known.image.photometricInterpretation === "RGB") return undefined;
  const { center, width, function: how } = asStored(window, known);
  return [center, width, how];
}
