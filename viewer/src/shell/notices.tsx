/** What is said to the user beside what they do: errors in words with what to do, and what was done. */

import { signal } from "@preact/signals";
import { inWords } from "~/server/http";

export interface Notice {
  id: number;
  kind: "done" | "error";
  text: string;
  hint?: string | undefined;
}

const shown = signal<Notice[]>([]);
let next = 1;

const PASSING_MS = 6000;

function say(notice: Omit<Notice, "id">, { isPassing = false } = {}): void {
  const id = next++;
  // The same twice is said once.
  shown.value = [...shown.value.filter((one) => one.text !== notice.text), { ...notice, id }];
  if (isPassing) setTimeout(() => dismiss(id), PASSING_MS);
}

export function dismiss(id: number): void {
  shown.value = shown.value.filter((one) => one.id !== id);
}

export const done = (text: string): void => say({ kind: "done", text }, { isPassing: true });

/** Says why what was typed is not taken. */
export const refused = (text: string, hint: string): void =>
  say({ kind: "error", text, hint }, { isPassing: true });

/** Says what went wrong; what was aborted on purpose is no error. */
export function failed(error: unknown, doing?: string): void {
  if (error instanceof DOMException && error.name === "AbortError") return;
  const { text, hint } = inWords(error);
  say({ kind: "error", text: doing ? `${doing}: ${text}` : text, hint });
}

export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {shown.value.map((one) => (
        <div key={one.id} class={`notice ${one.kind}`}>
          <div>
            {one.text}
            {one.hint && <div class="hint">{one.hint}</div>}
          </div>
          <button type="button" aria-label="Dismiss" onClick={() => dismiss(one.id)}>
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
