/** The state of the page on which studies are read: what is open, how the screen is divided, what lies where. */

import { batch, computed, signal } from "@preact/signals";
import { forgetFrames, imageIdOf, noteFrames } from "~/imaging/frames";
import type { InstanceRef } from "~/server/dicomweb";
import {
  askSeries,
  askStudy,
  type Fetching,
  type Series,
  type SeriesRow,
  type Study,
  type Window,
} from "~/server/study";
import type { Vector } from "~/viewport/geometry";
import type { StackView } from "~/viewport/view";

export interface Layout {
  rows: number;
  columns: number;
}

/** The most rows, and columns, that the screen is divided in. */
export const MOST = 4;

/** What a cell of the grid shows: a series, and as what. */
export interface Content {
  study: string;
  series: SeriesRow;
  /** `stack` shows images as they are; the others are planes and views of a volume. */
  as: "stack" | "axial" | "sagittal" | "coronal" | "volume";
  /** A series in the same coordinates that is laid over it in colours. */
  fused?: SeriesRow;
  /** The instance, or the image by its number from 1, that is shown first; by default the middle one. */
  instance?: string;
  image?: number;
  /** The window that was chosen for it. */
  window?: Window;
  /** At which side of its cell it lies, so that the images of two breasts meet in the middle. */
  edge?: "left" | "right";
}

/** A series that was opened: its instances, and the ids of its frames in their order. */
export interface OpenSeries {
  row: SeriesRow;
  series: Series;
  imageIds: string[];
}

const inside = (many: number): number => Math.min(Math.max(many, 1), MOST);

export class Reading {
  readonly studies = signal<Study[]>([]);
  readonly layout = signal<Layout>({ rows: 1, columns: 1 });
  readonly cells = signal<(Content | undefined)[]>([undefined]);
  /** The cell that keys and the tool bar act on. */
  readonly active = signal(0);
  readonly activeContent = computed(() => this.cells.value[this.active.value]);
  /** The cell that has the screen for itself. */
  readonly alone = signal<number | undefined>(undefined);

  /** Stacks of images that are shown, by their cells. */
  readonly views = signal<ReadonlyMap<number, StackView>>(new Map());
  readonly activeView = computed(() => this.views.value.get(this.active.value));

  /** The instance that a cell shows of a series that is no stack, such as one of its documents. */
  readonly documents = signal<ReadonlyMap<number, InstanceRef>>(new Map());

  /** Whether it is settled what the cells show at first. */
  readonly isHung = signal(false);

  readonly hasCorners = signal(true);
  readonly hasGraphics = signal(true);
  readonly hasReferenceLines = signal(true);
  readonly linksScroll = signal(false);
  readonly linksWindow = signal(false);
  /** A point of the patient that is pointed at, and the frame of reference it is of. */
  readonly cursor = signal<{ frameOfReference: string; point: Vector } | undefined>(undefined);

  /** How far studies are that the server fetches from another archive. */
  readonly fetching = signal<Fetching | undefined>(undefined);

  /** What lay in cells that went when the screen was divided in fewer. */
  private putAway: (Content | undefined)[] = [];

  private readonly opened = new Map<string, Promise<OpenSeries>>();

  /** Asks for the studies of the page. */
  async open(uids: string[], abort: AbortSignal): Promise<void> {
    const told = new Map<string, Fetching>();
    const tell = (uid: string) => (fetching: Fetching) => {
      told.set(uid, fetching);
      const all = [...told.values()];
      const sum = (name: keyof Fetching) => all.reduce((total, one) => total + one[name], 0);
      this.fetching.value = { instances: sum("instances"), of: all.every((one) => one.of) ? sum("of") : 0 };
    };
    try {
      this.studies.value = await Promise.all(uids.map((uid) => askStudy(uid, abort, tell(uid))));
    } finally {
      this.fetching.value = undefined;
    }
  }

