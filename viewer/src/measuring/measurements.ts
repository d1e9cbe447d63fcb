/** The measurements of a page: the list of what lies on its images, what was done to it, and whether it is saved. */

import { eventTarget, getRenderingEngine, Enums as ImageEnums } from "@cornerstonejs/core";
import {
  annotation as annotations,
  Enums,
  ToolGroupManager,
  type Types as ToolTypes,
  utilities as toolUtilities,
} from "@cornerstonejs/tools";
import { batch, computed, signal } from "@preact/signals";
import { frameOf } from "~/imaging/frames";
import type { Measurement, Report, Value } from "~/server/measurements";
import { type Change, History } from "./history";
import { rowOf } from "./kinds";
import {
  type Colour,
  isSame,
  type Mark,
  markOf,
  putMark,
  referencesTo,
  removeMark,
  said,
  seenWhereItLies,
  studyOf,
} from "./marks";
import { loadPixels, pixelsOf } from "./pixels";
import { Remembered } from "./remembered";
import { imagesAmong, type Space, spaceOf, surfaceIn } from "./space";
import { samplesOn, valuesOf, valuesOn } from "./values";

type Annotation = ToolTypes.Annotation;
type Heard = CustomEvent<{ annotation: Annotation; viewportId?: string; renderingEngineId?: string }>;

export interface Row {
  mark: Mark;
  values: Value[];
  /** Of the PET that lies over the volume. */
  uptake: Value[];
}

const { Events } = Enums;

export class Measurements {
  /** In the order in which they were made. */
  readonly marks = signal<Mark[]>([]);
  readonly selected = signal<ReadonlySet<string>>(new Set());
  readonly shown = signal(true);
  /** Whether what is saved is saved as a presentation state, too. */
  readonly withState = signal(true);
  /** What the marks come to. Counts images that came: only then are there pixels. */
  readonly rows = computed<Row[]>(() => {
    this.arrived.value;
    return this.marks.value.map((mark) => ({
      mark,
      values: this.valuesOf(mark),
      uptake: this.uptakeOf(mark),
    }));
  });
  readonly history = new History<Mark>();
  readonly isSaved = computed(() => {
    const [now, then] = [this.marks.value, this.saved.value];
    const by = new Map(then.map((mark) => [mark.uid, mark]));
    return (
      now.length === then.length && now.every((mark) => by.has(mark.uid) && isSame(mark, by.get(mark.uid)!))
    );
  });
  /** Whether something was counted since on a PET, which is no loss when the page is left. */
  readonly hasNewUptake = computed(() =>
    this.rows.value.some(({ mark, uptake }) => uptake.length > (this.savedAs(mark)?.uptake?.length ?? 0)),
  );
  /** The reports of the studies that have measurements. */
  readonly listed = signal<{ study: string; report: Report }[]>([]);

  /** By study: the reports that the marks are of, which a new one replaces, and what of them lies on no image here. */
  private readonly read = new Map<string, { reports: string[]; elsewhere: Measurement[] }>();
  private readonly saved = signal<Mark[]>([]);
  private readonly counted = new Remembered();
  private readonly uptake = new Remembered();
  private readonly arrived = signal(0);
  /** Annotations that are being changed. */
  private readonly touched = new Set<string>();
  private readonly known = new WeakMap<object, Annotation>();
  private readonly stops: (() => void)[] = [];
  private isPutting = false;

  /** `above` says which series lies over the volume of another. */
  constructor(private readonly above: (series: string) => string | undefined) {}

  /** Begins to listen; what gives back ends it, and takes all away. */
  start(): () => void {
    this.listen(eventTarget, Events.ANNOTATION_ADDED, (event) => this.added(event as Heard));
    this.on(Events.ANNOTATION_COMPLETED, (one) => this.settle(one.annotationUID!));
    this.on(Events.ANNOTATION_MODIFIED, (one) => this.touched.add(one.annotationUID!));
    this.on(Events.ANNOTATION_REMOVED, (one) => this.lost(one.annotationUID!));
    this.listen(eventTarget, Events.ANNOTATION_SELECTION_CHANGE, () => {
      this.selected.value = new Set(annotations.selection.getAnnotationsSelected());
    });
    const { IMAGE_LOADED, IMAGE_VOLUME_LOADING_COMPLETED } = ImageEnums.Events;
    this.listen(eventTarget, IMAGE_LOADED, () => {
      if (this.marks.value.length) this.arrived.value++;
    });
    this.listen(eventTarget, IMAGE_VOLUME_LOADING_COMPLETED, () => {
      this.arrived.value++;
      this.draw();
    });
    // Cornerstone tells of each step of an edit, and not of its end: that is when the pointer is let go.
    const end = () => setTimeout(() => this.settleAll());
    for (const name of ["mouseup", "touchend"]) this.listen(document, name, end);
    return () => this.stop();
  }

