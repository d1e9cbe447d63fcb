/** Shows the image that a measurement is on. */

import { Enums, type Types } from "@cornerstonejs/core";
import { frameOf } from "~/imaging/frames";
import { startImaging } from "~/imaging/start";
import type { Content, Reading } from "~/reading/reading";
import { done } from "~/shell/notices";
import { goSoon, goTo } from "~/volumes/plane-tools";
import { volumesOf } from "~/volumes/state";
import type { Target } from "~/volumes/turning";
import { imageNearest, imageThrough } from "./images";
import type { Mark } from "./marks";
import { type Space, targetOf } from "./space";

/** How long an image is waited for. */
const WAIT_MS = 30_000;

/** Goes to the image of a mark, in the active cell; opens its series there when it shows another one. */
export async function jumpTo(reading: Reading, mark: Mark): Promise<void> {
  if (mark.space) return toSpace(reading, mark, mark.space);
  return toImage(reading, mark.imageId);
}

/** Goes there by the planes that are shown; else to an image that holds it, or by planes that are opened. */
async function toSpace(reading: Reading, mark: Mark, space: Space): Promise<void> {
  const volumes = volumesOf(reading);
  const target = targetOf(mark.points, space);
  if (await hasPlanes(reading, space)) return toPlane(reading, target);
  const { frameOfReference } = space;
  const active = reading.activeContent.value;
  const own = reading.contentOf(space.series);
  for (const content of [active, own]) {
    if (content?.as !== "stack") continue;
    const { imageIds } = await reading.openSeries(content.study, content.series);
    const imageId = imageThrough(imageIds, frameOfReference, mark.points);
    if (imageId) return toImage(reading, imageId);
  }
  if (!own) return;
  const { grid } = await volumes.verdict(own.study, own.series);
  if (!grid) return toNearest(reading, own, mark, frameOfReference);
  goSoon(target);
  volumes.arrange("mpr", own);
}

/** Whether planes are shown of what is in the same coordinates. */
async function hasPlanes(reading: Reading, { frameOfReference }: Space): Promise<boolean> {
  const content = reading.cells.value.find((one) => one && one.as !== "stack" && one.as !== "volume");
  if (!content) return false;
  const { grid } = await volumesOf(reading).verdict(content.study, content.series);
  return grid?.frameOfReference === frameOfReference;
}

function toPlane(reading: Reading, target: Target): void {
  const viewport = goTo(target);
  const { alone } = reading;
  if (viewport && alone.value !== undefined) alone.value = Number(viewport.replace("cell-", ""));
}

async function toNearest(
  reading: Reading,
  content: Content,
  mark: Mark,
  frameOfReference: string,
): Promise<void> {
  const { imageIds } = await reading.openSeries(content.study, content.series);
  const imageId = imageNearest(imageIds, frameOfReference, mark.points);
  if (!imageId) throw new Error("no image lies where this was measured");
  await toImage(reading, imageId);
  done(
    "This lies in none of the images, which make no volume that could be cut there: the nearest one is shown",
  );
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
