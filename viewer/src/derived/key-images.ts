/** Going to an image that something points to. */

import type { Reading } from "~/reading/reading";
import type { ImageReference } from "~/server/measurements";

/** Shows an image in the active cell, whichever series of the studies it is in. */
export async function showKeyImage(reading: Reading, image: ImageReference): Promise<void> {
  for (const study of reading.studies.value) {
    for (const row of study.series) {
      if (row.kind !== "image") continue;
      const { series } = await reading.openSeries(study.uid, row);
      if (!series.instances.some((instance) => instance.uid === image.sop_instance_uid)) continue;
      const ref = { study: study.uid, series: row.uid, instance: image.sop_instance_uid };
      await reading.showImage(
        { study: study.uid, series: row, as: "stack" },
        ref,
        (image.frames[0] ?? 0) + 1,
      );
      return;
    }
  }
  throw new Error("the image is not in the studies of this page");
}
