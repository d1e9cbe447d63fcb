import { useState } from "preact/hooks";
import { instanceUrl } from "~/server/dicomweb";
import type { SeriesRow } from "~/server/study";
import { date } from "~/studies/values";
import { SERIES_DRAG } from "./dragging";
import type { Reading } from "./reading";

/** The series of the studies, as small pictures: to be dragged into cells, or put into the active one. */
export function SeriesPanel({ reading }: { reading: Reading }) {
  const studies = reading.studies.value;
  return (
    <aside class="series-panel" aria-label="Series">
      {studies.map((study) => (
        <section key={study.uid} aria-label={study.StudyDescription ?? "Study"}>
          {studies.length > 1 && (
            <h2>
              {date(study.StudyDate)} {study.StudyDescription}
            </h2>
          )}
          <ol>
            {study.series.map((row) => (
              <li key={row.uid}>
                <SeriesButton reading={reading} study={study.uid} row={row} />
              </li>
            ))}
          </ol>
        </section>
      ))}
    </aside>
  );
}

function SeriesButton({ reading, study, row }: { reading: Reading; study: string; row: SeriesRow }) {
  const [hasPicture, setHasPicture] = useState(row.frames > 0);
  const title = row.SeriesDescription ?? row.ProtocolName ?? `Series ${row.SeriesNumber ?? ""}`;
  const isShown = reading.cells.value.some((content) => content?.series.uid === row.uid);
  return (
    <button
      type="button"
      class={isShown ? "series is-shown" : "series"}
      title={title}
      draggable
      aria-current={reading.activeContent.value?.series.uid === row.uid}
      onDragStart={(event) => {
        event.dataTransfer?.setData(SERIES_DRAG, row.uid);
        if (event.dataTransfer) event.dataTransfer.effectAllowed = "copy";
      }}
      onClick={() => reading.show({ study, series: row, as: "stack" })}
    >
      {hasPicture ? (
        <img
          alt=""
          loading="lazy"
          draggable={false}
          src={thumbnailUrl(study, row)}
          onError={() => setHasPicture(false)}
        />
      ) : (
        <span class="no-picture">{row.kind === "image" ? row.Modality : row.kind.replace("-", " ")}</span>
      )}
      <span class="title">{title}</span>
      <span class="detail">{detailOf(row)}</span>
    </button>
  );
}

function detailOf({ Modality, SeriesNumber, frames, instances }: SeriesRow): string {
  const many = frames > 0 ? `${frames} image${frames === 1 ? "" : "s"}` : `${instances}`;
  return [Modality, SeriesNumber && `#${SeriesNumber}`, many].filter(Boolean).join(" · ");
}

const thumbnailUrl = (study: string, row: SeriesRow): string =>
  `${instanceUrl({ study, series: row.uid, instance: row.representative })}/thumbnail?viewport=128,128`;
