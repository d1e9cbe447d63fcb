import { studyUrl } from "~/server/dicomweb";
import type { CellProps } from "~/viewport/cell";
import "./documents.css";

/** What cannot be shown as a picture or a text: its header can be read. */
export function OtherCell({ content }: CellProps) {
  return (
    <div class="document-words">
      <p>
        {content.series.Modality ?? "This series"} has nothing that can be drawn by itself. Its header is
        under “Header”; what refers to images is shown on them.
      </p>
      <p>
        <a href={`${studyUrl(content.study)}/series/${content.series.uid}?accept=application/zip`} download>
          Save its files
        </a>
      </p>
    </div>
  );
}
