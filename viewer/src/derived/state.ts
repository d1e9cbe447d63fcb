/** Presentation states as the server reads them (`filmless.objects.presentation_reading`), and how they are drawn. */

import type { KnownFrame } from "~/imaging/frames";
import type { Window } from "~/server/study";
import type { Colour, ImageReference } from "./objects";

export interface Graphic {
  layer: string;
  kind: "POINT" | "POLYLINE" | "INTERPOLATED" | "CIRCLE" | "ELLIPSE";
  units: string;
  points: [number, number][];
  filled: boolean;
  colour: Colour | null;
  fill_colour: Colour | null;
  thickness: number;
  fill_opacity: number;
}

export interface Label {
  layer: string;
  text: string;
  box: [[number, number], [number, number]] | null;
  box_units: string;
  anchor: [[number, number]] | null;
  anchor_units: string;
  anchor_visible: boolean;
  justification: string;
  colour: Colour | null;
}

export interface Shapes {
  /** Left, upper, right, lower, in pixels from 1. */
  rectangle: (number | null)[] | null;
  /** Row and column. */
  center: [number, number] | null;
  radius: number | null;
  /** Row and column of each vertex. */
  polygon: [number, number][];
  value: number;
  colour: Colour | null;
}

export interface Area {
  images: ImageReference[];
  /** Left, top, right, bottom in pixels of the image. */
  edges: [number, number, number, number] | null;
}

export interface State {
  kind: string;
  label: string;
  description: string;
  creator: string;
  images: ImageReference[];
  vois: { images: ImageReference[]; views: { center?: number; width?: number; function?: string }[] }[];
  presentation: unknown;
  rotation: number;
  flipped: boolean;
  areas: Area[];
  shutter: Shapes | null;
  layers: { name: string; order: number; colour: Colour }[];
  annotations: { item: Graphic | Label; images: ImageReference[] }[];
}

const FUNCTIONS: Window["function"][] = ["LINEAR", "LINEAR_EXACT", "SIGMOID"];

/** Whether a frame is among images; without any, all that a state is for. */
export function isAmong(images: ImageReference[], known: KnownFrame): boolean {
  if (!images.length) return true;
  return images.some(
    (one) =>
      one.sop_instance_uid === known.ref.instance &&
      (!one.frames.length || one.frames.includes(known.number - 1)),
  );
}

/** The window that a state asks for, for a frame. */
export function windowFor(state: State, known: KnownFrame): Window | undefined {
  for (const voi of state.vois) {
    if (!isAmong(voi.images, known)) continue;
    const view = voi.views[0];
    if (view?.center === undefined || view.width === undefined) continue;
    const how = FUNCTIONS.find((one) => one === view.function) ?? "LINEAR";
    return { center: view.center, width: view.width, function: how, name: state.label };
  }
  return undefined;
}

/** Takes a point of the state's to pixels of the image, of which 0 is the corner of the first. */
export type Placing = (point: [number, number], units: string) => [number, number];

/** How points are placed on a frame: in pixels as they are, in the display's units within the displayed area. */
export function placing(state: State, known: KnownFrame): Placing {
  const area = state.areas.find((one) => isAmong(one.images, known));
  const [left, top, right, bottom] = area?.edges ?? [0, 0, known.image.columns, known.image.rows];
  return ([x, y], units) => {
    if (units !== "DISPLAY") return [x, y];
    // The area is turned and flipped before the fractions are measured (PS3.3 C.10.5).
    let [across, down] = [state.flipped ? 1 - x : x, y];
    for (let turned = 0; turned < state.rotation; turned += 90) [across, down] = [down, 1 - across];
    return [left + across * (right - left), top + down * (bottom - top)];
  };
}
