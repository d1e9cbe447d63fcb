import { useState } from "preact/hooks";
import type { Reading } from "~/reading/reading";
import type { InstanceRef } from "~/server/dicomweb";
import { Failure } from "~/shell/boundary";
import { counted } from "~/studies/values";
import { useHeader } from "./header-panel";
import { differs, type Pair, pairs } from "./rows";
import { VirtualRows } from "./virtual-rows";

interface Props {
  reading: Reading;
  left: InstanceRef;
  right: InstanceRef;
  onClose: () => void;
}

/** Two headers side by side. It stays open while another image is shown, which becomes the right one. */
export function Differences({ reading, left, right, onClose }: Props) {
  const [all, setAll] = useState(false);
  const [one, other] = [useHeader(left), useHeader(right)];
  const error = one.error ?? other.error;
  if (error) return <Failure error={error} />;
  const both = one.value && other.value ? pairs(one.value.rows, other.value.rows) : [];
  const shown = all ? both : both.filter((pair) => differs(pair) && (pair.left ?? pair.right)!.tag);
  const said = one.value && other.value ? counted(shown.length, all ? "row" : "difference") : "Loading …";
  const isSame = left.instance === right.instance;
  return (
    <section class="differences" aria-label="Differences between two headers">
      <header>
        <h3>{isSame ? "Show another image to compare with" : said}</h3>
        <label>
          <input type="checkbox" checked={all} onChange={() => setAll(!all)} /> All rows
        </label>
        <button type="button" onClick={onClose} aria-label="Close the comparison">
          ×
        </button>
      </header>
      <div class="difference-heads">
        <span />
        <span title={left.instance}>{nameOf(reading, left)}</span>
        <span title={right.instance}>{nameOf(reading, right)}</span>
      </div>
      <VirtualRows
        label="Differences"
        rows={shown}
        row={(pair) => <PairRow key={(pair.left ?? pair.right)!.path} pair={pair} />}
      />
    </section>
  );
}

function PairRow({ pair }: { pair: Pair }) {
  const row = (pair.left ?? pair.right)!;
  return (
    <div class={`difference ${differs(pair) ? "differs" : ""}`} role="row">
      <span class="name" style={{ paddingLeft: `${row.depth * 8}px` }} title={`${row.tag} ${row.keyword}`}>
        {row.name}
      </span>
      <Side text={pair.left?.value} />
      <Side text={pair.right?.value} />
    </div>
  );
}

const Side = ({ text }: { text: string | undefined }) =>
  text === undefined ? <i class="absent">absent</i> : <span title={text || undefined}>{text}</span>;

function nameOf(reading: Reading, ref: InstanceRef): string {
  const study = reading.studies.value.find((one) => one.uid === ref.study);
  const series = study?.series.find((row) => row.uid === ref.series);
  return [series?.SeriesNumber, series?.SeriesDescription, `…${ref.instance.slice(-8)}`]
    .filter(Boolean)
    .join(" · ");
}
