/** How images are shown, for the presentation states that are saved with measurements. */

import type { KnownFrame } from "~/imaging/frames";
import type { Reading } from "~/reading/reading";
import type { Window } from "~/server/study";
import { type Choice, rampOf, windowOf } from "~/viewport/windows";

/** The windows that were chosen for the series that are shown; that of the active cell counts most. */
export function windowsOf(reading: Reading): Record<string, [number, number]> {
  const found: Record<string, [number, number]> = {};
  for (const view of [...reading.views.value.values(), reading.activeView.value]) {
    const [known, window] = [view?.known, view?.window.value];
    if (!view || !known || !window) continue;
    const chosen = stateWindow(view.choice.value, window, known);
    if (chosen) found[known.ref.series] = chosen;
  }
  return found;
}

/**
 * Centre and width as a state says them: of LINEAR, in values of the modality, where uptake is shown as activity.
 * Nothing for what a state has by itself, which is the image's own window, and for a curve.
 */
export function stateWindow(
  choice: Choice,
  window: Window,
  { image }: Pick<KnownFrame, "image">,
): [number, number] | undefined {
  if (choice.kind === "file" && choice.number === 0) return undefined;
  if (window.function === "SIGMOID" || image.photometricInterpretation === "RGB") return undefined;
  const { lower, upper } = rampOf(window);
  const { suvbw = 1 } = image;
  const { center, width } = windowOf(lower / suvbw, upper / suvbw);
  return [center, width];
}
