/** How studies that are compared lie beside each other. */

import { type Hanging, hangStudy, worthShowing } from "~/reading/hanging";
import { type Content, type Layout, MOST } from "~/reading/reading";
import type { Instance, Study } from "~/server/study";
import { mostAlike } from "./alike";

const BREASTS = { modality: "MG", views: ["CC", "MLO"], sides: ["R", "L"] } as const;

type Instances = ReadonlyMap<string, Instance[]>;

/**
 * Hangs studies that are compared: side by side, or one below the other where the screen is high; beside what is
 * `wanted`, else the first study's first series, of each other study the series that is most like it.
 */
export function hangCompared(
  studies: Study[],
  {
    wanted,
    instances = new Map(),
    isHigh = false,
  }: { wanted?: Content | undefined; instances?: Instances; isHigh?: boolean } = {},
): Hanging {
  const compared = studies.slice(0, MOST);
  const breasts = wanted ? undefined : hangBreasts(compared, instances);
  if (breasts) return breasts;
  const [first] = compared;
  const shown = wanted ?? (first && hangStudy(first, new Map()).cells[0]);
  const cells = compared.map((study): Content | undefined => {
    if (!shown || shown.study === study.uid) return shown;
    const alike = mostAlike(shown.series, worthShowing(study.series));
    return alike && { study: study.uid, series: alike, as: "stack" };
  });
  return { layout: layoutOf(cells.length, isHigh), cells };
}

function layoutOf(many: number, isHigh: boolean): Layout {
  if (many > 3) return { rows: 2, columns: 2 };
  return isHigh ? { rows: Math.max(1, many), columns: 1 } : { rows: 1, columns: Math.max(1, many) };
}

/** Both breasts of two studies in one view: a row for each study, so that each side lies below itself. */
function hangBreasts(studies: Study[], instances: Instances): Hanging | undefined {
  if (studies.length !== 2) return undefined;
  const images = studies.map((study) =>
    worthShowing(study.series)
      .filter(({ Modality }) => Modality === BREASTS.modality)
      .flatMap((series) => (instances.get(series.uid) ?? []).map((one) => ({ series, one }))),
  );
  for (const view of BREASTS.views) {
    const rows = images.map((own, number) =>
      BREASTS.sides.map((side): Content | undefined => {
        const found = own.find(({ one }) => one.image && one.laterality === side && one.view === view);
        const study = studies[number]!.uid;
        return found && { study, series: found.series, as: "stack", instance: found.one.uid };
      }),
    );
    if (rows.every((row) => row.some(Boolean)))
      return { layout: { rows: 2, columns: 2 }, cells: rows.flat() };
  }
  return undefined;
}