  private stop(): void {
    for (const stop of this.stops) stop();
    annotations.state.removeAllAnnotations();
    said.clear();
  }

  private on(name: string, heard: (one: Annotation) => void): void {
    this.listen(eventTarget, name, (event) => {
      if (!this.isPutting) heard((event as Heard).detail.annotation);
    });
  }

  private listen(target: EventTarget, name: string, heard: (event: Event) => void): void {
    target.addEventListener(name, heard);
    this.stops.push(() => target.removeEventListener(name, heard));
  }

  private added({ detail: { annotation: one, viewportId, renderingEngineId } }: Heard): void {
    this.known.set(one.data, one);
    const viewport = getRenderingEngine(renderingEngineId ?? "")?.getViewport(viewportId ?? "");
    const space = viewport && !this.isPutting ? spaceOf(one, viewport) : undefined;
    if (!space) return;
    said.set(one.annotationUID!, { ...said.get(one.annotationUID!), space });
    // Cornerstone made it of where the drawing began; the direction of the plane says it all.
    delete (one.metadata as { planeRestriction?: object }).planeRestriction;
    seenWhereItLies(one);
  }

  /** The mark of what Cornerstone draws the words of: it gives the data alone. */
  markOfData(data: object): Mark | undefined {
    const one = this.known.get(data);
    return one && markOf(one);
  }

  /** What a mark comes to: measured, where the pixels are here for what needs them, else as it was when they were. */
  valuesOf(mark: Mark): Value[] {
    const saved = this.savedAs(mark);
    return this.counted.better(
      mark,
      measured(mark) ?? [],
      saved && { mark: saved, values: saved.values ?? [] },
    );
  }

  /** The same of the PET that lies over its volume, or did: each value says on which images it was counted. */
  uptakeOf(mark: Mark): Value[] {
    const series = mark.space && this.above(mark.space.series);
    const saved = this.savedAs(mark);
    return this.uptake.better(
      mark,
      series ? uptakeIn(mark, mark.space!, series) : [],
      saved && { mark: saved, values: saved.uptake ?? [] },
    );
  }

  private savedAs({ uid }: Mark): Mark | undefined {
    return this.saved.value.find((mark) => mark.uid === uid);
  }

  /** All that is to be saved, once the pixels have come. */
  async loadValues(mark: Mark): Promise<Value[]> {
    if (!mark.space) await loadPixels(mark.imageId);
    return [...this.valuesOf(mark), ...this.uptakeOf(mark)];
  }

  /** What Cornerstone did to an annotation becomes a step that can be undone. */
  private settle(uid: string): void {
    this.touched.delete(uid);
    const one = annotations.state.getAnnotation(uid);
    const after = one && markOf(one);
    const before = this.find(uid);
    if (!after || (before && isSame(before, after))) return;
    this.become([{ before, after }]);
    this.history.note([{ before, after }]);
  }

  private settleAll(): void {
    for (const uid of this.touched) if (this.find(uid)) this.settle(uid);
  }

  private lost(uid: string): void {
    this.touched.delete(uid);
    const before = this.find(uid);
    if (!before) return;
    this.become([{ before }]);
    this.history.note([{ before }]);
  }

  find(uid: string): Mark | undefined {
    return this.marks.value.find((mark) => mark.uid === uid);
  }

  /** Changes the list alone. */
  private become(changes: Change<Mark>[]): void {
    let marks = this.marks.value;
    for (const { before, after } of changes) {
      const uid = (after ?? before)!.uid;
      const at = marks.findIndex((mark) => mark.uid === uid);
      if (!after) marks = marks.toSpliced(at, 1);
      else marks = at < 0 ? [...marks, after] : marks.with(at, after);
    }
    this.marks.value = marks;
  }

