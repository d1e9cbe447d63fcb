/** What the server says of a study and of a series, for the page that shows them (`filmless.viewer.{study,series,images}`). */

import { ask, askJson } from "./http";

export type Kind =
  | "image"
  | "video"
  | "segmentation"
  | "parametric-map"
  | "contours"
  | "dose"
  | "presentation"
  | "key-objects"
  | "report"
  | "document"
  | "waveform"
  | "other";

export interface SeriesRow {
  uid: string;
  kind: Kind;
  instances: number;
  frames: number;
  /** The instance that stands for the series. */
  representative: string;
  Modality?: string;
  SeriesDescription?: string;
  SeriesNumber?: string;
  SeriesDate?: string;
  SeriesTime?: string;
  BodyPartExamined?: string;
  ProtocolName?: string;
}

export interface Study {
  uid: string;
  series: SeriesRow[];
  PatientName?: string;
  PatientID?: string;
  IssuerOfPatientID?: string;
  PatientBirthDate?: string;
  PatientSex?: string;
  StudyDate?: string;
  StudyTime?: string;
  StudyDescription?: string;
  InstitutionName?: string;
  AccessionNumber?: string;
  ReferringPhysicianName?: string;
}

export interface Window {
  center: number;
  width: number;
  function: "LINEAR" | "LINEAR_EXACT" | "SIGMOID";
  name: string;
}

/** What is known of a frame. */
export interface Frame {
  position?: [number, number, number];
  orientation?: [number, number, number, number, number, number];
  /** Between rows, between columns, in mm. */
  spacing?: [number, number];
  thickness?: number;
  /** Slope and intercept. */
  rescale?: [number, number];
  windows?: Window[];
}

/** What is said of a frame: what is left out is as in the frame before, null is what it lacks. */
export type SaidFrame = { [Name in keyof Frame]: Frame[Name] | null };

/** A region of an ultrasound image, with units of its own. */
export interface Region {
  /** Left, top, right, bottom in pixels, 0, 0 at the corner of the image. */
  edges: [number, number, number, number];
  /** Across and down. */
  units: ["cm" | "s" | "cm/s", "cm" | "s" | "cm/s"];
  /** How much of them a pixel is. */
  deltas: [number, number];
  isTissue: boolean;
  /** The column and row that stand for values. */
  reference?: [number, number];
  values?: [number, number];
}

export interface ImageDescription {
  rows: number;
  columns: number;
  /** Whether frames come as they are stored, or decoded by the server. */
  source: "stored" | "samples";
  photometricInterpretation: "MONOCHROME1" | "MONOCHROME2" | "RGB";
  bitsAllocated: number;
  bitsStored: number;
  signed: boolean;
  frameOfReferenceUID: string;
  /** Whether its frames lie on a microscope slide, and not in the patient. */
  isSlide?: boolean;
  rescaleType: string;
  /** Whether values of the modality are others than the stored ones. */
  isRescaled: boolean;
  /** In values of the modality: from, to. */
  padding?: [number, number];
  frameTimesMs?: number[];
  imagerPixelSpacing?: [number, number];
  /** How high and how wide a pixel is, where nothing says how large. */
  pixelAspectRatio?: [number, number];
  /** Of ultrasound, where it says how large its pixels are. */
  regions?: Region[];
  /** By what the spacing is that of the patient: by an object of known size, or by the geometry of the exposure. */
  spacingCalibration?: "FIDUCIAL" | "GEOMETRY";
  /** What makes standardized uptake (SUV by body weight) of the values; of PET only. */
  suvbw?: number;
  /** What makes dose, in Gy or as its maximum, of the values of a plan's dose; it is applied. */
  doseGridScaling?: number;
  /** Whether values of the modality, as they are shown, lie between whole numbers. */
  isFractional?: boolean;
  /** What PET values are counted in, when not as uptake. */
  unit?: string;
  /** Why there is no such factor, in words. */
  suvMissing?: string;
  /** Names of its VOI LUTs, which go before its windows. */
  luts?: string[];
  /** Whether its values are greys that a lookup table made, and no values of the modality: nothing can be measured in them. */
  isDrawn?: boolean;
  frames: SaidFrame[];
}

export interface Instance {
  uid: string;
  sopClass: string;
  transferSyntax: string;
  kind: Kind;
  frameCount: number;
  size: number;
  number?: number;
  laterality?: string;
  view?: string;
  /** Where rows and columns run to, in letters, when there is no position to tell it from. */
  patientOrientation?: [string, string];
  /** Whether it was compressed with losses at any time, as 1 to how much. */
  lossy?: string;
  /** Whether it has overlays, or a shutter, to draw on it. */
  graphics?: boolean;
  image?: ImageDescription;
  /** Of a video: how long each frame is shown, or all of them. */
  frameTimesMs?: number[];
  /** Why an image cannot be shown. */
  error?: string;
}

export interface Series {
  uid: string;
  instances: Instance[];
}

/** How far a study is that the server fetches from another archive. */
export interface Fetching {
  instances: number;
  /** 0: nobody knows yet. */
  of: number;
}

/** Asks for a study; while the server fetches it from another archive, it tells how far it is. */
export async function askStudy(
  uid: string,
  signal?: AbortSignal,
  told: (fetching: Fetching) => void = () => undefined,
): Promise<Study> {
  for (;;) {
    const options = { accept: "application/json", signal: signal ?? null };
    const answer = await ask(`/viewer/studies/${uid}`, options);
    if (answer.status !== 202) return (await answer.json()) as Study;
    // The server waits before it says so: asking again at once is not asking all the time.
    told(((await answer.json()) as { fetching: Fetching }).fetching);
  }
}

export const askSeries = (study: string, series: string, signal?: AbortSignal): Promise<Series> =>
  askJson<Series>(`/viewer/studies/${study}/series/${series}`, { signal: signal ?? null });
