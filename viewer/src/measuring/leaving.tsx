/** Asks before a page with measurements that are not saved is left. */

import { effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Reading } from "~/reading/reading";
import { Dialog } from "~/shell/dialog";
import { guardLeaving } from "~/shell/router";
import { whyNotSaved } from "~/studies/session";
import { measurementsOf } from "./page";
import { save } from "./reports";

const asking = signal<((leave: boolean) => void) | undefined>(undefined);

const ask = (): Promise<boolean> =>
  new Promise((resolve) => {
    asking.value?.(false);
    asking.value = resolve;
  });

export function Leaving({ reading }: { reading: Reading }) {
  const measurements = measurementsOf(reading);
  useEffect(() => {
    let stop: (() => void) | undefined;
    const end = effect(() => {
      stop?.();
      stop = measurements.isSaved.value ? undefined : guardLeaving(ask);
    });
    return () => {
      end();
      stop?.();
    };
  }, []);
  const answer = asking.value;
  if (!answer) return null;
  const end = (leave: boolean) => {
    if (asking.value !== answer) return;
    asking.value = undefined;
    answer(leave);
  };
  return (
    <Dialog title="Measurements are not saved" onClose={() => end(false)}>
      <p>What was measured here since it was last saved will be lost.</p>
      <p class="dialog-buttons">
        {!whyNotSaved.value && (
          <button type="button" class="primary" onClick={async () => end(await save(measurements, reading))}>
            Save and leave
          </button>
        )}
        <button type="button" onClick={() => end(true)}>
          Leave without saving
        </button>
        <button type="button" onClick={() => end(false)}>
          Stay
        </button>
      </p>
    </Dialog>
  );
}
