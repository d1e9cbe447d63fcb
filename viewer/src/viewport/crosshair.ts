/** The cursor that shows the same point of the patient in all cells: a tool of the primary button. */

import { getEnabledElement, type Types } from "@cornerstonejs/core";
import { BaseTool } from "@cornerstonejs/tools";
import { offerTool } from "./mouse";

/** Points at a place of a viewport. */
type Point = (viewportId: string, world: Types.Point3) => void;

interface Pointed {
  detail: { element: HTMLDivElement; currentPoints: { world: Types.Point3 } };
}

let point: Point = () => undefined;

class CrosshairTool extends BaseTool {
  static override toolName = "PatientCursor";

  constructor(given = {}, defaults = { supportedInteractionTypes: ["Mouse", "Touch"] }) {
    super(given, defaults);
  }

  preMouseDownCallback = (event: Pointed): boolean => this.at(event);
  preTouchStartCallback = (event: Pointed): boolean => this.at(event);
  mouseDragCallback = (event: Pointed): boolean => this.at(event);
  touchDragCallback = (event: Pointed): boolean => this.at(event);

  private at({ detail }: Pointed): boolean {
    const viewport = getEnabledElement(detail.element)?.viewport;
    if (viewport) point(viewport.id, detail.currentPoints.world);
    // Dragging goes on here.
    return false;
  }
}

/** Offers the tool; `how` is told where it points. */
export function offerCrosshair(how: Point): void {
  point = how;
  offerTool("crosshair", CrosshairTool);
}
