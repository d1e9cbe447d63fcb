/** What cells do together: they scroll to the same place of the patient, show the same window, show one cursor. */

import { effect, untracked } from "@preact/signals";
import { followed } from "~/comparing/following";
import { frameOf } from "~/imaging/frames";
import type { Reading } from "~/reading/reading";
import { offerCrosshair } from "./crosshair";
import { areParallel, nearest, planeOf, type Vector } from "./geometry";
import type { StackView } from "./view";

const framesOf = (view: StackView) => view.imageIds.map((id) => frameOf(id)?.frame);

const planesOf = (view: StackView) => framesOf(view).map((frame) => (frame ? planeOf(frame) : undefined));

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
  const others = () =>
    [...reading.views.peek().values()].filter((view) => view !== reading.activeView.peek());
  // The image of each stack when they were linked, by which those follow that have no place in common.
  const anchors = new Map<StackView, number>();
  const followedOf = (view: StackView) => ({ planes: planesOf(view), anchor: anchors.get(view) ?? 0 });
  const anchoring = effect(() => {
    const begun = [...reading.views.value.values()].filter((view) => view.hasBegun.value);
    const isLinked = reading.linksScroll.value;
    anchors.clear();
    if (isLinked) for (const view of begun) anchors.set(view, view.wanted.peek());
  });
  const scrolling = effect(() => {
    const view = reading.activeView.value;
    const index = view?.wanted.value ?? 0;
    const begun = [...reading.views.value.values()].filter((one) => one.hasBegun.value);
    if (!view || !reading.linksScroll.value || !begun.includes(view)) return;
    untracked(() => {
      for (const other of begun) {
        if (other === view) continue;
        const there = counterpart(view, other);
        if (there !== undefined) other.show(there);
        else if (anchors.has(view) && anchors.has(other))
          other.show(followed(followedOf(view), index, followedOf(other)));
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
    anchoring();
    scrolling();
    windowing();
  };
}
