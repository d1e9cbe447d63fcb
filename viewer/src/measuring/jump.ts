/** Shows the image that a measurement is on. */

import { Enums, type Types } from "@cornerstonejs/core";
import { frameOf } from "~/imaging/frames";
import { startImaging } from "~/imaging/start";
import type { Reading } from "~/reading/reading";
import type { Mark } from "./marks";

/** How long an image is waited for. */
const WAIT_MS = 30_000;

/** Goes to the image of a mark, in the active cell; opens its series there when it shows another one. */
export async function jumpTo(reading: Reading, mark: Mark): Promise<void> {
  const known = frameOf(mark.imageId);
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
  const index = imageIds.indexOf(mark.imageId);
  await shows(engine, id, mark.imageId);
  const viewport = engine.getViewport(id) as Types.IStackViewport | undefined;
  if (viewport && index >= 0 && viewport.getCurrentImageId() !== mark.imageId) {
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
