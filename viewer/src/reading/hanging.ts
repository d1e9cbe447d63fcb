/** Hanging: how a study lies on the screen when it is opened, by its modalities. The rules are data. */

import type { Instance, SeriesRow, Study } from "~/server/study";
import { type Content, type Layout, MOST } from "./reading";

/** A place for one image: which side and which view of a breast. */
interface Slot {
  laterality: "R" | "L";
  view: string;
}

interface Rule {
  modalities: string[];
  /** What gets a cell of its own: a series, each image of it, or the first series of each of the modalities. */
  each: "series" | "image" | "modality";
  /** The most cells. */
  most: number;
  /** Where which view lies, row by row: the right breast at the left, so that they face each other. */
  slots?: Slot[];
}

const FACING: Slot[] = [
  { laterality: "R", view: "CC" },
  { laterality: "L", view: "CC" },
  { laterality: "R", view: "MLO" },
  { laterality: "L", view: "MLO" },
];

/** The first rule one of whose modalities a study has. */
export const RULES: Rule[] = [
  { modalities: ["MG"], each: "image", most: 4, slots: FACING },
  { modalities: ["PT", "NM"], each: "modality", most: 2 },
  { modalities: ["CT"], each: "series", most: 1 },
  { modalities: ["MR"], each: "series", most: 1 },
  { modalities: ["CR", "DX", "PX", "IO", "RG"], each: "image", most: 4 },
  { modalities: ["US", "IVUS", "XA", "RF", "ES"], each: "image", most: 4 },
];
const ANY: Rule = { modalities: [], each: "series", most: 1 };

export interface Hanging {
  layout: Layout;
  cells: (Content | undefined)[];
}

const LOCALIZER = /\b(loc|locali[sz]er|scout|topogram|survey|3[- ]?plane|scano)/i;

/** The series that can be shown, pictures first, scouts last; without pictures, whatever there is. */
export function worthShowing(series: SeriesRow[]): SeriesRow[] {
  const pictures = series.filter(({ kind }) => kind === "image" || kind === "video");
  if (!pictures.length) return series;
  const isScout = (row: SeriesRow) =>
    LOCALIZER.test(`${row.SeriesDescription ?? ""} ${row.ProtocolName ?? ""}`);
  return [...pictures.filter((row) => !isScout(row)), ...pictures.filter(isScout)];
}

export function ruleFor(series: SeriesRow[]): Rule {
  const modalities = new Set(worthShowing(series).map(({ Modality }) => Modality));
  return RULES.find((rule) => rule.modalities.some((one) => modalities.has(one))) ?? ANY;
}

/** The division of the screen for some cells: wide before high. */
export function layoutFor(cells: number): Layout {
  const columns = Math.min(Math.max(1, Math.ceil(Math.sqrt(cells))), MOST);
  return { columns, rows: Math.min(Math.max(1, Math.ceil(cells / columns)), MOST) };
}

const content = (study: string, series: SeriesRow, instance?: string): Content =>
  instance ? { study, series, as: "stack", instance } : { study, series, as: "stack" };

/**
 * Hangs a study. `instances` are those of the series whose rule asks for images (`asksForImages`); without them a
 * series is hung whole.
 */
export function hangStudy(study: Study, instances: ReadonlyMap<string, Instance[]>): Hanging {
  const rule = ruleFor(study.series);
  const shown = worthShowing(study.series);
  if (rule.each === "modality") return hangModalities(study, rule, shown);
  if (rule.each === "image") return hangImages(study, rule, shown, instances);
  // The longest series of those modalities: what was acquired, not what was kept of it.
  const own = shown.filter(
    ({ Modality, kind }) =>
      !rule.modalities.length || (rule.modalities.includes(Modality ?? "") && kind === "image"),
  );
  const first = rule.modalities.length ? own.find((row) => row.frames > 1) : undefined;
  const one = first ?? own[0] ?? shown[0];
  return { layout: { rows: 1, columns: 1 }, cells: [one && content(study.uid, one)] };
}

/** The series whose instances `hangStudy` wants to see. */
export function asksForImages(study: Study): SeriesRow[] {
  const rule = ruleFor(study.series);
  if (rule.each !== "image") return [];
  // No more than can be hung: a study of a hundred series is not asked for whole.
  return worthShowing(study.series)
    .filter(({ Modality }) => rule.modalities.includes(Modality ?? ""))
    .slice(0, MOST * MOST);
}

function hangModalities(study: Study, rule: Rule, shown: SeriesRow[]): Hanging {
  const byModality = new Map<string, SeriesRow>();
  for (const row of shown) if (!byModality.has(row.Modality ?? "")) byModality.set(row.Modality ?? "", row);
  const cells = [...byModality.values()].slice(0, rule.most).map((row) => content(study.uid, row));
  return { layout: layoutFor(cells.length), cells };
}

function hangImages(
  study: Study,
  rule: Rule,
  shown: SeriesRow[],
  instances: ReadonlyMap<string, Instance[]>,
): Hanging {
  const images = shown
    .filter(({ Modality }) => rule.modalities.includes(Modality ?? ""))
    .flatMap((row): { row: SeriesRow; one?: Instance }[] => {
      const own = (instances.get(row.uid) ?? []).filter(({ image }) => image);
      return own.length ? own.map((one) => ({ row, one })) : [{ row }];
    });
  const bySlot = (rule.slots ?? []).map(({ laterality, view }) =>
    images.find(({ one }) => one?.laterality === laterality && one.view === view),
  );
  if (bySlot.filter(Boolean).length > 1) {
    // Only one row when there is only one view.
    const rows = [bySlot.slice(0, 2), bySlot.slice(2)].filter((row) => row.some(Boolean));
    const cells = rows.flatMap(([right, left]) => [
      right && { ...content(study.uid, right.row, right.one?.uid), edge: "right" as const },
      left && { ...content(study.uid, left.row, left.one?.uid), edge: "left" as const },
    ]);
    return { layout: { rows: rows.length, columns: 2 }, cells };
  }
  const cells = images.slice(0, rule.most).map(({ row, one }) => content(study.uid, row, one?.uid));
  return { layout: layoutFor(cells.length), cells };
}
