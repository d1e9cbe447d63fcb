/** Draws what lies on an image: masks, contours, quantities in colours, and what a presentation state has. */

import type { KnownFrame } from "~/imaging/frames";
import { colourOf } from "./colour-map";
import type { Colour, Contours, DerivedObject, Layer, Look } from "./objects";
import { type Graphic, isAmong, type Label, type Placing, placing, type Shapes, type State } from "./state";

/** Takes a point of the image to one of the cell, both in pixels; 0 is the corner of the image's first. */
export type ToCell = (point: readonly [number, number]) => [number, number];

export interface Sheet {
  context: CanvasRenderingContext2D;
  rows: number;
  columns: number;
  toCell: ToCell;
}

export function drawLayer(sheet: Sheet, object: DerivedObject, layer: Layer, look: Look): void {
  if (layer.kind === "contours") drawContours(sheet, object, layer.parts, look);
  else if (layer.kind === "masks") drawMasks(sheet, object, layer, look);
  else if (layer.kind === "picture") drawPicture(sheet, layer.picture);
  else drawField(sheet, layer, look);
}

const partColour = (object: DerivedObject, number: number, look: Look): Colour =>
  look.colours.get(number) ?? object.parts.find((part) => part.number === number)?.colour ?? [255, 200, 0];

function drawMasks(sheet: Sheet, object: DerivedObject, layer: Layer & { kind: "masks" }, look: Look): void {
  const { rows, columns } = sheet;
  const size = rows * columns;
  const picture = new ImageData(columns, rows);
  layer.parts.forEach((number, index) => {
    if (look.hidden.has(number)) return;
    const mask = layer.masks.subarray(index * size, (index + 1) * size);
    const colour = partColour(object, number, look);
    if (object.kind === "contours") {
      // Structures look as on images: a line, and a little of their colour inside.
      paint(picture.data, mask, colour, look.opacity * AREA);
      paint(picture.data, edgeOf(mask, columns), colour, 1);
    } else paint(picture.data, mask, colour, look.opacity);
  });
  drawPixels(sheet, picture);
  drawContours(sheet, object, layer.lines, look);
}

/** How much of the opacity the inside of a contour has. */
const AREA = 0.4;

/** The pixels of a mask that touch others which are not in it. */
export function edgeOf(mask: Uint8Array, columns: number): Uint8Array {
  const edge = new Uint8Array(mask.length);
  for (let index = 0; index < mask.length; index++) {
    if (!mask[index]) continue;
    const column = index % columns;
    const isInside =
      column > 0 &&
      column < columns - 1 &&
      mask[index - 1] &&
      mask[index + 1] &&
      mask[index - columns] &&
      mask[index + columns];
    if (!isInside) edge[index] = 255;
  }
  return edge;
}

/** Lays a colour over pixels as far as a mask covers them; where segments overlap, both are seen. */
function paint(
  pixels: Uint8ClampedArray,
  mask: Uint8Array,
  [red, green, blue]: Colour,
  opacity: number,
): void {
  for (let index = 0; index < mask.length; index++) {
    const covered = mask[index]!;
    if (!covered) continue;
    const above = (covered / 255) * opacity;
    const at = index * 4;
    const below = (pixels[at + 3]! / 255) * (1 - above);
    const both = above + below;
    pixels[at] = (red * above + pixels[at]! * below) / both;
    pixels[at + 1] = (green * above + pixels[at + 1]! * below) / both;
    pixels[at + 2] = (blue * above + pixels[at + 2]! * below) / both;
    pixels[at + 3] = both * 255;
  }
}

function drawField(sheet: Sheet, { values, range }: Layer & { kind: "field" }, look: Look): void {
  const { rows, columns } = sheet;
  if (values.length !== rows * columns) return; // it does not reach this plane
  const [least, most] = range;
  const picture = new ImageData(columns, rows);
  const span = most - least || 1;
  for (let index = 0; index < values.length; index++) {
    const part = (values[index]! - least) / span;
    if (!(part >= look.from)) continue; // also where there is none
    picture.data.set([...colourOf(part), look.opacity * 255], index * 4);
  }
  drawPixels(sheet, picture);
}

