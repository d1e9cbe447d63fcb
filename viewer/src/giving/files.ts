/** What is made of a cell to be saved: the image, the cell as it is seen, a film. */

import { asStored } from "~/imaging/ramps";
import type { Content } from "~/reading/reading";
import { askFile, frameUrl, instanceFilmUrl, seriesFilmUrl } from "~/server/giving";
import type { SeriesRow, Window } from "~/server/study";
import { done, failed } from "~/shell/notices";
import { filmType } from "~/studies/session";
import type { StackView } from "~/viewport/view";
import { save } from "./save";

/** A name for files of a series, in which nothing is of the patient. */
export function fileName({ Modality, SeriesNumber }: SeriesRow): string {
  const said = [Modality, "series", SeriesNumber].filter(Boolean).join("-");
  return said.replace(/[^\w-]+/g, "_");
}

/** The window that is shown; none where the server draws the same without being told. */
function windowOf(view: StackView): Window | undefined {
  const choice = view.choice.peek();
  const isOwn = choice.kind === "file" && choice.number === 0;
  const { known } = view;
  const window = view.window.peek();
  // Greys that a table made are no values that the server knows.
  if (isOwn || !known || !window || known.image.isDrawn) return undefined;
  return known.image.photometricInterpretation === "RGB" ? undefined : asStored(window, known);
}

/** Saves the image as the server draws it: in its own pixels, in the window that is shown, and nothing on it. */
export async function saveImage(view: StackView, content: Content | undefined): Promise<void> {
  const { known } = view;
  if (!known || !content) return;
  const url = frameUrl(known.ref, known.number, { accept: "image/png", window: windowOf(view) });
  const name = `${fileName(content.series)}-image-${view.shown.peek() + 1}.png`;
  await saved("The image is not saved", async () => save(await askFile(url), name));
}

const cellOf = (index: number): Element | null => document.querySelector(`[data-cell="${index}"]`);

/** Whether a cell shows something that a picture can be made of. */
export const canSaveCell = (index: number): boolean => !!cellOf(index)?.querySelector("canvas, video");

/** Saves a cell as it is seen, with all that is drawn and written on it. */
export async function saveCell(index: number, content: Content | undefined): Promise<void> {
  const cell = cellOf(index);
  if (!cell || !content) return;
  await saved("The cell is not saved", async () => {
    const { pictureOf } = await import("./cell-picture");
    save(await pictureOf(cell), `${fileName(content.series)}-cell.png`);
  });
}

export interface Film {
  view: StackView;
  /** How many images it has. */
  count: number;
  /** Whether they are the frames of the shown instance; else they are those of the series. */
  isOfInstance: boolean;
}

/** The film of what a cell shows; nothing when that is a single image. */
export function filmOf(view: StackView): Film | undefined {
  const own = view.known?.image.frames.length ?? 0;
  if (own > 1) return { view, count: own, isOfInstance: true };
  return view.imageIds.length > 1 ? { view, count: view.imageIds.length, isOfInstance: false } : undefined;
}

/** Saves a film, in the window that is shown. */
export async function saveFilm(film: Film, content: Content | undefined): Promise<void> {
  const { view, isOfInstance } = film;
  const { known } = view;
  if (!known || !content) return;
  const accept = filmType.peek();
  const asked = { accept, window: windowOf(view) };
  const url = isOfInstance
    ? instanceFilmUrl(known.ref, asked)
    : seriesFilmUrl(content.study, content.series.uid, { ...asked, fps: view.cine.rate });
  const suffix = accept.replace(/.*\//, "");
  done("The film is being made.");
  await saved("The film is not made", async () =>
    save(await askFile(url), `${fileName(content.series)}-film.${suffix}`),
  );
}

async function saved(otherwise: string, make: () => Promise<void>): Promise<void> {
  try {
    await make();
  } catch (error) {
    failed(error, otherwise);
  }
}
