/** What a component waits for. */

import { useEffect, useState } from "preact/hooks";

export interface Found<T> {
  value?: T;
  error?: unknown;
}

/**
 * What a promise gives, asked anew when what it is `of` changes: what was found before is gone at once, so that
 * nothing is ever shown under the name of another, and what is late is dropped.
 */
export function useAsked<T>(ask: (signal: AbortSignal) => Promise<T>, of: string | undefined): Found<T> {
  const [found, setFound] = useState<Found<T> & { of?: string }>({});
  useEffect(() => {
    if (of === undefined) return undefined;
    const aborter = new AbortController();
    const { signal } = aborter;
    ask(signal).then(
      (value) => signal.aborted || setFound({ of, value }),
      (error: unknown) => signal.aborted || setFound({ of, error }),
    );
    return () => aborter.abort();
  }, [of]);
  return found.of === of ? found : {};
}
