/** Which instance of a series a cell of documents shows, and how it is asked for. */

import type { Reading } from "~/reading/reading";
import type { InstanceRef } from "~/server/dicomweb";
import type { Kind } from "~/server/study";
import type { CellProps } from "~/viewport/cell";

/** An instance that a cell shows, and of videos how long its frames are shown. */
export interface Shown extends InstanceRef {
  frameTimesMs?: number[] | undefined;
}

/** The instances of a kind in the series of a cell. */
export async function instancesOf(
  reading: Reading,
  { study, series }: CellProps["content"],
  kind: Kind,
): Promise<Shown[]> {
  const opened = await reading.openSeries(study, series);
  return opened.series.instances
    .filter((instance) => instance.kind === kind)
    .map((instance) => ({
      study,
      series: series.uid,
      instance: instance.uid,
      frameTimesMs: instance.frameTimesMs,
    }));
}

/** Where the routes of an instance begin that are the viewer's own. */
export const ownUrl = ({ study, series, instance }: InstanceRef): string =>
  `/viewer/studies/${study}/series/${series}/instances/${instance}`;
