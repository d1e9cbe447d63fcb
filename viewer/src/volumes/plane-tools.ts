/** What the pointer does in planes and in the whole: a group of tools for each. */

import { type Types as CoreTypes, getRenderingEngine } from "@cornerstonejs/core";
import {
  addTool,
  CrosshairsTool,
  Enums,
  PanTool,
  StackScrollTool,
  ToolGroupManager,
  TrackballRotateTool,
  type Types,
  WindowLevelTool,
  ZoomTool,
} from "@cornerstonejs/tools";
import { ERASER, KINDS } from "~/measuring/kinds";
import type { Measurements } from "~/measuring/measurements";
import { giveTools } from "~/measuring/tools";
import { TwoFingersTool } from "~/viewport/two-fingers";
import { PLANES, type Plane } from "./state";
import { leastTurn, type Target } from "./turning";
import { dot, length, minus, plus, type Vector } from "./vectors";

const PLANE_GROUP = "planes";
const WHOLE_GROUP = "wholes";
const { MouseBindings } = Enums;

/** As on its label: the lines in the other planes are of its colour. */
export const COLOURS: Record<Plane, string> = {
  axial: "#ff8a80",
  sagittal: "#ffd75e",
  coronal: "#7fe0a7",
};

export type Primary = "crosshairs" | "window";

const planeOf = new Map<string, Plane>();

/** Lets the tools work in a plane's viewport; crosshairs need two of them. */
export function joinPlane(
  viewportId: string,
  engineId: string,
  plane: Plane,
  measurements: Measurements,
): void {
  planeOf.set(viewportId, plane);
  const group = ToolGroupManager.getToolGroup(PLANE_GROUP) ?? makePlaneGroup();
  giveTools(group, measurements);
  group.addViewport(viewportId, engineId);
}

export function leavePlane(viewportId: string, engineId: string): void {
  planeOf.delete(viewportId);
  const group = ToolGroupManager.getToolGroup(PLANE_GROUP);
  if (!group) return;
  if (group.getViewportIds().length <= 2) group.setToolDisabled(CrosshairsTool.toolName);
  group.removeViewports(engineId, viewportId);
  bind(group);
}

let chosen: { primary: Primary; measuring: string | undefined } = {
  primary: "crosshairs",
  measuring: undefined,
};

/** Chooses what the main button does; measuring goes before the others. */
export function setPrimary(primary: Primary, measuring: string | undefined): void {
  chosen = { primary, measuring };
  const group = ToolGroupManager.getToolGroup(PLANE_GROUP);
  if (group) bind(group);
}

/** Gives the main button what was chosen, as far as there are planes for it. */
function bind(group: Types.IToolGroup): void {
  const { primary, measuring } = chosen;
  const bindings = [{ mouseButton: MouseBindings.Primary }, { numTouchPoints: 1 }];
  for (const { tool } of [...KINDS, ERASER]) {
    // What was drawn stays, and can be changed.
    group.setToolPassive(tool.toolName, { removeAllBindings: true });
  }
  const hasCrosshairs = group.getViewportIds().length >= 2;
  const isCrossing = primary === "crosshairs" && hasCrosshairs && !measuring;
  goOn(group);
  if (isCrossing) {
    group.setToolPassive(WindowLevelTool.toolName, { removeAllBindings: true });
    group.setToolActive(CrosshairsTool.toolName, { bindings });
    return;
  }
  if (hasCrosshairs) group.setToolEnabled(CrosshairsTool.toolName);
  if (measuring) group.setToolPassive(WindowLevelTool.toolName, { removeAllBindings: true });
  group.setToolActive(measuring ?? WindowLevelTool.toolName, { bindings });
}

/** Moves the planes to where something lies, and turns them so that one holds it; gives back the viewport of that. */
export function goTo(target: Target): string | undefined {
  const group = ToolGroupManager.getToolGroup(PLANE_GROUP);
  const viewports = group?.viewportsInfo.flatMap(({ viewportId, renderingEngineId }) => {
    const viewport = getRenderingEngine(renderingEngineId)?.getViewport(viewportId);
    return viewport ? [viewport as CoreTypes.IVolumeViewport] : [];
  });
  if (!viewports?.length) return undefined;
  const normals = viewports.map((viewport) => viewport.getCamera().viewPlaneNormal as Vector);
  const { plane, turned } = leastTurn(normals, target);
  for (const viewport of viewports) moved(viewport, target.point, turned);
  recentre();
  return viewports[plane]!.id;
}

