/** The unit of a volume's values. */

import { frameOf } from "~/imaging/frames";
import type { ImageDescription } from "~/server/study";
import type { Grid } from "./grid";
import { frameIdOf } from "./volume-id";

type Of = Pick<Grid, "modality" | "imageIds">;

export function unitOf({ modality, imageIds }: Of): string {
  const image = imageOf(imageIds);
  if (modality === "PT") return image?.suvbw === undefined ? (image?.unit ?? "") : "g/ml SUVbw";
  const type = image?.rescaleType ?? "";
  // Spectral CT has values of other kinds, and says so; US is that nobody said.
  if (modality === "CT" && !type) return "HU";
  return type === "US" ? "" : type;
}

/** Why uptake is not told, when it is not. */
export function uptakeNotes({ modality, imageIds }: Of): string[] {
  const missing = modality === "PT" && imageOf(imageIds)?.suvMissing;
  return missing ? [`no SUV: ${missing}`] : [];
}

const imageOf = ([first]: string[]): ImageDescription | undefined => frameOf(frameIdOf(first!))?.image;
