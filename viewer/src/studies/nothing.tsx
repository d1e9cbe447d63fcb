import { ImportIcon } from "./icons";
import type { StudyList } from "./list";
import { dicomWeb, dimse, isShownOnly, mayImport, otherArchive } from "./session";

/** What stands in the place of the list of an archive that is empty: how images come in. */
export function NothingYet() {
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
              : isShownOnly.value
                ? "No DICOM is in the files that are shown. Nothing is imported here: `filmless archive import` brings files into an archive."
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
