/** The state of the page on which studies are read: what is open, how the screen is divided, what lies where. */

import { batch, computed, signal } from "@preact/signals";
import { imageIdOf, noteFrames } from "~/imaging/frames";
import type { InstanceRef } from "~/server/dicomweb";
import { askSeries, askStudy, type Series, type SeriesRow, type Study } from "~/server/study";

export interface Layout {
  rows: number;
  columns: number;
}

/** What a cell of the grid shows: a series, and as what. */
export interface Content {
  study: string;
  series: SeriesRow;
  /** `stack` shows images as they are; the others are planes and views of a volume. */
  as: "stack" | "axial" | "sagittal" | "coronal" | "volume";
  /** A series in the same coordinates that is laid over it in colours. */
  fused?: SeriesRow;
}

/** A series that was opened: its instances, and the ids of its frames in their order. */
export interface OpenSeries {
  row: SeriesRow;
  series: Series;
  imageIds: string[];
}

export class Reading {
  readonly studies = signal<Study[]>([]);
  readonly layout = signal<Layout>({ rows: 1, columns: 1 });
  readonly cells = signal<(Content | undefined)[]>([undefined]);
  /** The cell that keys and the tool bar act on. */
  readonly active = signal(0);
  readonly activeContent = computed(() => this.cells.value[this.active.value]);
  /** The image that the active cell has to go to, by Cornerstone's id of it. */
  readonly wanted = signal<string | undefined>(undefined);
  /** The image that each cell shows now, by Cornerstone's id of it. */
  readonly shown = signal<Record<number, string>>({});

  private readonly opened = new Map<string, Promise<OpenSeries>>();

  /** Asks for the studies of the page. */
  async open(uids: string[], abort: AbortSignal): Promise<void> {
    this.studies.value = await Promise.all(uids.map((uid) => askStudy(uid, abort)));
  }

  /** Opens a series, once. */
  openSeries(study: string, row: SeriesRow): Promise<OpenSeries> {
    const found = this.opened.get(row.uid);
    if (found) return found;
    const opening = this.fetchSeries(study, row);
    this.opened.set(row.uid, opening);
    opening.catch(() => this.opened.delete(row.uid)); // the next try asks again
    return opening;
  }

  private async fetchSeries(study: string, row: SeriesRow): Promise<OpenSeries> {
    const series = await askSeries(study, row.uid);
    const ids = noteFrames(study, series, row.Modality ?? "");
    return { row, series, imageIds: series.instances.flatMap((instance) => ids.get(instance.uid) ?? []) };
  }

  /** Notes which image a cell shows. */
  noteShown(cell: number, imageId: string): void {
    if (this.shown.value[cell] !== imageId) this.shown.value = { ...this.shown.value, [cell]: imageId };
  }

  /** Divides the screen; what was shown stays in its order. */
  divide(layout: Layout): void {
    batch(() => {
      const count = layout.rows * layout.columns;
      this.layout.value = layout;
      this.cells.value = Array.from({ length: count }, (_, index) => this.cells.value[index]);
      this.active.value = Math.min(this.active.value, count - 1);
    });
  }

  /** Shows something in a cell, by default in the active one. */
  show(content: Content | undefined, cell = this.active.value): void {
    this.cells.value = this.cells.value.map((old, index) => (index === cell ? content : old));
  }

  /** Shows an image in the active cell: its series, at that frame. */
  showImage(content: Content, ref: InstanceRef, number: number): void {
    this.wanted.value = imageIdOf(ref, number);
    this.show(content);
  }
}
