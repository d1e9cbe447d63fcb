/** Asks for the words of an arrow or a text. */

import { signal } from "@preact/signals";
import { Dialog } from "~/shell/dialog";

const asking = signal<((text: string | null) => void) | undefined>(undefined);

/** Asks; what is given up gives null. */
export function askWords(done: (text: string | null) => void): void {
  asking.value = done;
}

export function WordsDialog() {
  const done = asking.value;
  if (!done) return null;
  const end = (text: string | null) => {
    if (asking.value !== done) return;
    asking.value = undefined;
    done(text?.trim() || null);
  };
  return (
    <Dialog title="Text" onClose={() => end(null)}>
      <form
        class="words-form"
        onSubmit={(event) => {
          event.preventDefault();
          end(String(new FormData(event.currentTarget).get("words") ?? ""));
        }}
      >
        <input name="words" aria-label="Text" autocomplete="off" maxLength={1024} autofocus />
        <button type="submit" class="primary">
          Add
        </button>
      </form>
    </Dialog>
  );
}
