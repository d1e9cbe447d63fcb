/** Shows the image that a measurement is on. */

import { Enums, type Types } from "@cornerstonejs/core";
import { frameOf } from "~/imaging/frames";
import { startImaging } from "~/imaging/start";
import type { Reading } from "~/reading/reading";
import { centreAt, centreSoon } from "~/volumes/plane-tools";
import { volumesOf } from "~/volumes/state";
import type { Mark } from "./marks";
import type { Space } from "./space";

/** How long an image is waited for. */
const WAIT_MS = 30_000;

/** Goes to the image of a mark, in the active cell; opens its series there when it shows another one. */
export async function jumpTo(reading: Reading, mark: Mark): Promise<void> {
  if (mark.space) return toSpace(reading, mark, mark.space);
  return toImage(reading, mark.imageId);
}

/** Goes there by the planes that are shown; else to the image that it lies in, too, or by planes that are opened. */
async function toSpace(reading: Reading, mark: Mark, space: Space): Promise<void> {
  const content = reading.activeContent.value;
  const isCut = content && content.as !== "stack" && content.as !== "volume";
  const point = mark.points[0] as [number, number, number];
  if (isCut && content.series.uid === space.series) return centreAt(point);
  if (space.imageId) return toImage(reading, space.imageId);
  const stack = reading.contentOf(space.series);
  if (!stack) return;
  centreSoon(point);
  if (content?.series.uid !== space.series) reading.show(stack);
  volumesOf(reading).arrange("mpr");
}

async function toImage(reading: Reading, imageId: string): Promise<void> {
  const known = frameOf(imageId);
  if (!known) return;
  const { study, series } = known.ref;
  const row = reading.studies.value
    .find(({ uid }) => uid === study)
    ?.series.find(({ uid }) => uid === series);
  if (!row) return;
  const engine = await startImaging();
  const id = `cell-${reading.active.value}`;
  const content = reading.activeContent.value;
  if (content?.series.uid !== series || content.as !== "stack") {
    reading.show({ study, series: row, as: "stack" });
  }
  const { imageIds } = await reading.openSeries(study, row);
  const index = imageIds.indexOf(imageId);
  await shows(engine, id, imageId);
  const viewport = engine.getViewport(id) as Types.IStackViewport | undefined;
  if (viewport && index >= 0 && viewport.getCurrentImageId() !== imageId) {
    await viewport.setImageIdIndex(index);
    viewport.render();
  }
}

/** Waits until a viewport has a stack with an image. */
async function shows(
  engine: Awaited<ReturnType<typeof startImaging>>,
  id: string,
  imageId: string,
): Promise<void> {
  const has = () => {
    const viewport = engine.getViewport(id) as Types.IStackViewport | undefined;
    return viewport?.getImageIds?.().includes(imageId) && viewport.getCurrentImageId();
  };
  if (has()) return;
  await new Promise<void>((resolve, reject) => {
    const done = new AbortController();
    const signal = AbortSignal.any([done.signal, AbortSignal.timeout(WAIT_MS)]);
    const check = () => {
      if (!has()) return;
      resolve();
      done.abort();
    };
    // Events of viewports go to their elements, and are seen on the way down.
    document.addEventListener(Enums.Events.IMAGE_RENDERED, check, { capture: true, signal });
    // Once it was there, that changes nothing.
    signal.addEventListener("abort", () => reject(new Error("the image does not come")));
  });
}
