import { useState } from "preact/hooks";
import { CompareWith, remove } from "~/comparing/compare-with";
import { areOfOnePatient } from "~/comparing/order";
import { StudyDateMark } from "~/comparing/study-mark";
import { instanceUrl } from "~/server/dicomweb";
import type { SeriesRow, Study } from "~/server/study";
import { counted, date } from "~/studies/values";
import { SERIES_DRAG } from "./dragging";
import type { Reading } from "./reading";

/** The series of the studies, as small pictures: to be dragged into cells, or put into the active one. */
export function SeriesPanel({ reading }: { reading: Reading }) {
  const studies = reading.studies.value;
  return (
    <aside class="series-panel" aria-label="Series">
      {!areOfOnePatient(studies) && (
        <p class="not-one-patient" role="alert">
          These studies do not say that they are of one patient.
        </p>
      )}
      {studies.map((study) => (
        <section key={study.uid} aria-label={study.StudyDescription ?? "Study"}>
          <StudyHeading reading={reading} study={study} />
          <ol>
            {study.series.map((row) => (
              <li key={row.uid}>
                <SeriesButton reading={reading} study={study.uid} row={row} />
              </li>
            ))}
          </ol>
        </section>
      ))}
      <CompareWith reading={reading} />
    </aside>
  );
}

function StudyHeading({ reading, study }: { reading: Reading; study: Study }) {
  const isOneOfSeveral = reading.studies.value.length > 1;
  return (
    <header class="study-heading">
      <h2>
        <StudyDateMark reading={reading} study={study} />
      </h2>
      {isOneOfSeveral && (
        <button
          type="button"
          aria-label={`Close the study of ${date(study.StudyDate) || "no date"}`}
          title="Close this study"
          onClick={() => remove(reading, study.uid)}
        >
          ×
        </button>
      )}
      <div class="what" dir="auto" title={study.StudyDescription}>
        {study.StudyDescription}
      </div>
    </header>
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
  const many = frames > 0 ? counted(frames, "image") : counted(instances, "object");
  return [Modality, SeriesNumber && `#${SeriesNumber}`, many].filter(Boolean).join(" · ");
}

const thumbnailUrl = (study: string, row: SeriesRow): string =>
  `${instanceUrl({ study, series: row.uid, instance: row.representative })}/thumbnail?viewport=128,128`;
