/** The unit of a volume's values. */

import { frameOf } from "~/imaging/frames";
import type { Grid } from "./grid";

export function unitOf({ modality, imageIds }: Pick<Grid, "modality" | "imageIds">): string {
  // A slice that was made names its frame after the slash.
  const image = frameOf(imageIds[0]!.replace(/^filmless-slice:\d+\//, ""))?.image;
  if (modality === "PT") return image?.suvbw === undefined ? (image?.unit ?? "") : "g/ml SUVbw";
  if (modality === "CT") return "HU";
  return image?.rescaleType ?? "";
}
