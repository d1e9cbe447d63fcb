/** Which part of an image is shown, and how large: as a presentation state says it (PS3.3 C.10.4), and to be said. */

import type { Types } from "@cornerstonejs/core";
import type { KnownFrame } from "~/imaging/frames";
import type { Edges } from "~/imaging/painted-viewport";
import type { StackView } from "~/viewport/view";
import type { Area } from "./state";

/** A pixel of CSS is 1/96 of an inch: what a browser knows of the size of a display. */
const CSS_MM = 25.4 / 96;

/** Shows an area of the image that is drawn, turned as it is. */
export function showArea(view: StackView, area: Area | undefined, known: KnownFrame): void {
  const { rows, columns } = known.image;
  const whole: Edges = [0, 0, columns, rows];
  const edges = area?.edges ?? whole;
  const image = view.viewport.getImageData();
  const scale = image && area && scaleOf(view, area, image.spacing[1]!);
  if (!scale) {
    view.fit(edges.join() === whole.join() ? undefined : edges);
    return;
  }
  const [left, top, right, bottom] = edges;
  const middle = image.imageData.indexToWorld!([(left + right - 1) / 2, (top + bottom - 1) / 2, 0]);
  const camera = view.viewport.getCamera();
  const away = camera.focalPoint!.map((one, axis) => middle[axis]! - one);
  const moved = (point: Types.Point3): Types.Point3 =>
    point.map((one, axis) => one + away[axis]!) as Types.Point3;
  view.viewport.setCamera({
    ...camera,
    parallelScale: scale,
    focalPoint: moved(camera.focalPoint!),
    position: moved(camera.position!),
  });
  view.viewport.render();
}

/** The scale that a state says, in the measure of Cornerstone; undefined where the area is to fill the cell. */
function scaleOf(view: StackView, area: Area, rowSize: number): number | undefined {
  const { magnification, spacing_mm: spacing, size_mode: mode } = area;
  // Of the cell as the camera knows it: it may have another size by now.
  const { sHeight } = view.viewport;
  if (mode === "MAGNIFY" && magnification) return (sHeight * rowSize) / magnification / 2;
  if (mode === "TRUE SIZE" && spacing)
    return ((sHeight / devicePixelRatio) * CSS_MM * rowSize) / spacing[0] / 2;
  return undefined;
}

/** How an image is shown, as states say it: turned clockwise, then flipped; of a part of it which. */
export interface Shown {
  rotation: number;
  flipped: boolean;
  area?: Edges;
}

type ToCell = (place: [number, number]) => [number, number];

/** How an image lies in a cell. `toCell` takes columns and rows from its corner to CSS pixels. */
export function shownIn(
  toCell: ToCell,
  image: { rows: number; columns: number },
  cell: { width: number; height: number },
): Shown {
  const [x, y] = toCell([0, 0]);
  const [ax, ay] = minus(toCell([1, 0]), [x, y]);
  const [dx, dy] = minus(toCell([0, 1]), [x, y]);
  const area = ax * dy - ay * dx;
  const flipped = area < 0;
  const turned = (Math.atan2(ay, flipped ? -ax : ax) * 180) / Math.PI;
  const rotation = (((Math.round(turned / 90) * 90) % 360) + 360) % 360;
  const corners = [
    [0, 0],
    [cell.width, 0],
    [0, cell.height],
    [cell.width, cell.height],
  ].map(([right, down]) => {
    const [u, v] = [right! - x, down! - y];
    return [(u * dy - v * dx) / area, (v * ax - u * ay) / area] as const;
  });
  const across = corners.map(([column]) => column);
  const down = corners.map(([, row]) => row);
  const edges = [Math.min(...across), Math.min(...down), Math.max(...across), Math.max(...down)].map(
    Math.round,
  ) as Edges;
  const isAll = edges[0] <= 0 && edges[1] <= 0 && edges[2] >= image.columns && edges[3] >= image.rows;
  return { rotation, flipped, ...(!isAll && { area: edges }) };
}

const minus = (a: [number, number], b: [number, number]): [number, number] => [a[0] - b[0], a[1] - b[1]];
