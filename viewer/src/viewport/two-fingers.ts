/** What two fingers do: the image goes with them, and is as much larger as they are farther from each other. */

import { getEnabledElement, type Types } from "@cornerstonejs/core";
import { BaseTool, type Types as ToolTypes } from "@cornerstonejs/tools";

type Drag = ToolTypes.EventTypes.TouchDragEventType;
type Viewport = NonNullable<ReturnType<typeof getEnabledElement>>["viewport"];
type Points = { canvas: Types.Point2 }[];

/** Fingers that lie closer than this, in pixels, only move: how far they are apart says little. */
const NEAR = 20;

export class TwoFingersTool extends BaseTool {
  static override toolName = "FilmlessTwoFingers";

  constructor(props = {}, defaults = { supportedInteractionTypes: ["Touch"], configuration: {} }) {
    super(props, defaults);
  }

  touchDragCallback(event: Drag): void {
    const { element, currentPointsList, lastPointsList } = event.detail;
    if (currentPointsList.length < 2 || lastPointsList.length < 2) return;
    const viewport = getEnabledElement(element)?.viewport;
    if (!viewport) return;
    const [before, now] = [spanOf(lastPointsList), spanOf(currentPointsList)];
    const ratio = before.apart > NEAR && now.apart > NEAR ? now.apart / before.apart : 1;
    follow(viewport, before.middle, now.middle, ratio);
  }
}

/** Lets what is seen at a place be seen at another, and so many times larger. */
function follow(viewport: Viewport, from: Types.Point2, to: Types.Point2, ratio: number): void {
  const held = viewport.canvasToWorld(from);
  const { parallelScale = 1 } = viewport.getCamera();
  viewport.setCamera({ parallelScale: parallelScale / ratio });
  const there = viewport.canvasToWorld(to);
  const { focalPoint, position } = viewport.getCamera();
  const moved = (point: Types.Point3 | undefined): Types.Point3 =>
    (point ?? [0, 0, 0]).map((part, axis) => part + held[axis]! - there[axis]!) as Types.Point3;
  viewport.setCamera({ focalPoint: moved(focalPoint), position: moved(position) });
  viewport.render();
}

function spanOf(points: Points): { middle: Types.Point2; apart: number } {
  const [one, other] = [points[0]!.canvas, points[1]!.canvas];
  return {
    middle: [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2],
    apart: Math.hypot(one[0] - other[0], one[1] - other[1]),
  };
}