const SAME = 1 - 1e-9; // cosine of the angle between directions

/** Turns a plane, and moves it along its normal until it goes through a point. */
function moved(viewport: CoreTypes.IVolumeViewport, point: Vector, turned: (way: Vector) => Vector): void {
  const camera = viewport.getCamera();
  const [focalPoint, position] = [camera.focalPoint as Vector, camera.position as Vector];
  const viewPlaneNormal = turned(camera.viewPlaneNormal as Vector);
  // What turns in itself alone need not: who looks at it would have to turn the head.
  const isKept = dot(viewPlaneNormal, camera.viewPlaneNormal as Vector) > SAME;
  const middle = plus(focalPoint, viewPlaneNormal, dot(minus(point, focalPoint), viewPlaneNormal));
  viewport.setCamera({
    focalPoint: middle,
    position: plus(middle, viewPlaneNormal, length(minus(position, focalPoint))),
    viewPlaneNormal,
    viewUp: isKept ? camera.viewUp! : turned(camera.viewUp as Vector),
  });
  viewport.render();
}

let awaited: Target | undefined;

/** The same for planes that are still to come. */
export function goSoon(target: Target): void {
  awaited = target;
}

/** Goes where somebody wanted to go, once all planes are there and have drawn their crosshairs. */
function goOn(group: Types.IToolGroup): void {
  const target = awaited;
  if (!target || group.getViewportIds().length < PLANES.length) return;
  awaited = undefined;
  setTimeout(() => goTo(target));
}

/** Lays the crosshairs anew through where the planes are now. */
export function recentre(): void {
  const group = ToolGroupManager.getToolGroup(PLANE_GROUP);
  if (group && group.getViewportIds().length >= 2) crosshairs()?.computeToolCenter();
}

function crosshairs(): CrosshairsTool | undefined {
  const group = ToolGroupManager.getToolGroup(PLANE_GROUP);
  return group?.getToolInstance(CrosshairsTool.toolName) as CrosshairsTool | undefined;
}

export function joinWhole(viewportId: string, engineId: string): void {
  const group = ToolGroupManager.getToolGroup(WHOLE_GROUP) ?? makeWholeGroup();
  group.addViewport(viewportId, engineId);
}

export function leaveWhole(viewportId: string, engineId: string): void {
  ToolGroupManager.getToolGroup(WHOLE_GROUP)?.removeViewports(engineId, viewportId);
}

function makePlaneGroup(): Types.IToolGroup {
  const group = makeGroup(PLANE_GROUP, [WindowLevelTool, PanTool, ZoomTool, StackScrollTool, TwoFingersTool]);
  addTool(CrosshairsTool);
  group.addTool(CrosshairsTool.toolName, {
    getReferenceLineColor: (id: string) => COLOURS[planeOf.get(id) ?? "axial"],
    getReferenceLineSlabThicknessControlsOn: () => false, // the tool bar has one for all planes
  });
  group.setToolActive(PanTool.toolName, { bindings: [{ mouseButton: MouseBindings.Auxiliary }] });
  group.setToolActive(ZoomTool.toolName, { bindings: [{ mouseButton: MouseBindings.Secondary }] });
  group.setToolActive(TwoFingersTool.toolName, { bindings: [{ numTouchPoints: 2 }] });
  group.setToolActive(StackScrollTool.toolName, {
    bindings: [{ mouseButton: MouseBindings.Wheel }, { numTouchPoints: 3 }],
  });
  return group;
}

function makeWholeGroup(): Types.IToolGroup {
  const group = makeGroup(WHOLE_GROUP, [TrackballRotateTool, PanTool, ZoomTool]);
  group.setToolActive(TrackballRotateTool.toolName, {
    bindings: [{ mouseButton: MouseBindings.Primary }, { numTouchPoints: 1 }],
  });
  group.setToolActive(PanTool.toolName, { bindings: [{ mouseButton: MouseBindings.Auxiliary }] });
  group.setToolActive(ZoomTool.toolName, {
    bindings: [
      { mouseButton: MouseBindings.Secondary },
      { mouseButton: MouseBindings.Wheel },
      { numTouchPoints: 2 },
    ],
  });
  return group;
}

function makeGroup(id: string, tools: { toolName: string }[]): Types.IToolGroup {
  const group = ToolGroupManager.createToolGroup(id)!;
  for (const tool of tools) {
    addTool(tool as never);
    group.addTool(tool.toolName);
  }
  return group;
}
