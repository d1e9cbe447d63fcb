/** Dark and light. Images are read in the dark, so that is what begins, unless somebody chose. */

import { effect, signal } from "@preact/signals";

export type Theme = "dark" | "light";

const KEPT = "filmless.theme";

export const theme = signal<Theme>(localStorage.getItem(KEPT) === "light" ? "light" : "dark");

export function followTheme(): void {
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
    localStorage.setItem(KEPT, theme.value);
  });
}

export function switchTheme(): void {
  theme.value = theme.value === "dark" ? "light" : "dark";
}
