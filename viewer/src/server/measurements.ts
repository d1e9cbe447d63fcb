/** Measurements as the server reads and writes them (`filmless.objects.Measurement`): names are as it has them. */

import { askJson } from "./http";
import type { Window } from "./study";

export type Kind =
  | "length"
  | "bidirectional"
  | "angle"
  | "cobb_angle"
  | "ellipse"
  | "rectangle"
  | "freehand"
  | "probe"
  | "arrow"
  | "text";

export interface Code {
  value: string;
  scheme: string;
  meaning: string;
}

export interface Value {
  /** One of the server's words, or a code. */
  name: string | Code;
  number: number;
  /** UCUM. */
  unit: string;
  derivation?: Code | null;
  /** The images that were counted, where they are not those that were measured on. */
  source?: ImageReference[];
}

/** Frames from 0; none stands for all. */
export interface ImageReference {
  sop_class_uid: string;
  sop_instance_uid: string;
  frames: number[];
}

/** Column and row, 0, 0 at the corner of the image; or x, y, z in mm. */
export type Point = number[];

export interface Measurement {
  kind: Kind;
  points: Point[];
  image?: ImageReference | null;
  frame_of_reference_uid?: string;
  values: Value[];
  label: string;
  finding?: Code | null;
  finding_site?: Code | null;
  tracking_id?: string;
  tracking_uid?: string;
  colour?: [number, number, number] | null;
}

/** A report in the study that has measurements. */
export interface Report {
  series: string;
  instance: string;
  title: string;
  date: string;
  time: string;
  /** Whether a later one was made of it. */
  replaced: boolean;
  measurements: Measurement[];
  /** In which series the images are that were measured, or that values are of, by instance. */
  images: Record<string, string>;
  /** Where there are measurements in space: the series that they, and values of other series, are of. */
  sources: string[];
  error?: string;
}

export interface Saved {
  series: string;
  instance: string;
  title: string;
  measurements: number;
  /** Presentation states with the same drawings, and in words what none could be made of. */
  states: { series: string; instance: string }[];
  notes: string[];
}

/** How the images of a series are shown. */
export interface ViewAsked {
  /** Centre and width in values of the modality, and how they count; without them the image's own. */
  window?: [number, number, Window["function"]];
  /** Left, top, right, bottom in pixels of the image; without them all of it. */
  area?: [number, number, number, number];
  /** Clockwise, in degrees. */
  rotation: number;
  /** Whether left and right are swapped then. */
  flipped: boolean;
  inverted: boolean;
}

/** Presentation states are wanted, too: how they show images, by series. */
export interface StateAsked {
  views: Record<string, ViewAsked>;
}

const url = (study: string): string => `/viewer/studies/${study}/measurements`;

export const askReports = async (study: string, signal?: AbortSignal): Promise<Report[]> =>
  (await askJson<{ reports: Report[] }>(url(study), { signal: signal ?? null })).reports;

/** Saves measurements as a new report; `replaces` names the reports that they were read from. */
export const saveMeasurements = async (
  study: string,
  asked: {
    measurements: Measurement[];
    replaces: string[];
    sources: string[];
    title?: string;
    state?: StateAsked;
  },
): Promise<Saved[]> =>
  (
    await askJson<{ saved: Saved[] }>(url(study), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(asked),
    })
  ).saved;
