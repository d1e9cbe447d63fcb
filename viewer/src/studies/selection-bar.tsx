import type { StudyRow } from "~/server/studies";
import { CloseIcon, MoreIcon } from "~/shell/icons";
import { go, studyPath } from "~/shell/router";
import type { StudyList } from "./list";
import { counted } from "./values";

interface Props {
  list: StudyList;
  onMenu: (rows: StudyRow[], anchor: HTMLElement) => void;
}

/** What can be done with what is selected. */
export function SelectionBar({ list, onMenu }: Props) {
  const rows = [...list.selected.value.values()];
  if (!rows.length) return null;
  return (
    <div class="selection" role="toolbar" aria-label="Selected studies">
      <span>{counted(rows.length, "study", "studies")} selected</span>
      {rows.length === 2 && (
        <button type="button" onClick={() => go(studyPath(...rows.map((row) => row.uid)))}>
          Compare
        </button>
      )}
      <button type="button" title="Actions (M)" onClick={(event) => onMenu(rows, event.currentTarget)}>
        Actions
        <MoreIcon />
      </button>
      <button
        type="button"
        aria-label="Select none"
        title="Select none (Escape)"
        onClick={() => list.clearSelection()}
      >
        <CloseIcon />
      </button>
    </div>
  );
}