function drawPixels(sheet: Sheet, pixels: ImageData): void {
  const canvas = new OffscreenCanvas(pixels.width, pixels.height);
  canvas.getContext("2d")!.putImageData(pixels, 0, 0);
  drawPicture(sheet, canvas);
}

/** Lays a picture of all of the image on it. */
export function drawPicture(
  { context, toCell }: Sheet,
  picture: OffscreenCanvas | ImageBitmap,
  { isSmooth = false, isInverse = false } = {},
): void {
  const [zero, right, down] = [toCell([0, 0]), toCell([1, 0]), toCell([0, 1])];
  context.save();
  context.imageSmoothingEnabled = isSmooth;
  if (isInverse) context.filter = "invert(1)";
  context.transform(right[0] - zero[0], right[1] - zero[1], down[0] - zero[0], down[1] - zero[1], ...zero);
  context.drawImage(picture, 0, 0);
  context.restore();
}

function drawContours(
  { context, toCell }: Sheet,
  object: DerivedObject,
  parts: Contours[],
  look: Look,
): void {
  for (const { number, contours } of parts) {
    if (look.hidden.has(number)) continue;
    const colour = css(partColour(object, number, look));
    const inside = new Path2D();
    for (const { kind, points } of contours) {
      const path = new Path2D();
      for (let index = 0; index < points.length; index += 2) {
        const [x, y] = toCell([points[index]!, points[index + 1]!]);
        if (kind === "POINT") addCross(path, x, y);
        else if (index) path.lineTo(x, y);
        else path.moveTo(x, y);
      }
      if (kind.startsWith("CLOSED")) {
        path.closePath();
        inside.addPath(path);
      }
      context.strokeStyle = colour;
      context.lineWidth = 1.75;
      context.stroke(path);
    }
    context.save();
    context.globalAlpha = look.opacity * AREA;
    context.fillStyle = colour;
    context.fill(inside, "evenodd"); // contours in others of the same structure are holes
    context.restore();
  }
}

export function drawState(sheet: Sheet, state: State, known: KnownFrame, isCovered: boolean): void {
  const place = placing(state, known);
  if (state.shutter && !isCovered) drawShutter(sheet, state.shutter);
  for (const layer of state.layers) {
    for (const { item, images } of state.annotations) {
      if (item.layer !== layer.name || !isAmong(images, known)) continue;
      if ("text" in item) drawLabel(sheet, item, place, layer.colour);
      else drawGraphic(sheet, item, place, layer.colour);
    }
  }
}

function drawShutter({ context, rows, columns, toCell }: Sheet, shapes: Shapes): void {
  const left = Object.entries(outlines(shapes, rows, columns));
  context.fillStyle = shapes.colour ? css(shapes.colour) : css([shapes.value, shapes.value, shapes.value]);
  // What is outside of any of the shapes is covered.
  for (const [, outline] of left) {
    const path = new Path2D();
    for (const ring of [
      [
        [0, 0],
        [columns, 0],
        [columns, rows],
        [0, rows],
      ] as [number, number][],
      outline,
    ]) {
      for (const [index, point] of ring.entries()) {
        const [x, y] = toCell(point);
        if (index) path.lineTo(x, y);
        else path.moveTo(x, y);
      }
      path.closePath();
    }
    context.fill(path, "evenodd");
  }
}

