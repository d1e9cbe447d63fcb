/** Opens the volume of a series for the cells that show it, and lets it go when none does any more. */

import { cache, getShouldUseCPURendering, type RenderingEngine } from "@cornerstonejs/core";
import { startImaging } from "~/imaging/start";
import type { SeriesRow } from "~/server/study";
import type { Grid } from "./grid";
import { registerVolumes, type SeriesVolume, seriesVolume } from "./series-volume";
import { forgetSlices, registerSlices, straightened } from "./slices";
import type { Volumes } from "./state";

/** Frames and texture together; a browser tab and a small graphics card bear that. */
const MOST_BYTES = 1.7e9;
/** What a frame takes for each of its pixels. */
const FRAME_BYTES = 2;
/** Textures are no longer than that on any side, on what is in use. */
const MOST_ALONG = 2048;
const BYTES: Record<Grid["samples"], number> = {
  Uint8Array: 1,
  Uint16Array: 2,
  Int16Array: 2,
  Float32Array: 4,
};

export interface OpenVolume {
  engine: RenderingEngine;
  volume: SeriesVolume;
  /** To be called once, when it is shown no more. */
  release: () => void;
}

let registered = false;
const users = new Map<string, number>();

/** Opens the volume of a series; says why when it is none. */
export async function openVolume(volumes: Volumes, study: string, series: SeriesRow): Promise<OpenVolume> {
  const [engine, { grid, reason }] = await Promise.all([startImaging(), volumes.verdict(study, series)]);
  if (!grid) throw new Error(`this series is no volume: ${reason}`);
  if (getShouldUseCPURendering()) {
    throw new Error("planes and volumes are drawn by WebGL 2, which this browser does not offer here");
  }
  if (!registered) {
    registerVolumes();
    registerSlices();
    registered = true;
  }
  const volume = await seriesVolume(series.uid, fitting(grid));
  users.set(volume.volumeId, (users.get(volume.volumeId) ?? 0) + 1);
  volume.load(() => {});
  let released = false;
  const release = () => {
    if (released) return;
    released = true;
    const left = (users.get(volume.volumeId) ?? 1) - 1;
    users.set(volume.volumeId, left);
    // Cells that come in the same turn keep it.
    setTimeout(() => {
      if (!users.get(volume.volumeId) && cache.getVolume(volume.volumeId)) {
        cache.removeVolumeLoadObject(volume.volumeId);
        users.delete(volume.volumeId);
        forgetSlices(volume.imageIds);
      }
    });
  };
  return { engine, volume, release };
}

/** Makes a grid fit into memory: with fewer voxels where there are too many, and a word about it. */
export function fitting(grid: Grid): Grid {
  const [columns, rows, slices] = grid.dimensions;
  const every = Math.ceil(slices / MOST_ALONG);
  let step = Math.ceil(Math.max(columns, rows) / MOST_ALONG);
  const bytes = () =>
    Math.ceil(columns / step) *
    Math.ceil(rows / step) *
    Math.ceil(slices / every) *
    (BYTES[grid.samples] + FRAME_BYTES);
  while (bytes() > MOST_BYTES) step++;
  const fitted = straightened(grid, step, every);
  if (step === 1 && every === 1) return fitted;
  const note = "too large for the memory of a browser: shown more coarsely";
  return { ...fitted, notes: [...fitted.notes, note] };
}
