import { signal } from "@preact/signals";
import type { StudyRow } from "~/server/studies";

/** What is asked for with a dialog, and of which studies. */
export interface Action {
  kind: "delete" | "send";
  rows: StudyRow[];
}

export const action = signal<Action | undefined>(undefined);
