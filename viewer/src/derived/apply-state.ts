/** Shows a stack through a presentation state: its greys, what of it is seen, and how it is turned. */

import type { KnownFrame } from "~/imaging/frames";
import type { StackView } from "~/viewport/view";
import { asShown } from "~/viewport/windows";
import { showArea } from "./displayed-area";
import type { DerivedObject } from "./objects";
import { areaFor, isAmong, type State, windowFor } from "./state";

/** The state of an object that an image is to be shown through; undefined when it is for others. */
export function stateFor(
  object: DerivedObject | undefined,
  known: KnownFrame | undefined,
): State | undefined {
  const state = object?.state;
  return known && state && object.study === known.ref.study && isAmong(state.images, known)
    ? state
    : undefined;
}

export function applyState(view: StackView, state: State, known: KnownFrame): void {
  const window = windowFor(state, known);
  if (window) view.choose({ kind: "set", window: asShown(window, known) });
  // A state says what is drawn black itself, whatever the image says.
  const inverts = state.presentation === "INVERSE";
  const isInverse = known.image.photometricInterpretation === "MONOCHROME1";
  if (inverts !== (isInverse !== view.isInverted.peek())) view.invert();
  // A state turns first and then flips (PS3.3 C.10.6); Cornerstone turns what it has flipped, which is the other way
  // around.
  const rotation = state.flipped ? (360 - state.rotation) % 360 : state.rotation;
  view.viewport.setViewPresentation({ rotation, flipHorizontal: state.flipped, flipVertical: false });
  showArea(view, areaFor(state, known), known);
}
