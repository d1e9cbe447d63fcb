import { instanceUrl } from "~/server/dicomweb";
import type { SeriesRow } from "~/server/study";
import type { Reading } from "./reading";

/** The series of the studies, as small pictures. */
export function SeriesPanel({ reading }: { reading: Reading }) {
  return (
    <aside class="series-panel" aria-label="Series">
      {reading.studies.value.map((study) => (
        <ol key={study.uid}>
          {study.series.map((row) => (
            <li key={row.uid}>
              <button
                type="button"
                class="series"
                aria-current={reading.activeContent.value?.series.uid === row.uid}
                onClick={() => reading.show({ study: study.uid, series: row, as: "stack" })}
              >
                <img alt="" loading="lazy" src={thumbnailUrl(study.uid, row)} />
                <span class="title">
                  {row.SeriesDescription ?? row.ProtocolName ?? `Series ${row.SeriesNumber ?? ""}`}
                </span>
                <span class="detail">
                  {row.Modality} · {row.frames || row.instances}
                </span>
              </button>
            </li>
          ))}
        </ol>
      ))}
    </aside>
  );
}

const thumbnailUrl = (study: string, row: SeriesRow): string =>
  `${instanceUrl({ study, series: row.uid, instance: row.representative })}/thumbnail?viewport=128,128`;
