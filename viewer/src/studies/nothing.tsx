import type { Looking } from "~/server/studies";
import { ImportIcon, NoImageIcon } from "~/shell/icons";
import type { StudyList } from "./list";
import { dicomWeb, dimse, looking, mayImport, otherArchive } from "./session";
import { counted } from "./values";

/** What stands in the place of the list of an archive that is empty: how images come in. */
export function NothingYet() {
  if (looking.value) return <NothingShown {...looking.value} />;
  return (
    <section class="nothing">
      <div class="drop-here">
        <ImportIcon size={44} />
        <h2>No images yet</h2>
        {mayImport.value ? (
          <p>Drop files, folders or ZIPs here: DICOM, or pictures, PDFs and videos that become DICOM.</p>
        ) : (
          <p>
            {otherArchive.value
              ? `${otherArchive.value} has no studies, or none that you may see.`
              : "Nothing is here that you may see. Your key does not let you bring images in."}
          </p>
        )}
      </div>
      {mayImport.value && (
        <ul class="ways">
          <li>
            <strong>From a modality or PACS</strong>
            <Dimse />
          </li>
          <li>
            <strong>From the command line</strong>
            <code>filmless store {dicomWeb.value} FOLDER</code>
          </li>
          <li>
            <strong>From a program</strong>
            <span>
              STOW-RS at <code>{dicomWeb.value}/studies</code>
            </span>
          </li>
        </ul>
      )}
    </section>
  );
}

/** The same where files are shown that lie somewhere: what was found, and what to do when it is no DICOM. */
function NothingShown({ files, other, failed, done }: Looking) {
  if (!done)
    return (
      <section class="nothing" aria-live="polite">
        <div class="drop-here">
          <div class="loading" />
          <h2>Looking for images</h2>
          <p>{counted(files, "file")} looked at so far.</p>
        </div>
      </section>
    );
  return (
    <section class="nothing">
      <div class="drop-here">
        <NoImageIcon size={44} />
        <h2>No DICOM files here</h2>
        <p>
          {other + failed === 0 && "There are no files in this folder. "}
          {other > 0 && `${counted(other, "file is", "files are")} no DICOM. `}
          {failed > 0 && `${counted(failed, "file")} cannot be shown: the terminal says which, and why.`}
        </p>
      </div>
      <ul class="ways">
        <li>
          <strong>To show another folder</strong>
          <code>filmless view FOLDER</code>
        </li>
        <li>
          <strong>To show pictures, PDFs or videos</strong>
          <span>
            Name them: <code>filmless view FOLDER/*.jpg</code>
          </span>
        </li>
        <li>
          <strong>To make DICOM of them, and keep it</strong>
          <span>
            <code>filmless serve</code>, and drop them on its page
          </span>
        </li>
      </ul>
    </section>
  );
}

function Dimse() {
  if (!dimse.value)
    return (
      <span>
        DIMSE is off here: <code>filmless serve --dimse 11112</code> lets them send by C-STORE.
      </span>
    );
  const { aeTitle, port } = dimse.value;
  return (
    <span>
      Send by C-STORE to AE title <code>{aeTitle}</code>, host <code>{location.hostname}</code>, port{" "}
      <code>{port}</code>
    </span>
  );
}

export function NoMatch({ list }: { list: StudyList }) {
  return (
    <div class="no-match" role="status">
      <h2>No study matches</h2>
      <p class="hint">
        Each word is looked for in name, ID, date, modality, description and accession number.
      </p>
      <button type="button" onClick={() => list.change({ ...list.query.value, terms: {} })}>
        Show all studies
      </button>
    </div>
  );
}
