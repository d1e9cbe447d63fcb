/** Waveforms: what the server says of them, and how they are laid on paper. */

import type { InstanceRef } from "~/server/dicomweb";
import { ask, askJson } from "~/server/http";
import { ownUrl } from "./instances";

export interface Channel {
  label: string;
  /** UCUM; null when the sensitivity is not known. */
  unit: string | null;
}

export interface Group {
  label: string;
  samplingFrequencyHz: number;
  samples: number;
  /** How many samples of each channel are sent at a time. */
  part: number;
  channels: Channel[];
}

export interface Annotation {
  name: string;
  text: string;
  value: number | null;
  unit: string;
}

export interface Waveforms {
  groups: Group[];
  annotations: Annotation[];
}

export const askWaveforms = (instance: InstanceRef, signal: AbortSignal): Promise<Waveforms> =>
  askJson<Waveforms>(`${ownUrl(instance)}/waveforms`, { signal });

/** Samples of a group, from 1: a channel after the other, of each the same part. */
export async function askSamples(
  instance: InstanceRef,
  group: number,
  { first, count }: Part,
  signal: AbortSignal,
): Promise<Float32Array> {
  const asked = `first=${first}&count=${count}`;
  const answer = await ask(`${ownUrl(instance)}/waveforms/${group}?${asked}`, { signal });
  return new Float32Array(await answer.arrayBuffer());
}

/** What of a waveform is on the sheet: one of a day is as long as a street. */
export interface Part {
  first: number;
  count: number;
}

const MOST_SECONDS = 60;

/** The part that begins at a sample: as long as a sheet can be, and as the server sends at a time. */
export function partFrom(group: Group, first: number): Part {
  const most = Math.max(1, Math.min(group.part, Math.round(MOST_SECONDS * group.samplingFrequencyHz)));
  return { first, count: Math.min(most, group.samples - first) };
}

/** A time from the beginning: `1:02:03`, or `0:07`. */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number: number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

const MILLIVOLTS: Record<string, number> = { uV: 1e-3, mV: 1, V: 1e3 };

/** What samples of a channel are multiplied by to be millivolts; undefined when they are no voltage. */
export const millivolts = (channel: Channel): number | undefined => MILLIVOLTS[channel.unit ?? ""];

/** A standard lead as it is written: `Lead aVR (Goldberger)` as `aVR`. */
export function leadName(label: string): string {
  return label.replace(/^Lead\s+/i, "").replace(/\s*\(.*\)$/, "") || "?";
}

export interface Paper {
  /** How many millimetres a second is, and a millivolt. */
  speed: number;
  gain: number;
  /** Columns of leads side by side; with more than one, each column shows a part of the time. */
  columns: number;
}

export interface Strip {
  channel: number;
  /** Seconds from the beginning. */
  from: number;
  to: number;
  /** Of the left end and the base line, in mm. */
  x: number;
  y: number;
}

export interface Sheet {
  width: number;
  height: number;
  strips: Strip[];
}

const MARGIN = 5; // mm
const ROW = 22; // mm between base lines at 10 mm/mV

/** Lays channels on a sheet: rows from above, the time in columns as on the paper that cardiologists read. */
export function layOut(channels: number, seconds: number, paper: Paper): Sheet {
  const rows = Math.ceil(channels / paper.columns);
  const height = ROW * Math.max(1, paper.gain / 10);
  const part = seconds / paper.columns;
  const strips = Array.from({ length: channels }, (_, channel) => {
    const column = Math.floor(channel / rows);
    const from = part * column;
    return {
      channel,
      from,
      to: from + part,
      x: MARGIN + from * paper.speed,
      y: MARGIN + height * ((channel % rows) + 0.5),
    };
  });
  return { width: 2 * MARGIN + seconds * paper.speed, height: 2 * MARGIN + rows * height, strips };
}

/** The range of a channel that is no voltage, to draw it as high as a row. */
export function rangeOf(samples: Float32Array): [number, number] {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const sample of samples) {
    if (sample < least) least = sample;
    if (sample > most) most = sample;
  }
  return least < most ? [least, most] : [least - 1, least + 1];
}
