import { useEffect, useRef } from "preact/hooks";
import { copyLink as copy } from "~/giving/copy-link";
import { filesetUrl } from "~/server/giving";
import type { StudyRow } from "~/server/studies";
import { DeleteIcon, DownloadIcon, LinkIcon, OpenIcon, SendIcon } from "~/shell/icons";
import { moveFocus } from "~/shell/menu";
import { studyPath } from "~/shell/router";
import { action } from "./action";
import type { StudyList } from "./list";
import { openChosen } from "./list-keys";
import { mayDelete, maySend } from "./session";
import { counted } from "./values";

export interface Menu {
  rows: StudyRow[];
  anchor: HTMLElement;
}

interface Props {
  menu: Menu;
  list: StudyList;
  onClose: () => void;
}

/** The menu of a study, or of those that are selected. */
export function Actions({ menu, list, onClose }: Props) {
  const element = useRef<HTMLDivElement>(null);
  const { rows, anchor } = menu;
  useEffect(() => {
    const menuElement = element.current;
    if (!menuElement) return;
    menuElement.showPopover();
    const at = anchor.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = menuElement;
    const isAbove = at.bottom + height + 8 > innerHeight;
    menuElement.style.left = `${Math.max(8, Math.min(innerWidth - width - 8, at.right - width))}px`;
    menuElement.style.top = `${isAbove ? at.top - height - 4 : at.bottom + 4}px`;
    menuElement.querySelector<HTMLButtonElement>("button:not(:disabled)")?.focus();
  }, []);
  const choose = (run: () => void) => () => {
    element.current?.hidePopover();
    run();
  };
  const what = rows.length > 1 ? counted(rows.length, "study", "studies") : "study";
  return (
    <div
      ref={element}
      class="menu"
      role="menu"
      popover="auto"
      tabIndex={-1}
      aria-label="Actions"
      onToggle={(event) => event.newState === "closed" && onClose()}
      onKeyDown={moveFocus}
    >
      <button type="button" role="menuitem" onClick={choose(() => openChosen(list))}>
        <OpenIcon />
        Open
      </button>
      <button type="button" role="menuitem" onClick={choose(() => copyLink(rows))}>
        <LinkIcon />
        Copy link
      </button>
      <a role="menuitem" href={filesetUrl(rows.map((row) => row.uid))} download onClick={choose(() => {})}>
        <DownloadIcon />
        Download ZIP with DICOMDIR
      </a>
      {maySend.value && (
        <button
          type="button"
          role="menuitem"
          onClick={choose(() => {
            action.value = { kind: "send", rows };
          })}
        >
          <SendIcon />
          Send to a peer…
        </button>
      )}
      {mayDelete.value && (
        <>
          <hr />
          <button
            type="button"
            role="menuitem"
            class="bad"
            onClick={choose(() => {
              action.value = { kind: "delete", rows };
            })}
          >
            <DeleteIcon />
            Delete {what}…
          </button>
        </>
      )}
    </div>
  );
}

export const copyLink = (rows: StudyRow[]): Promise<void> =>
  copy(location.origin + studyPath(...rows.slice(0, 2).map((row) => row.uid)));