  /** Changes the list and the images. */
  private put(changes: Change<Mark>[]): void {
    this.isPutting = true;
    try {
      for (const { before, after } of changes) {
        if (after) putMark(after);
        else if (before) removeMark(before.uid);
      }
    } finally {
      this.isPutting = false;
    }
    this.become(changes);
    this.draw();
  }

  /** Does a step of the user's. */
  private act(changes: Change<Mark>[]): void {
    this.history.note(changes);
    this.put(changes);
  }

  undo(): void {
    this.put(this.history.undo());
  }

  redo(): void {
    this.put(this.history.redo());
  }

  remove(uids: Iterable<string>): void {
    const gone = [...uids].map((uid) => this.find(uid)).filter((mark) => mark !== undefined);
    this.act(gone.map((before) => ({ before })));
    annotations.selection.deselectAnnotation();
  }

  relabel(uid: string, label: string): void {
    this.change(uid, { label: label.trim() });
  }

  recolour(uid: string, colour: Colour | undefined): void {
    this.change(uid, { colour });
  }

  private change(uid: string, part: Partial<Mark>): void {
    const before = this.find(uid);
    const after = before && { ...before, ...part };
    if (before && after && !isSame(before, after)) this.act([{ before, after }]);
  }

  select(uid: string): void {
    annotations.selection.setAnnotationSelected(uid, true, false);
    this.draw();
  }

  showAll(shown: boolean): void {
    this.shown.value = shown;
    for (const { uid } of this.marks.value) annotations.visibility.setAnnotationVisibility(uid, shown);
    this.draw();
  }

  /** Takes what was read from a report; it counts as saved. */
  take(study: string, marks: Mark[], elsewhere: Measurement[], report: string): void {
    const { reports = [], elsewhere: before = [] } = this.read.get(study) ?? {};
    this.read.set(study, { reports: [...reports, report], elsewhere: [...before, ...elsewhere] });
    batch(() => {
      this.put(marks.map((after) => ({ after })));
      this.saved.value = [...this.saved.value, ...marks];
    });
  }

  /** The studies that had measurements when they were read or saved, and have none any more. */
  emptied(): string[] {
    const left = new Set(this.marks.value.map(studyOf));
    const had = new Set(this.saved.value.map(studyOf));
    return [...this.read.keys()].filter((study) => had.has(study) && !left.has(study));
  }

  reportsOf(study: string): string[] {
    return this.read.get(study)?.reports ?? [];
  }

  /** What was read and lies on no image that is known: it is kept as it is. */
  elsewhere(study: string): Measurement[] {
    return this.read.get(study)?.elsewhere ?? [];
  }

  /** Notes that the marks of a study are saved, in a report that the next one replaces. */
  wasSaved(study: string, marks: Mark[], report: string): void {
    this.read.set(study, { reports: [report], elsewhere: this.elsewhere(study) });
    const others = this.saved.value.filter((mark) => studyOf(mark) !== study);
    this.saved.value = [...others, ...marks.map((mark) => ({ ...mark, uptake: this.uptakeOf(mark) }))];
  }

  private draw(): void {
    const ids = ToolGroupManager.getAllToolGroups().flatMap((group) => group.getViewportIds());
    if (ids.length) toolUtilities.triggerAnnotationRenderForViewportIds(ids);
  }
}

function uptakeIn({ kind, points }: Mark, space: Space, series: string): Value[] {
  const on = surfaceIn(space, points, series);
  const source = referencesTo(imagesAmong(series, kind, points));
  return samplesOn(kind, on.points, on.surface).map((value) => ({ ...value, source }));
}

/** What a mark comes to by its own points; nothing when its image is not known. */
function measured(mark: Mark): Value[] | undefined {
  if (mark.space) {
    const { surface, points } = surfaceIn(mark.space, mark.points);
    return valuesOn(mark.kind, points, surface);
  }
  const known = frameOf(mark.imageId);
  return known && valuesOf(mark.kind, mark.points, known, pixelsOf(mark.imageId));
}

/** What a measurement is called where it has no label. */
export const titleOf = (mark: Mark): string => mark.label || rowOf(mark.kind).title;
