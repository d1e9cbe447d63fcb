/** Which instance of a series a cell of documents shows, and how it is asked for. */

import { useEffect, useState } from "preact/hooks";
import type { Reading } from "~/reading/reading";
import type { InstanceRef } from "~/server/dicomweb";
import type { Kind } from "~/server/study";
import type { CellProps } from "~/viewport/cell";

export interface Found<T> {
  value?: T;
  error?: unknown;
}

/** What a promise gives, asked anew when `deps` change; what is late is dropped. */
export function useAsked<T>(ask: (signal: AbortSignal) => Promise<T>, deps: unknown[]): Found<T> {
  const [found, setFound] = useState<Found<T>>({});
  useEffect(() => {
    const aborter = new AbortController();
    setFound({});
    ask(aborter.signal).then(
      (value) => aborter.signal.aborted || setFound({ value }),
      (error: unknown) => aborter.signal.aborted || setFound({ error }),
    );
    return () => aborter.abort();
  }, deps);
  return found;
}

/** The instances of a kind in the series of a cell. */
export async function instancesOf(
  reading: Reading,
  { study, series }: CellProps["content"],
  kind: Kind,
): Promise<InstanceRef[]> {
  const opened = await reading.openSeries(study, series);
  return opened.series.instances
    .filter((instance) => instance.kind === kind)
    .map((instance) => ({ study, series: series.uid, instance: instance.uid }));
}

/** Where the routes of an instance begin that are the viewer's own. */
export const ownUrl = ({ study, series, instance }: InstanceRef): string =>
  `/viewer/studies/${study}/series/${series}/instances/${instance}`;
