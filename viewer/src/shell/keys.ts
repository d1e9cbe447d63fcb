/** All keys of the viewer in one table: what a page registers works while it is shown, and `?` lists it. */

import { signal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";

export interface Key {
  /** As in `KeyboardEvent.key`, with `Control+`, `Shift+`, `Alt+` before it where they are needed. */
  keys: string[];
  /** What it does, in words. */
  does: string;
  /** Under which heading `?` lists it. */
  group: string;
  run: (event: KeyboardEvent) => void;
}

const NAMES: Record<string, string> = {
  " ": "Space",
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  PageUp: "Page up",
  PageDown: "Page down",
  Control: "Ctrl",
};

/** What is written on the keys that are pressed together. */
export function capsOf(key: string): string[] {
  const parts = key.length > 1 ? key.split("+") : [key];
  const last = parts.pop()!;
  const isCapital = last.length === 1 && last !== last.toLowerCase();
  return [...parts, ...(isCapital ? ["Shift"] : []), last].map(
    (part) => NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part),
  );
}

export const keys = signal<Key[]>([]);

/** Lets a component's keys work while it is shown. `deps` as of `useLayoutEffect`. */
export function useKeys(own: () => Key[], deps: unknown[] = []): void {
  useLayoutEffect(() => {
    const added = own();
    keys.value = [...keys.value, ...added];
    return () => {
      keys.value = keys.value.filter((key) => !added.includes(key));
    };
  }, deps);
}

const WRITING = new Set(["INPUT", "TEXTAREA", "SELECT"]);

const ARROWS = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"];

/** Which keys are a field's own, of those in which nothing is written. */
const OWN: Record<string, string[]> = {
  checkbox: [" "],
  radio: [" ", ...ARROWS],
  range: [...ARROWS, "Home", "End", "PageUp", "PageDown"],
};

export function named(event: KeyboardEvent): string {
  const before = [
    event.ctrlKey || event.metaKey ? "Control+" : "",
    event.altKey ? "Alt+" : "",
    // A shifted letter or sign says so itself.
    event.shiftKey && event.key.length > 1 ? "Shift+" : "",
  ];
  return before.join("") + meant(event);
}

/** The key that is meant: Caps Lock does not count, and where letters of another script are on the keys, their place does. */
function meant(event: KeyboardEvent): string {
  const { key, code, shiftKey } = event;
  if (key.length > 1) return key;
  const isForeign = /^Key[A-Z]$/.test(code) && /[^\p{ASCII}]/u.test(key);
  if (isForeign) return shiftKey ? code.slice(-1) : code.slice(-1).toLowerCase();
  if (!event.getModifierState("CapsLock")) return key;
  return key === key.toLowerCase() ? key.toUpperCase() : key.toLowerCase();
}

const MODIFIERS = new Set(["Shift", "Control", "Alt", "Meta"]);

// Cornerstone takes every key that is pressed in an image from the browser, the tabulator as well, and does nothing
// with it but look for modifiers.
addEventListener(
  "keydown",
  (event) => {
    const target = event.target as HTMLElement;
    if (!target.classList.contains("viewport") || MODIFIERS.has(event.key)) return;
    event.stopPropagation();
    handle(event);
  },
  { capture: true },
);

addEventListener("keydown", handle);

function handle(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  // Cornerstone takes every key that is pressed in a viewport, and does nothing with it.
  const isTaken = event.defaultPrevented && !target.closest("[data-viewport-uid]");
  if (isTaken || isOfWhatIsOpen(event) || isOfField(event)) return;
  const name = named(event);
  // On a button or a link they are its own.
  if ((name === "Enter" || name === " ") && target.closest("button, a, summary")) return;
  // The latest wins: what is on top of a page comes before the page.
  const found = keys.value.findLast((key) => key.keys.includes(name));
  if (!found) return;
  event.preventDefault();
  found.run(event);
}

/** Whether a key is for a dialog or a menu above the page: Escape closes that first, by the browser. */
function isOfWhatIsOpen(event: KeyboardEvent): boolean {
  return (
    document.querySelector("dialog[open]") !== null ||
    (event.key === "Escape" && document.querySelector(":popover-open") !== null)
  );
}

/** Whether a key is for the field that it is pressed in: Escape empties a search, then it leaves the field. */
function isOfField({ key, target }: KeyboardEvent): boolean {
  const field = target as HTMLInputElement;
  if (!WRITING.has(field.tagName)) return false;
  if (key === "Escape" && !(field.type === "search" && field.value)) field.blur();
  return key === "Escape" || (OWN[field.type]?.includes(key) ?? true);
}

let pointedAt: EventTarget | null = null;
addEventListener("pointerdown", ({ target }) => {
  pointedAt = target;
});
addEventListener("keydown", () => {
  pointedAt = null;
});

// Who chose from a list with the mouse looks at the image again: the arrows are to scroll there, and not to choose on.
addEventListener("change", ({ target }) => {
  if (target === pointedAt && target instanceof HTMLSelectElement && !target.form) target.blur();
});
