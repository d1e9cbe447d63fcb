/** Draws a sheet of channels: the paper's millimetres, the curves, their names, and what a division stands for. */

import { type Group, leadName, millivolts, type Paper, rangeOf, type Sheet, type Strip } from "./waveform";

export interface Drawing {
  sheet: Sheet;
  group: Group;
  /** A channel after the other. */
  samples: Float32Array;
  paper: Paper;
  /** Pixels of the screen for a millimetre. */
  zoom: number;
}

const GROUND = "#fffaf7";
const FINE = "#f6d9d3";
const BOLD = "#e9a99d";
const INK = "#16181c";
const ROW_MM = 16; // how high a curve of another unit is drawn
const MOST_PIXELS = 16_000; // a side of a canvas that browsers take

export function drawSheet(canvas: HTMLCanvasElement, drawing: Drawing): void {
  const { sheet, zoom } = drawing;
  const ratio = Math.min(
    devicePixelRatio || 1,
    MOST_PIXELS / (sheet.width * zoom),
    MOST_PIXELS / (sheet.height * zoom),
  );
  canvas.width = Math.round(sheet.width * zoom * ratio);
  canvas.height = Math.round(sheet.height * zoom * ratio);
  canvas.style.width = `${sheet.width * zoom}px`;
  canvas.style.height = `${sheet.height * zoom}px`;
  const context = canvas.getContext("2d")!;
  context.scale(zoom * ratio, zoom * ratio); // from here on, everything is in millimetres
  drawGrid(context, sheet);
  for (const strip of sheet.strips) drawStrip(context, strip, drawing);
  drawLegend(context, drawing);
}

function drawGrid(context: CanvasRenderingContext2D, { width, height }: Sheet): void {
  context.fillStyle = GROUND;
  context.fillRect(0, 0, width, height);
  for (const [step, colour, line] of [
    [1, FINE, 0.1],
    [5, BOLD, 0.18],
  ] as const) {
    context.beginPath();
    for (let x = 0; x <= width; x += step) {
      context.moveTo(x, 0);
      context.lineTo(x, height);
    }
    for (let y = 0; y <= height; y += step) {
      context.moveTo(0, y);
      context.lineTo(width, y);
    }
    context.strokeStyle = colour;
    context.lineWidth = line;
    context.stroke();
  }
}

function drawStrip(
  context: CanvasRenderingContext2D,
  strip: Strip,
  { group, samples, paper }: Drawing,
): void {
  const { samplingFrequencyHz, samples: count } = group;
  const own = samples.subarray(strip.channel * count, (strip.channel + 1) * count);
  const channel = group.channels[strip.channel]!;
  const [scale, zero] = scaleOf(own, millivolts(channel), paper);
  const first = Math.max(0, Math.floor(strip.from * samplingFrequencyHz));
  const last = Math.min(count, Math.ceil(strip.to * samplingFrequencyHz));
  context.beginPath();
  let isDown = false;
  for (let index = first; index < last; index++) {
    const sample = own[index]!;
    if (Number.isNaN(sample)) {
      isDown = false; // nothing was recorded: a gap, no line across it
      continue;
    }
    const x = strip.x + (index / samplingFrequencyHz - strip.from) * paper.speed;
    const y = strip.y - (sample - zero) * scale;
    if (isDown) context.lineTo(x, y);
    else context.moveTo(x, y);
    isDown = true;
  }
  context.strokeStyle = INK;
  context.lineWidth = 0.28;
  context.lineJoin = "round";
  context.stroke();
  context.fillStyle = INK;
  context.font = "600 3.4px system-ui, sans-serif";
  const unit = millivolts(channel) === undefined && channel.unit ? ` [${channel.unit}]` : "";
  context.fillText(`${leadName(channel.label)}${unit}`, strip.x + 0.6, strip.y - 6.5);
}

/** Millimetres for a unit of the samples, and what lies on the base line. */
function scaleOf(samples: Float32Array, toMillivolts: number | undefined, paper: Paper): [number, number] {
  if (toMillivolts !== undefined) return [toMillivolts * paper.gain, 0];
  const [least, most] = rangeOf(samples);
  return [ROW_MM / (most - least), (least + most) / 2];
}

function drawLegend(context: CanvasRenderingContext2D, { sheet, group, paper }: Drawing): void {
  const voltage = group.channels.some((channel) => millivolts(channel) !== undefined);
  context.fillStyle = INK;
  context.font = "2.8px system-ui, sans-serif";
  const text = `${paper.speed} mm/s${voltage ? `   ${paper.gain} mm/mV` : ""}`;
  context.fillText(text, 5, sheet.height - 1.6);
}
