import type { CellProps } from "~/viewport/cell";

/** A cell that shows a volume as a whole. */
export function WholeCell(_props: CellProps) {
  return <div class="viewport" />;
}
