import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { PageError } from "~/server/http";
import { FolderIcon, ImportIcon } from "~/shell/icons";
import { lazy } from "~/shell/lazy";
import { failed } from "~/shell/notices";
import { mayImport } from "~/studies/session";
import { type Found, ofDrop, ofList } from "./files";
import "./drop.css";

const ImportDialog = lazy(async () => (await import("./import-dialog")).ImportDialog);

/** Files that are to come in. */
const chosen = signal<Found[] | undefined>(undefined);

async function take(finding: Promise<Found[]>): Promise<void> {
  try {
    const files = await finding;
    if (chosen.peek()) throw new PageError("an import is open", "close it, and bring these files again");
    if (files.length) chosen.value = files;
  } catch (error) {
    failed(error, "The files are not taken");
  }
}

/** Buttons that let choose what comes in. */
export function ImportButtons() {
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  if (!mayImport.value) return null;
  const onChange = (event: { currentTarget: HTMLInputElement }) => {
    const input = event.currentTarget;
    void take(ofList(input.files ?? []));
    input.value = "";
  };
  const ofFolder = { webkitdirectory: true } as object;
  return (
    <>
      <input
        ref={files}
        class="unseen"
        type="file"
        multiple
        aria-label="Files to import"
        tabIndex={-1}
        onChange={onChange}
      />
      <input
        ref={folder}
        class="unseen"
        type="file"
        {...ofFolder}
        aria-label="Folder to import"
        tabIndex={-1}
        onChange={onChange}
      />
      <button
        type="button"
        class="primary"
        title="Import files (I)"
        data-import
        onClick={() => files.current?.click()}
      >
        <ImportIcon />
        <span>Import</span>
      </button>
      <button type="button" title="Import a folder" onClick={() => folder.current?.click()}>
        <FolderIcon />
        <span>Folder</span>
      </button>
    </>
  );
}

/** Takes what is dropped anywhere on the page, and shows how it comes in. */
export function Bringing({ onBrought }: { onBrought: () => void }) {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") && mayImport.value;
    const over = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (!event.relatedTarget) setOver(false);
    };
    const drop = (event: DragEvent) => {
      setOver(false);
      if (!event.dataTransfer || !hasFiles(event)) return;
      event.preventDefault();
      void take(ofDrop(event.dataTransfer));
    };
    addEventListener("dragover", over);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, []);
  return (
    <>
      {isOver && (
        <div class="drop-over">
          <ImportIcon size={44} />
          <h2>Drop to import</h2>
        </div>
      )}
      {chosen.value && (
        <ImportDialog
          files={chosen.value}
          onClose={() => {
            chosen.value = undefined;
            onBrought();
          }}
        />
      )}
    </>
  );
}
