/** How images are shown, for the presentation states that are saved with measurements. */

import { shownIn } from "~/derived/displayed-area";
import type { KnownFrame } from "~/imaging/frames";
import { asStored } from "~/imaging/ramps";
import type { Reading } from "~/reading/reading";
import type { ViewAsked } from "~/server/measurements";
import type { Window } from "~/server/study";
import type { Choice } from "~/viewport/windows";

/** How the images of the series on the screen are shown; how the active cell shows them counts most. */
export function viewsOf(reading: Reading): Record<string, ViewAsked> {
  const found: Record<string, ViewAsked> = {};
  for (const view of [...reading.views.value.values(), reading.activeView.value]) {
    const [known, window] = [view?.known, view?.window.value];
    if (!view || !known || !window || !view.viewport.getImageData()) continue;
    const chosen = stateWindow(view.choice.value, window, known);
    const { clientWidth: width, clientHeight: height } = view.viewport.element;
    const toCell = ([x, y]: [number, number]) => view.toCanvas([x - 0.5, y - 0.5]);
    const isGrey = known.image.photometricInterpretation !== "RGB";
    found[known.ref.series] = {
      ...shownIn(toCell, known.image, { width, height }),
      inverted: isGrey && view.isInverted.value,
      ...(chosen && { window: chosen }),
    };
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
