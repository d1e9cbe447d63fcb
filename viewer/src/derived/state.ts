/** Presentation states as the server reads them (`filmless.objects.presentation_reading`), and how they are drawn. */

import type { KnownFrame } from "~/imaging/frames";
import type { ImageReference } from "~/server/measurements";
import type { Window } from "~/server/study";
import { rampOf } from "~/viewport/windows";
import type { Colour } from "./objects";

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
  /** Of the overlay whose bits are covered. */
  overlay_group: number | null;
  value: number;
  colour: Colour | null;
}

export interface Area {
  images: ImageReference[];
  /** Left, top, right, bottom in pixels of the image. */
  edges: [number, number, number, number] | null;
  size_mode: string;
  /** Pixels of the display to one of the image. */
  magnification: number | null;
  /** Between rows, between columns. */
  spacing_mm: [number, number] | null;
}

/** How stored values become those that windows are of: a line, or a table, which the server has. */
type Modality = { slope: number; intercept: number } | { bits: number };

export interface State {
  kind: string;
  label: string;
  description: string;
  creator: string;
  images: ImageReference[];
  vois: { images: ImageReference[]; views: { center?: number; width?: number; function?: string }[] }[];
  /** Null is that stored values are what windows are of. */
  modality: Modality | null;
  /** IDENTITY, INVERSE, or a table. */
  presentation: unknown;
  rotation: number;
  flipped: boolean;
  areas: Area[];
  shutter: Shapes | null;
  overlay_groups: number[];
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

/** The window that a state asks for, for a frame, in values of the image; none for a table, and for no window. */
export function windowFor(state: State, known: KnownFrame): Window | undefined {
  const voi = state.vois.find(({ images }) => isAmong(images, known));
  const view = voi?.views[0];
  const line = lineOf(state);
  if (view?.center === undefined || view.width === undefined || !line) return undefined;
  const how = FUNCTIONS.find((one) => one === view.function) ?? "LINEAR";
  const window: Window = { center: view.center, width: view.width, function: how, name: state.label };
  const [slope, intercept] = known.frame.rescale ?? [1, 0];
  // What the server decodes comes as values of the modality, and how they came about is not told.
  const isSame = line.slope === slope && line.intercept === intercept;
  if (isSame || known.image.source === "samples" || !line.slope) return window;
  const { lower, upper, sigmoid } = rampOf(window);
  const [from, to] = [lower, upper].map(
    (value) => ((value - line.intercept) / line.slope) * slope + intercept,
  ) as [number, number];
  const center = (from + to) / 2;
  return {
    ...window,
    center,
    width: Math.abs(to - from),
    function: sigmoid ? "SIGMOID" : "LINEAR_EXACT",
  };
}

function lineOf({ modality }: State): { slope: number; intercept: number } | undefined {
  if (!modality) return { slope: 1, intercept: 0 };
  return "slope" in modality ? modality : undefined;
}

/** Whether the server has to draw a frame: by tables, a palette or overlays, or because it made the greys of the image. */
export function isDrawnByServer(state: State, known: KnownFrame): boolean {
  const { image } = known;
  if (state.overlay_groups.length || state.shutter?.overlay_group) return true;
  if (image.photometricInterpretation === "RGB") return false;
  if (state.kind !== "GRAYSCALE" || typeof state.presentation !== "string") return true;
  if (image.isDrawn || image.source === "samples") return true;
  return !windowFor(state, known);
}

/** What of a frame a state shows. */
export const areaFor = (state: State, known: KnownFrame): Area | undefined =>
  state.areas.find((one) => isAmong(one.images, known));

/** Takes a point of the state's to pixels of the image, of which 0 is the corner of the first. */
export type Placing = (point: [number, number], units: string) => [number, number];

/** How points are placed on a frame: in pixels as they are, in the display's units within the displayed area. */
export function placing(state: State, known: KnownFrame): Placing {
  const area = areaFor(state, known);
  const [left, top, right, bottom] = area?.edges ?? [0, 0, known.image.columns, known.image.rows];
  return ([x, y], units) => {
    if (units !== "DISPLAY") return [x, y];
    // The area is turned and flipped before the fractions are measured (PS3.3 C.10.5).
    let [across, down] = [state.flipped ? 1 - x : x, y];
    for (let turned = 0; turned < state.rotation; turned += 90) [across, down] = [down, 1 - across];
    return [left + across * (right - left), top + down * (bottom - top)];
  };
}