  /** Asks once more what the studies consist of: something was saved to them. */
  async askAgain(): Promise<void> {
    this.studies.value = await Promise.all(this.studies.peek().map(({ uid }) => askStudy(uid)));
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

  /** Lets go of what is known of frames: for when the page is left. */
  close(): void {
    for (const opening of this.opened.values())
      opening.then(
        ({ imageIds }) => forgetFrames(imageIds),
        () => undefined,
      );
    this.opened.clear();
  }

  private async fetchSeries(study: string, row: SeriesRow): Promise<OpenSeries> {
    const series = await askSeries(study, row.uid);
    const ids = noteFrames(study, series, row.Modality ?? "");
    return { row, series, imageIds: series.instances.flatMap((instance) => ids.get(instance.uid) ?? []) };
  }

  /** What shows a series of the page's studies as it is; undefined when it has no such series. */
  contentOf(series: string): Content | undefined {
    for (const study of this.studies.value) {
      const row = study.series.find(({ uid }) => uid === series);
      if (row) return { study: study.uid, series: row, as: "stack" };
    }
    return undefined;
  }

  /** The study of a content. */
  studyOf(content: Content): Study | undefined {
    return this.studies.value.find((study) => study.uid === content.study);
  }

  /**
   * Divides the screen in more cells or fewer: what is shown stays in its order, what was put away comes back, and cells
   * that are left get the pictures of the study that are not shown yet.
   */
  redivide(layout: Layout): void {
    const shown = [...this.cells.peek(), ...this.putAway];
    const count = inside(layout.rows) * inside(layout.columns);
    const uids = new Set(shown.map((content) => content?.series.uid));
    const [study, another] = this.studies.peek();
    const left =
      !study || another ? [] : study.series.filter(({ uid, kind }) => kind === "image" && !uids.has(uid));
    const cells = Array.from({ length: Math.max(count, shown.length) }, (_, index) => {
      const row = shown[index] ? undefined : left.shift();
      return row && study ? { study: study.uid, series: row, as: "stack" as const } : shown[index];
    });
    const away = cells.slice(count).map((content, index) => this.seen(count + index) ?? content);
    this.divide(layout, cells);
    this.putAway = away;
  }

  /** What a cell shows, at the image and in the window that is seen now. */
  seen(cell: number): Content | undefined {
    const content = this.cells.value[cell];
    const view = this.views.value.get(cell);
    if (!content || !view) return content;
    const { window: _before, ...rest } = content;
    const choice = view.choice.value;
    const chosen = choice.kind === "set" ? { window: choice.window } : {};
    return { ...rest, image: view.wanted.value + 1, ...chosen };
  }

  /** Divides the screen; what was shown stays in its order. */
  divide({ rows, columns }: Layout, contents?: (Content | undefined)[]): void {
    this.putAway = [];
    batch(() => {
      this.layout.value = { rows: inside(rows), columns: inside(columns) };
      const count = this.layout.value.rows * this.layout.value.columns;
      const before = contents ?? this.cells.value;
      this.cells.value = Array.from({ length: count }, (_, index) => before[index]);
      this.active.value = Math.min(this.active.value, count - 1);
      this.alone.value = undefined;
    });
  }

  /** Shows something in a cell, by default in the active one. */
  show(content: Content | undefined, cell = this.active.value): void {
    this.cells.value = this.cells.value.map((old, index) => (index === cell ? content : old));
  }

  /** Gives a cell all the screen, or takes it back. */
  toggleAlone(cell = this.active.value): void {
    this.alone.value = this.alone.value === undefined && this.cells.value.length > 1 ? cell : undefined;
  }

  /** Shows an image in the active cell: its series, at that frame. */
  async showImage(content: Content, ref: InstanceRef, number: number): Promise<void> {
    const { imageIds } = await this.openSeries(content.study, content.series);
    const index = imageIds.indexOf(imageIdOf(ref, number));
    const view = this.activeView.value;
    if (view && this.activeContent.value?.series.uid === content.series.uid) view.show(index);
    else this.show({ ...content, image: index + 1 });
  }

  /** Notes which stack a cell shows. */
  noteView(cell: number, view: StackView | undefined): void {
    this.views.value = noted(this.views.value, cell, view);
  }

  /** Notes which instance a cell shows that is no stack. */
  noteDocument(cell: number, ref: InstanceRef | undefined): void {
    this.documents.value = noted(this.documents.value, cell, ref);
  }
}

function noted<T>(
  before: ReadonlyMap<number, T>,
  cell: number,
  value: T | undefined,
): ReadonlyMap<number, T> {
  const after = new Map(before);
  if (value) after.set(cell, value);
  else after.delete(cell);
  return after;
}
