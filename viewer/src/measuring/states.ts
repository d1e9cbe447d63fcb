/** How images are shown, for the presentation states that are saved with measurements. */

import { shownIn } from "~/derived/displayed-area";
import type { KnownFrame } from "~/imaging/frames";
import type { Reading } from "~/reading/reading";
import type { ViewAsked } from "~/server/measurements";
import type { Window } from "~/server/study";
import { type Choice, rampOf, windowOf } from "~/viewport/windows";

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
