/** The kinds of measurements, and with which tool of Cornerstone's each is drawn. */

import {
  AngleTool,
  ArrowAnnotateTool,
  type addTool,
  BidirectionalTool,
  CobbAngleTool,
  EllipticalROITool,
  EraserTool,
  LabelTool,
  LengthTool,
  PlanarFreehandROITool,
  ProbeTool,
  RectangleROITool,
} from "@cornerstonejs/tools";
import type { Kind } from "~/server/measurements";

type ToolClass = Parameters<typeof addTool>[0] & { toolName: string };

export interface KindRow {
  kind: Kind;
  title: string;
  key: string;
  tool: ToolClass;
}

export const KINDS: KindRow[] = [
  { kind: "length", title: "Length", key: "l", tool: LengthTool },
  { kind: "bidirectional", title: "Two diameters", key: "b", tool: BidirectionalTool },
  { kind: "angle", title: "Angle", key: "a", tool: AngleTool },
  { kind: "cobb_angle", title: "Cobb angle", key: "c", tool: CobbAngleTool },
  { kind: "ellipse", title: "Ellipse", key: "E", tool: EllipticalROITool },
  { kind: "rectangle", title: "Rectangle", key: "q", tool: RectangleROITool },
  { kind: "freehand", title: "Freehand region", key: "y", tool: PlanarFreehandROITool },
  { kind: "probe", title: "Value of a pixel", key: "d", tool: ProbeTool },
  { kind: "arrow", title: "Arrow with words", key: "A", tool: ArrowAnnotateTool },
  { kind: "text", title: "Text", key: "t", tool: LabelTool },
];

export const ERASER = { name: "eraser", title: "Erase", key: "X", tool: EraserTool as ToolClass };

const byTool = new Map(KINDS.map((row) => [row.tool.toolName, row.kind]));
const byKind = new Map(KINDS.map((row) => [row.kind, row]));

/** The tool of Cornerstone's that a choice of the tool bar stands for, when it measures or erases. */
export const toolOf = (name: string): string | undefined =>
  name === ERASER.name ? ERASER.tool.toolName : byKind.get(name as Kind)?.tool.toolName;

/** The kind that a tool draws; undefined for tools that measure nothing. */
export const kindOf = (toolName: string): Kind | undefined => byTool.get(toolName);

export const rowOf = (kind: Kind): KindRow => byKind.get(kind)!;
