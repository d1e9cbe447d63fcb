/** The cells that show volumes, by what they show; their code comes when the first is shown. */

import type { Content } from "~/reading/reading";
import { lazy } from "~/shell/lazy";
import type { CellProps } from "~/viewport/cell";

const PlaneCell = lazy<CellProps>(async () => (await import("./plane-cell")).PlaneCell);
const WholeCell = lazy<CellProps>(async () => (await import("./whole-cell")).WholeCell);

export function volumeComponent(as: Content["as"]): typeof PlaneCell | undefined {
  if (as === "stack") return undefined;
  return as === "volume" ? WholeCell : PlaneCell;
}
