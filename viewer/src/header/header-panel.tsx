import { useState } from "preact/hooks";
import type { Reading } from "~/reading/reading";
import type { InstanceRef } from "~/server/dicomweb";
import { type Found, useAsked } from "~/shell/asked";
import { Failure } from "~/shell/boundary";
import { done, failed } from "~/shell/notices";
import { counted } from "~/studies/values";
import { Differences } from "./differences";
import { askHeader, asText, type Header, type Row, wantedRows } from "./rows";
import { VirtualRows } from "./virtual-rows";
import "./header.css";

/** The header of what the active cell shows: all of it, searched and folded. */
export function HeaderPanel({ reading }: { reading: Reading }) {
  const instance = activeInstance(reading);
  const [text, setText] = useState("");
  const [withPrivate, setWithPrivate] = useState(true);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [compared, setCompared] = useState<InstanceRef>();
  const { value: header, error } = useHeader(instance);
  if (!instance) return <p class="header-empty">Choose a series: its header is shown here.</p>;
  if (error) return <Failure error={error} />;
  const rows = header ? wantedRows(header.rows, { text, withPrivate, folded }) : [];
  const fold = (row: Row) => {
    const next = new Set(folded);
    if (!next.delete(row.path)) next.add(row.path);
    setFolded(next);
  };
  return (
    <div class="header-panel">
      <div class="header-controls">
        <input
          type="search"
          placeholder="Search tag, name or value"
          aria-label="Search the header"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <label>
          <input type="checkbox" checked={withPrivate} onChange={() => setWithPrivate(!withPrivate)} />{" "}
          Private
        </label>
        <button
          type="button"
          onClick={() => copy(rows.map(asText).join("\n"), `${counted(rows.length, "row")} copied`)}
        >
          Copy
        </button>
        <button
          type="button"
          title="Keep this header, and compare it with the next one you show"
          onClick={() => setCompared(instance)}
        >
          Compare
        </button>
      </div>
      {header && !header.isWhole && (
        <p class="hint">
          The header is longer: what is beyond its first {header.rows.length.toLocaleString("en")} rows is not
          shown.
        </p>
      )}
      <output class="header-count">{header ? counted(rows.length, "row") : "Loading …"}</output>
      <VirtualRows
        label="Header"
        rows={rows}
        row={(row) => (
          <HeaderRow key={row.path} row={row} isFolded={folded.has(row.path)} onFold={() => fold(row)} />
        )}
      />
      {compared && (
        <Differences
          reading={reading}
          left={compared}
          right={instance}
          onClose={() => setCompared(undefined)}
        />
      )}
    </div>
  );
}

function HeaderRow({ row, isFolded, onFold }: { row: Row; isFolded: boolean; onFold: () => void }) {
  const folds = row.vr === "SQ" || !row.tag;
  return (
    <div class="header-row" role="row" style={{ paddingLeft: `${row.depth * 12}px` }}>
      {folds ? (
        <button
          type="button"
          class="fold"
          aria-label={`${isFolded ? "Unfold" : "Fold"} ${row.name}`}
          aria-expanded={!isFolded}
          onClick={onFold}
        >
          {isFolded ? "▸" : "▾"}
        </button>
      ) : (
        <span class="fold" />
      )}
      <code>{row.tag}</code>
      <span class="vr">{row.vr}</span>
      <span class="name" title={row.keyword}>
        {row.name}
      </span>
      <button
        type="button"
        class="value"
        title={row.value || undefined}
        disabled={!row.value}
        onClick={() => copy(row.value, "Value copied")}
      >
        {row.value}
      </button>
    </div>
  );
}

/** The instance that the active cell shows. */
export function activeInstance(reading: Reading): InstanceRef | undefined {
  const content = reading.activeContent.value;
  if (!content) return undefined;
  const shown = reading.activeView.value?.known?.ref ?? reading.documents.value.get(reading.active.value);
  if (shown?.series === content.series.uid) return shown;
  return { study: content.study, series: content.series.uid, instance: content.series.representative };
}

/** Asks for the header of an instance, and again when it is another one. */
export const useHeader = (instance: InstanceRef | undefined): Found<Header> =>
  useAsked((signal) => askHeader(instance!, signal), instance?.instance);

export function copy(text: string, said: string): void {
  navigator.clipboard.writeText(text).then(
    () => done(said),
    (error) => failed(error, "not copied"),
  );
}
