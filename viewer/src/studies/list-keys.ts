import type { RefObject } from "preact";
import type { StudyRow } from "~/server/studies";
import { useKeys } from "~/shell/keys";
import { go, studyPath } from "~/shell/router";
import { action } from "./action";
import type { StudyList } from "./list";
import { ROW_HEIGHT } from "./rows";
import { mayDelete } from "./session";

const GROUP = "Studies";

/** Goes to the row of the cursor, or to all that are selected beside each other. */
export function openChosen(list: StudyList): void {
  const uids = list.selected.value.size > 1 ? [...list.selected.value.keys()] : [list.current?.uid ?? ""];
  if (uids[0]) go(studyPath(...uids.slice(0, 2)));
}

export function focusSearch(): void {
  document.querySelector<HTMLInputElement>(".studies .search input")?.focus();
}

/** The keys of the list. */
export function useListKeys(
  list: StudyList,
  scroller: RefObject<HTMLElement | null>,
  openMenu: (rows: StudyRow[], anchor: HTMLElement) => void,
): void {
  const move = (by: number) => {
    list.cursor.value = Math.max(0, Math.min(list.length.value - 1, list.cursor.value + by));
  };
  const page = () => Math.max(1, Math.floor((scroller.current?.clientHeight ?? 600) / ROW_HEIGHT) - 2);
  useKeys(() => [
    { keys: ["/"], does: "Search", group: GROUP, run: focusSearch },
    { keys: ["ArrowDown"], does: "Next study", group: GROUP, run: () => move(1) },
    { keys: ["ArrowUp"], does: "Study before", group: GROUP, run: () => move(-1) },
    { keys: ["PageDown"], does: "A page down", group: GROUP, run: () => move(page()) },
    { keys: ["PageUp"], does: "A page up", group: GROUP, run: () => move(-page()) },
    { keys: ["Home"], does: "First study", group: GROUP, run: () => move(-list.length.value) },
    { keys: ["End"], does: "Last study", group: GROUP, run: () => move(list.length.value) },
    { keys: ["Enter"], does: "Open", group: GROUP, run: () => openChosen(list) },
    { keys: [" "], does: "Select", group: GROUP, run: () => list.current && list.toggle(list.current) },
    { keys: ["Escape"], does: "Select none", group: GROUP, run: () => list.clearSelection() },
    {
      keys: ["m", "M"],
      does: "Download, send, share, delete",
      group: GROUP,
      run: () => {
        const anchor = document.querySelector<HTMLElement>(`#study-${list.cursor.value} .more`);
        const rows = list.chosen();
        if (anchor && rows.length) openMenu(rows, anchor);
      },
    },
    {
      keys: ["i", "I"],
      does: "Import files",
      group: GROUP,
      run: () => document.querySelector<HTMLElement>("[data-import]")?.click(),
    },
    {
      keys: ["Delete"],
      does: "Delete",
      group: GROUP,
      run: () => {
        const rows = list.chosen();
        if (rows.length && mayDelete.value) action.value = { kind: "delete", rows };
      },
    },
  ]);
}
