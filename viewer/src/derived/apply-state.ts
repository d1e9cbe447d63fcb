/** Shows a stack through a presentation state: its greys, and how it is turned. What is drawn is drawn elsewhere. */

import type { StackView } from "~/viewport/view";
import { asShown, linear } from "~/viewport/windows";
import { isAmong, type State, windowFor } from "./state";

export function applyState(view: StackView, state: State): void {
  const { known } = view;
  if (!known || !isAmong(state.images, known)) return;
  const window = windowFor(state, known);
  if (window) {
    const said = linear(window.center, window.width, state.label);
    view.choose({ kind: "set", window: asShown(said, known) });
  }
  // A state says what is drawn black itself, whatever the image says.
  const inverts = state.presentation === "INVERSE";
  const isInverse = known.image.photometricInterpretation === "MONOCHROME1";
  if (inverts !== (isInverse !== view.isInverted.peek())) view.invert();
  view.viewport.setViewPresentation({ rotation: state.rotation, flipHorizontal: state.flipped });
  view.viewport.render();
}
