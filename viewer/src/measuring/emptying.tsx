/** Asks before a report without measurements is saved: that all of a study were deleted. */

import { signal } from "@preact/signals";
import { Dialog } from "~/shell/dialog";

const asking = signal<((save: boolean) => void) | undefined>(undefined);

/** Asks; what is given up is no. */
export const askEmptying = (): Promise<boolean> =>
  new Promise((resolve) => {
    asking.value?.(false);
    asking.value = resolve;
  });

export function Emptying() {
  const answer = asking.value;
  if (!answer) return null;
  const end = (save: boolean) => {
    if (asking.value !== answer) return;
    asking.value = undefined;
    answer(save);
  };
  return (
    <Dialog title="All measurements are deleted" onClose={() => end(false)}>
      <p>
        A report without measurements is saved, which replaces the last one. What was saved before stays in
        the archive, and is not shown on the images any more.
      </p>
      <p class="dialog-buttons">
        <button type="button" class="primary" onClick={() => end(true)}>
          Save without measurements
        </button>
        <button type="button" onClick={() => end(false)}>
          Do not save
        </button>
      </p>
    </Dialog>
  );
}
