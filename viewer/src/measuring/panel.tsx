import { useState } from "preact/hooks";
import type { Reading } from "~/reading/reading";
import type { Value } from "~/server/measurements";
import { done, failed } from "~/shell/notices";
import { whyNotSaved } from "~/studies/session";
import { date, time } from "~/studies/values";
import { Icon } from "./icons";
import { jumpTo } from "./jump";
import { rowOf } from "./kinds";
import { COMMON, type Colour } from "./marks";
import type { Measurements, Row } from "./measurements";
import { measurementsOf } from "./page";
import { count, save } from "./reports";
import { asCsv, asText, calibrationWords, whereOf } from "./table";
import { nameShown, shown } from "./words";

/** The list of measurements. */
export function MeasurementsPanel({ reading }: { reading: Reading }) {
  const measurements = measurementsOf(reading);
  const rows = measurements.rows.value;
  const [isSaving, setSaving] = useState(false);
  const saveAll = async () => {
    setSaving(true);
    await save(measurements, reading);
    setSaving(false);
  };
  const hasNewUptake = measurements.hasNewUptake.value;
  const isSaved = measurements.isSaved.value && !hasNewUptake;
  const unsaved = measurements.isSaved.value ? "PET not saved" : "not saved";
  return (
    <div class="measurements" data-saved={isSaved}>
      <header>
        <h2>Measurements</h2>
        <span class="state">{isSaved ? (rows.length ? "saved" : "") : unsaved}</span>
      </header>
      <div class="actions">
        <button
          type="button"
          class="primary"
          disabled={isSaved || isSaving || !!whyNotSaved.value}
          title={whyNotSaved.value ?? "Save as a structured report (Ctrl+S)"}
          onClick={saveAll}
        >
          Save
        </button>
        <button
          type="button"
          aria-pressed={!measurements.shown.value}
          disabled={!rows.length}
          onClick={() => measurements.showAll(!measurements.shown.value)}
        >
          Hide
        </button>
        <button type="button" disabled={!rows.length} onClick={() => copy(asText(rows), rows.length)}>
          Copy
        </button>
        <button type="button" disabled={!rows.length} onClick={() => copy(asCsv(rows), rows.length)}>
          CSV
        </button>
      </div>
      {whyNotSaved.value ? (
        <p class="hint">{whyNotSaved.value}</p>
      ) : (
        <label class="with-state">
          <input
            type="checkbox"
            checked={measurements.withState.value}
            onChange={(event) => {
              measurements.withState.value = event.currentTarget.checked;
            }}
          />
          Save also as presentation state
        </label>
      )}
      {rows.length === 0 && (
        <p class="hint">
          Nothing is measured yet. Choose a tool, and draw on an image: L is a length, Q a rectangle.
        </p>
      )}
      <ol>
        {rows.map((row, index) => (
          <Item key={row.mark.uid} {...{ row, index, reading, measurements }} />
        ))}
      </ol>
      <Reports measurements={measurements} />
    </div>
  );
}

interface ItemProps {
  row: Row;
  index: number;
  reading: Reading;
  measurements: Measurements;
}

function Item({ row: { mark, values, uptake }, index, reading, measurements }: ItemProps) {
  const { title } = rowOf(mark.kind);
  const name = `${index + 1}, ${title}`;
  const calibrated = calibrationWords(mark.imageId, values);
  const jump = () => {
    measurements.select(mark.uid);
    jumpTo(reading, mark).catch((error) => failed(error));
  };
  return (
    <li aria-current={measurements.selected.value.has(mark.uid)}>
      <button type="button" class="jump" aria-label={`Go to ${name}`} title="Show its image" onClick={jump}>
        <span class="number">{index + 1}</span>
        <Icon name={mark.kind} />
        <span class="where">
          {title} · {whereOf(mark)}
          {calibrated && <span title={calibrated}> · calibrated</span>}
        </span>
      </button>
      <input
        type="color"
        aria-label={`Colour of ${name}`}
        title="Colour"
        value={hex(mark.colour)}
        onChange={(event) => measurements.recolour(mark.uid, rgb(event.currentTarget.value))}
      />
      <button
        type="button"
        class="delete"
        aria-label={`Delete ${name}`}
        title="Delete"
        onClick={() => measurements.remove([mark.uid])}
      >
        ×
      </button>
      <input
        class="label"
        aria-label={`Label of ${name}`}
        placeholder="Label"
        maxLength={1024}
        value={mark.label}
        onChange={(event) => measurements.relabel(mark.uid, event.currentTarget.value)}
      />
      {values.length > 0 && <Values values={values} />}
      {uptake.length > 0 && (
        <section class="uptake" aria-label={`PET in ${name}`}>
          <h3>PET</h3>
          <Values values={uptake} />
        </section>
      )}
    </li>
  );
}

const Values = ({ values }: { values: Value[] }) => (
  <dl>
    {values.map((value) => (
      <div key={nameShown(value)}>
        <dt>{nameShown(value)}</dt>
        <dd>{shown(value)}</dd>
      </div>
    ))}
  </dl>
);

/** The reports of the studies that have measurements. */
function Reports({ measurements }: { measurements: Measurements }) {
  const listed = measurements.listed.value;
  if (!listed.length) return null;
  return (
    <section class="reports">
      <h3>Saved reports</h3>
      <ul>
        {listed.toReversed().map(({ report }) => (
          <li key={report.instance} class={report.replaced ? "replaced" : ""}>
            <span>{report.title}</span>
            <span class="when">
              {date(report.date)} {time(report.time)}
            </span>
            <span class="what">
              {report.error ?? count(report.measurements.length)}
              {report.replaced && " · replaced by a later one"}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

async function copy(text: string, rows: number): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    done(`Copied ${count(rows)}`);
  } catch {
    failed(new Error("the browser does not let this page write to the clipboard"));
  }
}

const hex = (colour: Colour | undefined): string =>
  `#${(colour ?? COMMON).map((one) => one.toString(16).padStart(2, "0")).join("")}`;

const rgb = (text: string): Colour =>
  [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16)) as Colour;
