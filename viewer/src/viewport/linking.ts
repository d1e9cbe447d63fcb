/** What cells do together: they scroll to the same place of the patient, show the same window, show one cursor. */

import { effect, untracked } from "@preact/signals";
import { frameOf } from "~/imaging/frames";
import type { Reading } from "~/reading/reading";
import { offerCrosshair } from "./crosshair";
import { areParallel, nearest, planeOf, type Vector } from "./geometry";
import type { StackView } from "./view";

const framesOf = (view: StackView) => view.imageIds.map((id) => frameOf(id)?.frame);

/** The image of another stack that shows what one shows; undefined when they have nothing in common. */
function counterpart(from: StackView, to: StackView): number | undefined {
  const [own, other] = [frameOf(from.imageIds[from.wanted.peek()] ?? ""), frameOf(to.imageIds[0] ?? "")];
  const [plane, otherPlane] = [own && planeOf(own.frame), other && planeOf(other.frame)];
  if (!plane || !otherPlane || !areParallel(plane, otherPlane)) return undefined;
  if (own!.image.frameOfReferenceUID !== other!.image.frameOfReferenceUID) return undefined;
  return nearest(framesOf(to), plane.origin)?.index;
}

/** Lets the cells of a page do things together, until the returned function is called. */
export function link(reading: Reading): () => void {
  let last = { view: undefined as StackView | undefined, index: 0 };
  const others = () =>
    [...reading.views.peek().values()].filter((view) => view !== reading.activeView.peek());
  const scrolling = effect(() => {
    const view = reading.activeView.value;
    const index = view?.wanted.value ?? 0;
    const by = view === last.view ? index - last.index : 0;
    last = { view, index };
    if (!view || !reading.linksScroll.value) return;
    untracked(() => {
      for (const other of others()) {
        const there = counterpart(view, other);
        // Of others, as of an earlier examination, as many images further.
        other.show(there ?? other.wanted.peek() + by);
      }
    });
  });
  const windowing = effect(() => {
    const view = reading.activeView.value;
    const choice = view?.choice.value;
    const modality = view?.known?.modality;
    if (!view || !choice || !reading.linksWindow.value) return;
    untracked(() => {
      for (const other of others()) {
        if (other.known?.modality === modality && other.choice.peek() !== choice) other.choose(choice);
      }
    });
  });
  offerCrosshair((viewportId, world) => {
    const pointing = [...reading.views.peek().values()].find((view) => view.viewport.id === viewportId);
    const frameOfReference = pointing?.known?.image.frameOfReferenceUID;
    if (!pointing || !frameOfReference || !pointing.known?.frame.position) return;
    reading.cursor.value = { frameOfReference, point: world as Vector };
    for (const view of reading.views.peek().values()) {
      if (view === pointing || view.known?.image.frameOfReferenceUID !== frameOfReference) continue;
      const found = nearest(framesOf(view), world as Vector);
      if (found) view.show(found.index);
    }
  });
  return () => {
    scrolling();
    windowing();
  };
}