function outlines(shapes: Shapes, rows: number, columns: number): Record<string, [number, number][]> {
  const found: Record<string, [number, number][]> = {};
  if (shapes.rectangle) {
    // The edges' own pixels are inside.
    const [left, upper, right, lower] = shapes.rectangle;
    const [x0, y0, x1, y1] = [(left ?? 1) - 1, (upper ?? 1) - 1, right ?? columns, lower ?? rows];
    found.rectangle = [
      [x0, y0],
      [x1, y0],
      [x1, y1],
      [x0, y1],
    ];
  }
  if (shapes.center && shapes.radius !== null) {
    const [row, column] = shapes.center;
    const radius = shapes.radius;
    found.circle = Array.from({ length: 180 }, (_, step) => {
      const angle = (step * Math.PI) / 90;
      return [column - 0.5 + radius * Math.cos(angle), row - 0.5 + radius * Math.sin(angle)];
    });
  }
  if (shapes.polygon.length) found.polygon = shapes.polygon.map(([row, column]) => [column - 0.5, row - 0.5]);
  return found;
}

function drawGraphic({ context, toCell }: Sheet, item: Graphic, place: Placing, layerColour: Colour): void {
  const points = item.points.map((point) => toCell(place(point, item.units)));
  const path = new Path2D();
  const [first, second] = points;
  if (!first) return;
  if (item.kind === "POINT") addCross(path, ...first);
  else if (item.kind === "CIRCLE" && second) {
    path.arc(first[0], first[1], Math.hypot(second[0] - first[0], second[1] - first[1]), 0, 2 * Math.PI);
  } else if (item.kind === "ELLIPSE" && points.length >= 4) {
    // Two ends of the major axis, two of the minor one.
    const [one, other, side, opposite] = points as [
      [number, number],
      [number, number],
      [number, number],
      [number, number],
    ];
    const centre = [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2] as const;
    const long = Math.hypot(other[0] - one[0], other[1] - one[1]) / 2;
    const short = Math.hypot(opposite[0] - side[0], opposite[1] - side[1]) / 2;
    path.ellipse(
      centre[0],
      centre[1],
      long,
      short,
      Math.atan2(other[1] - one[1], other[0] - one[0]),
      0,
      2 * Math.PI,
    );
  } else {
    for (const [index, [x, y]] of points.entries()) {
      if (index) path.lineTo(x, y);
      else path.moveTo(x, y);
    }
  }
  context.lineWidth = 1.5 * item.thickness;
  context.strokeStyle = css(item.colour ?? layerColour);
  context.stroke(path);
  if (!item.filled) return;
  context.save();
  context.globalAlpha = item.fill_opacity;
  context.fillStyle = css(item.fill_colour ?? item.colour ?? layerColour);
  context.fill(path);
  context.restore();
}

function addCross(path: Path2D, x: number, y: number): void {
  path.moveTo(x - CROSS, y);
  path.lineTo(x + CROSS, y);
  path.moveTo(x, y - CROSS);
  path.lineTo(x, y + CROSS);
}

/** Half of the size of a cross, in CSS pixels. */
const CROSS = 5;

function drawLabel({ context, toCell }: Sheet, item: Label, place: Placing, layerColour: Colour): void {
  const anchor = item.anchor && toCell(place(item.anchor[0], item.anchor_units));
  const box = item.box?.map((corner) => toCell(place(corner, item.box_units)));
  const at = box ? [Math.min(box[0]![0], box[1]![0]), Math.min(box[0]![1], box[1]![1])] : anchor;
  if (!at) return;
  context.font = "13px system-ui, sans-serif";
  context.textBaseline = "top";
  context.fillStyle = context.strokeStyle = css(item.colour ?? layerColour);
  for (const [number, line] of item.text.split(/\r?\n/).entries()) {
    context.save();
    context.shadowColor = "#000";
    context.shadowBlur = 3;
    context.fillText(line, at[0]!, at[1]! + number * 16);
    context.restore();
  }
  if (!anchor || !item.anchor_visible) return;
  context.beginPath();
  context.moveTo(at[0]!, at[1]! + 8);
  context.lineTo(...anchor);
  context.stroke();
}

const css = ([red, green, blue]: Colour): string => `rgb(${red} ${green} ${blue})`;
