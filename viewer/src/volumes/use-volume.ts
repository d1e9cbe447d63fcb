/** What every cell that shows a volume does: opens it in its element, keeps to the element's size, lets all go. */

import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { resize } from "~/imaging/resizing";
import type { CellProps } from "~/viewport/cell";
import { openings } from "~/viewport/openings";
import { type OpenVolume, openVolume } from "./open-volume";
import { onSlices, type SeriesVolume } from "./series-volume";
import { volumesOf } from "./state";

/** A view that is to be made of a volume. */
export interface Showing<View> {
  open(id: string, element: HTMLDivElement, opened: OpenVolume, above?: SeriesVolume): Promise<View>;
  /** What goes on while the view is there; what is given back ends it. */
  join(view: View, element: HTMLDivElement, opened: OpenVolume): (() => void)[];
}

export interface Shown<View> {
  element: RefObject<HTMLDivElement | null>;
  /** Undefined until the volume is opened. */
  view: View | undefined;
  error: unknown;
}

export function useVolume<View extends { close(): void }>(
  { reading, index, content }: CellProps,
  showing: Showing<View>,
): Shown<View> {
  const element = useRef<HTMLDivElement>(null);
  const [error, setError] = useState<unknown>();
  const [view, setView] = useState<View>();
  useEffect(() => {
    const id = `cell-${index}`;
    const before = openings.get(id);
    const ends: (() => void)[] = [];
    let gone = false;
    let isOpening = true;
    const finish = () => {
      while (ends.length) ends.pop()!();
    };
    async function begin() {
      await before;
      const open = async (series: typeof content.series) => {
        const opened = await openVolume(volumesOf(reading), content.study, series);
        ends.push(opened.release);
        return opened;
      };
      if (gone) return;
      const opened = await open(content.series);
      const above = content.fused && (await open(content.fused));
      if (gone || !element.current) return;
      const shown = element.current;
      // The right button zooms.
      shown.addEventListener("contextmenu", (event) => event.preventDefault());
      const made = await showing.open(id, shown, opened, above?.volume);
      ends.push(() => made.close());
      if (gone) return;
      ends.push(...showing.join(made, shown, opened));
      ends.push(countSlices(opened.volume, shown));
      const resizing = new ResizeObserver(() => resize(opened.engine));
      resizing.observe(shown);
      ends.push(() => resizing.disconnect());
      setView(made);
    }
    const opening = begin()
      .catch((reason) => gone || setError(reason))
      .then(() => {
        isOpening = false;
        if (gone) finish();
      });
    openings.set(id, opening);
    return () => {
      gone = true;
      // What is being opened needs what it is opened in.
      if (!isOpening) finish();
    };
  }, []);
  return { element, view, error };
}

/** Says whether all slices are there: what tests, and nobody else, wait for. */
function countSlices(volume: SeriesVolume, element: HTMLDivElement): () => void {
  const count = () => {
    const { come, failed } = volume.state;
    element.dataset.loaded = String(come + failed === volume.grid.imageIds.length);
  };
  count();
  return onSlices(volume, count);
}
