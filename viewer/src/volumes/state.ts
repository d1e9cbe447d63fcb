/** What volumes are shown of, and how: the state that the tool bar and the cells share. Nothing of Cornerstone here. */

import { batch, computed, signal } from "@preact/signals";
import { frameOf } from "~/imaging/frames";
import { rampOf } from "~/imaging/ramps";
import type { Content, Layout, Reading } from "~/reading/reading";
import type { SeriesRow, Window } from "~/server/study";
import { type Verdict, volumeOf } from "./grid";
import { volumeIdOf } from "./volume-id";

export const PLANES = ["axial", "sagittal", "coronal"] as const;
export type Plane = (typeof PLANES)[number];

/** How the voxels of a slab become one pixel. */
export type Blend = "largest" | "smallest" | "average";

export type Arrangement = "mpr" | "mpr3d";

/** What planes are shown of: a series, and what is fused with it. */
export type Subject = Pick<Content, "study" | "series" | "fused">;

export class Volumes {
  /** In mm; 0 is a plane without thickness. */
  readonly slab = signal(0);
  readonly blend = signal<Blend>("largest");
  /** What the main button does in planes: moves the crosshairs, or windows. */
  readonly primary = signal<"crosshairs" | "window">("crosshairs");
  /** How much of what is fused is seen, from 0 to 1. */
  readonly opacity = signal(0.5);
  readonly colours = signal("Hot");
  /** The window of what is fused. */
  readonly uptake = signal<[number, number]>([0, 10]);
  /** Turns each time that the views are to be as they were at first. */
  readonly resets = signal(0);
  /** The window of each volume, the same in all planes. */
  readonly windows = signal<Record<string, { lower: number; upper: number }>>({});
  /** The content of a cell that shows a volume, of the active one if it does: another series may have come into it. */
  readonly shown = computed(() => {
    const { activeContent, cells } = this.reading;
    return [activeContent.value, ...cells.value].find((content) => content && content.as !== "stack");
  });
  /** As what volumes are shown, for as long as any cell shows one. */
  readonly arrangement = computed<Arrangement | undefined>(() => {
    if (!this.shown.value) return undefined;
    const hasWhole = this.reading.cells.value.some((content) => content?.as === "volume");
    // Where the page was loaded anew, nobody has arranged them.
    return this.arranged.value ?? (hasWhole ? "mpr3d" : "mpr");
  });
  readonly fused = computed(() => this.reading.cells.value.find((content) => content?.fused)?.fused);

  /** What lies over the volume of a series on the screen. */
  above(series: string): string | undefined {
    const { value } = this.reading.cells;
    return value.find((content) => content?.fused && content.series.uid === series)?.fused?.uid;
  }

  private readonly arranged = signal<Arrangement | undefined>(undefined);
  private before: { layout: Layout; cells: (Content | undefined)[]; active: number } | undefined;

  constructor(private readonly reading: Reading) {}

  /** Puts planes of a series on the screen, with the whole beside them or without. */
  arrange(arrangement: Arrangement, { study, series, fused }: Subject): void {
    const of = { study, series, ...(fused && { fused }) };
    if (!this.arrangement.value) {
      const { layout, cells, active } = this.reading;
      const seen = cells.value.map((_, cell) => this.reading.seen(cell));
      this.before = { layout: layout.value, cells: seen, active: active.value };
      this.takeWindow(series.uid);
    }
    this.arranged.value = arrangement;
    const views: Content["as"][] = arrangement === "mpr" ? [...PLANES] : [...PLANES, "volume"];
    batch(() => {
      this.reading.divide(arrangement === "mpr" ? { rows: 1, columns: 3 } : { rows: 2, columns: 2 });
      views.forEach((as, cell) => {
        this.reading.show({ ...of, as }, cell);
      });
      this.reading.active.value = 0;
    });
  }

  /** Shows the planes in the window that was chosen for the images. */
  private takeWindow(series: string): void {
    const window = this.reading.cells.peek().flatMap((content, cell) => {
      const seen = content?.series.uid === series ? this.reading.seen(cell)?.window : undefined;
      return seen ? [seen] : [];
    })[0];
    if (window) this.setWindow(series, window);
  }

  /** Shows a window in all planes of a series. */
  setWindow(series: string, window: Window): void {
    const { lower, upper } = rampOf(window);
    this.windows.value = { ...this.windows.peek(), [volumeIdOf(series)]: { lower, upper } };
  }

  /** Back to what was there before: where the page was loaded anew, to the images that the planes were made of. */
  leave(): void {
    const { reading } = this;
    const shown = this.shown.peek();
    const stack = shown && { study: shown.study, series: shown.series, as: "stack" as const };
    const before = this.before ?? (stack && { layout: { rows: 1, columns: 1 }, cells: [stack], active: 0 });
    if (!before) return;
    batch(() => {
      reading.divide(before.layout, before.cells);
      reading.active.value = before.active;
    });
    this.before = undefined;
  }

  /** Everything as it was at first. */
  reset(): void {
    batch(() => {
      this.slab.value = 0;
      this.blend.value = "largest";
      this.windows.value = {};
      this.opacity.value = 0.5;
      this.uptake.value = [0, 10];
      this.resets.value++;
    });
  }

  /** Whether a series makes a volume; asks the server for it, once. */
  async verdict(study: string, series: SeriesRow): Promise<Verdict> {
    const { imageIds } = await this.reading.openSeries(study, series);
    return volumeOf(
      imageIds.flatMap((id) => {
        const known = frameOf(id);
        return known ? [{ id, known }] : [];
      }),
    );
  }

  /** The PET and the CT or MR of the studies that lie in the same coordinates; the active series first. */
  async pair(): Promise<Subject | undefined> {
    const active = this.reading.activeContent.value?.series.uid;
    const first = (a: SeriesRow, b: SeriesRow) =>
      Number(b.uid === active) - Number(a.uid === active) || b.frames - a.frames;
    for (const { uid: study, series } of this.reading.studies.value) {
      const above = series.filter((row) => row.Modality === "PT" && row.kind === "image").sort(first);
      const below = series
        .filter((row) => ["CT", "MR"].includes(row.Modality ?? "") && row.kind === "image")
        .sort((a, b) => Number(a.Modality !== "CT") - Number(b.Modality !== "CT") || first(a, b));
      for (const upper of above) {
        for (const lower of below) {
          const [one, other] = await Promise.all([this.verdict(study, lower), this.verdict(study, upper)]);
          const isSame = one.grid && one.grid.frameOfReference === other.grid?.frameOfReference;
          if (isSame && one.grid?.frameOfReference) return { study, series: lower, fused: upper };
        }
      }
    }
    return undefined;
  }
}

const ofReading = new WeakMap<Reading, Volumes>();

export function volumesOf(reading: Reading): Volumes {
  const found = ofReading.get(reading) ?? new Volumes(reading);
  ofReading.set(reading, found);
  return found;
}
