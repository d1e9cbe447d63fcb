import { useState } from "preact/hooks";
import type { StudyRow } from "~/server/studies";
import { deleteStudy } from "~/server/studies";
import { Dialog } from "~/shell/dialog";
import { done, failed } from "~/shell/notices";
import { bytes, counted, date, personName } from "./values";

const SHOWN = 6;

interface Props {
  rows: StudyRow[];
  onDeleted: (uid: string) => void;
  onClose: () => void;
}

/** Asks before studies are deleted, and says what that is. */
export function Deleting({ rows, onDeleted, onClose }: Props) {
  const [gone, setGone] = useState<number>();
  const images = rows.reduce((sum, row) => sum + row.instances, 0);
  const size = rows.reduce((sum, row) => sum + row.size, 0);
  const run = async () => {
    setGone(0);
    try {
      for (const [place, row] of rows.entries()) {
        await deleteStudy(row.uid);
        onDeleted(row.uid);
        setGone(place + 1);
      }
      done(`${counted(rows.length, "study is", "studies are")} deleted.`);
    } catch (error) {
      failed(error, "Not deleted");
    }
    onClose();
  };
  return (
    <Dialog
      title={rows.length === 1 ? "Delete this study?" : `Delete ${counted(rows.length, "study", "studies")}?`}
      onClose={onClose}
    >
      <ul class="about-studies">
        {rows.slice(0, SHOWN).map((row) => (
          <li key={row.uid}>
            <strong>{personName(row.PatientName)}</strong>
            <small>
              {[row.PatientID, date(row.StudyDate), row.StudyDescription].filter(Boolean).join(" · ")}
            </small>
          </li>
        ))}
        {rows.length > SHOWN && (
          <li class="hint">and {counted(rows.length - SHOWN, "more study", "more studies")}</li>
        )}
      </ul>
      <p>
        {counted(images, "image or other object", "images and other objects")}, {bytes(size)}. This cannot be
        undone.
      </p>
      <div class="buttons">
        {gone !== undefined && <progress max={rows.length} value={gone} aria-label="Deleted" />}
        <button type="button" onClick={onClose} disabled={gone !== undefined}>
          Keep
        </button>
        <button type="button" class="danger" onClick={run} disabled={gone !== undefined}>
          Delete
        </button>
      </div>
    </Dialog>
  );
}
